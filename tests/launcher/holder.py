"""A process that holds an embedded PostgreSQL, for tests that kill it: prints the address, then waits."""

import sys
import threading
from pathlib import Path

from services.launcher.embedded_postgres import EmbeddedPostgres
from services.launcher.errors import CannotStart


def main(data: Path) -> None:
    try:
        server = EmbeddedPostgres.start(data, durable=False)
    except CannotStart as error:
        sys.exit(f"cannot start: {error}")
    sys.stdout.write(f"{server.url} {server.pid}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

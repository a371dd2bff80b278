"""Where the embedded platform keeps its data: database, secrets, log.

As a module it prints the folder, and makes it with `--make`.
"""

import errno
import os
import shlex
import sys
from pathlib import Path

from services.launcher.errors import CannotStart

SYSTEM_FOLDER = Path("/var/lib/valueverse")


def data_folder(choice: Path | None = None) -> Path:
    """The data folder: the one given, else `VALUEVERSE_DATA`, else root's or the user's own. Absolute."""
    return (choice or _from_environment() or _default()).expanduser().absolute()


def data_option(data: Path) -> str:
    """What leads a command to this folder from any shell: ` --data …`, or nothing to the usual one."""
    usual = _default().expanduser().absolute()
    return "" if data == usual else f" --data {shlex.quote(str(data))}"


def make_data_folder(path: Path) -> None:
    """Makes the folder where there is none: closed to others; root's may be passed through, but not listed.

    As root the database runs as an unprivileged user inside this folder.

    Raises:
        CannotStart: it cannot be made, or it is somebody else's.
    """
    try:
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        elif not os.access(path, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    except OSError as error:
        raise CannotStart(
            f"Cannot use {path} as data folder ({error.strerror}): give another one."
        ) from error


def _from_environment() -> Path | None:
    value = os.environ.get("VALUEVERSE_DATA")
    return Path(value) if value else None


def _default() -> Path:
    if os.geteuid() == 0:
        return SYSTEM_FOLDER
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "valueverse"


def _main() -> None:
    folder = data_folder()
    try:
        if "--make" in sys.argv:
            make_data_folder(folder)
    except CannotStart as reason:
        sys.exit(str(reason))
    print(folder)


if __name__ == "__main__":
    _main()

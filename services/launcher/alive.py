"""Whether the service in this container answers: a container's health check, as a program.

It stands on the standard library alone, as it is started every few seconds.
"""

import http.client
import os
import sys

_PATIENCE_S = 3.0


def is_alive(port: int) -> bool:
    """Whether `/health` on this machine's port says 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_alive(int(os.environ["PORT"])))

"""Free ports on the loopback interface."""

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the ephemeral range: an outgoing connection can neither take such a port between its choice and its
# use nor, while a server restarts on it, be connected to itself.
_RANGE = range(20_000, 32_000)
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on, drawn at random so that two callers hardly draw the same one."""
    draw = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        port = draw.choice(_RANGE)
        if is_free(port):
            return port
    raise OSError("no free port between 20000 and 32000")

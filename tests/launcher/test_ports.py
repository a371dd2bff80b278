"""Free ports: free, and out of the way of outgoing connections."""

import socket

from services.launcher.ports import LOOPBACK, free_port, is_free


def test_a_port_that_a_server_listens_on_is_not_free() -> None:
    port = free_port()
    assert is_free(port)
    with socket.create_server((LOOPBACK, port)):
        assert not is_free(port)


def test_ports_lie_below_the_ephemeral_range() -> None:
    assert all(20_000 <= free_port() < 32_000 for _ in range(20))

"""Where everything is, for the person at the terminal."""

from pathlib import Path

from rich.console import Console

from services.launcher.data_folder import data_option
from services.launcher.serve import direct_port
from services.schemas.directory import SERVICES


def print_urls(console: Console, port: int, data: Path) -> None:
    """Prints each service's Swagger page behind the gateway, its own address, and how to get a token.

    `data`: the platform's folder, whose secret signs the token.
    """
    base = f"http://127.0.0.1:{port}"
    for identity in SERVICES.values():
        direct = f"http://127.0.0.1:{direct_port(identity.name, port)}"
        _line(console, identity.name, f"{base}{identity.prefix}/docs  (directly: {direct})")
    _line(console, "metrics", f"{base}/api/v1/metrics")
    _line(console, "a token", f"export TOKEN=$(./deploy-microservices.sh token{data_option(data)})")


def _line(console: Console, name: str, text: str) -> None:
    console.print(f"{name:22}{text}", soft_wrap=True, markup=False, highlight=False)

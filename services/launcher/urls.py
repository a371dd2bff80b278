"""Where everything is, for the person at the terminal."""

from rich.console import Console
from rich.table import Table

from services.launcher.serve import direct_port
from services.schemas.directory import SERVICES


def print_urls(console: Console, port: int) -> None:
    """Prints each service's address by the gateway's path and by its own port, and how to get a token."""
    base = f"http://127.0.0.1:{port}"
    table = Table(title="ValueVerse", title_justify="left", box=None, pad_edge=False)
    for column in ("service", "Swagger page", "directly", "metrics"):
        table.add_column(column, no_wrap=True)
    for identity in SERVICES.values():
        direct = f"http://127.0.0.1:{direct_port(identity.name, port)}"
        table.add_row(identity.name, f"{base}{identity.prefix}/docs", direct, f"{direct}/api/v1/metrics")
    console.print(table)
    console.print(f"all metrics  {base}/api/v1/metrics")
    console.print("a token      export TOKEN=$(./deploy-microservices.sh token)")

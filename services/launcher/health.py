"""Whether every service of a running platform is ready."""

import httpx2
from rich.console import Console

from services.schemas.directory import SERVICES

_PATIENCE_S = 5.0


def print_health(console: Console, port: int) -> int:
    """Prints one line a service; 0 if all are ready or degraded, 1 if any is unready or does not answer."""
    failed = 0
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S, trust_env=False) as client:
        for identity in SERVICES.values():
            state, detail = _ask(client, identity.prefix, port)
            failed += state not in {"ready", "degraded"}
            console.print(f"{identity.name:24}{state:10}{detail}")
    return 1 if failed else 0


def _ask(client: httpx2.Client, prefix: str, port: int) -> tuple[str, str]:
    try:
        body = client.get(f"{prefix}/health/ready").json()
        down = [name for name, found in body["dependencies"].items() if found["status"] == "down"]
    except httpx2.HTTPError as error:
        return "away", f"no answer on port {port} ({type(error).__name__})"
    except (ValueError, KeyError):
        return "away", f"what answers on port {port} is no ValueVerse"
    return body["status"], f"down: {', '.join(down)}" if down else ""

"""The command line: `python -m services <command>`. Each command is a few lines over a module of its own."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from services.launcher.data_folder import data_folder
from services.launcher.errors import CannotStart

_ENDED_BY_CTRL_C = 130

errors = Console(stderr=True, soft_wrap=True, highlight=False)


class _Commands(TyperGroup):
    """Ctrl-C ends any command by one line, also while it still loads what it needs."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            errors.print("Interrupted.")
            raise typer.Exit(_ENDED_BY_CTRL_C) from None


app = typer.Typer(cls=_Commands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Port = Annotated[int, typer.Option(help="Where the gateway's paths are served; direct ports follow it.")]
Data = Annotated[Path | None, typer.Option(help="The data folder (default: $VALUEVERSE_DATA, or your own).")]


def main() -> None:
    """Runs a command; what cannot go on says so in one line."""
    try:
        app()
    except CannotStart as reason:
        errors.print("[red]✗[/]", Text(str(reason)))
        sys.exit(1)
    except PermissionError as error:
        errors.print("[red]✗[/]", Text(f"{error.filename} is not yours to use ({error.strerror})."))
        sys.exit(1)


@app.command()
def serve(service: Annotated[str, typer.Argument()] = "all", port: Port = 8000, data: Data = None) -> None:
    """Serve one service, or all of them in this one process."""
    if service == "all":
        from services.launcher.serve import serve_all

        serve_all(data_folder(data), port)
    else:
        from services.launcher.secret_files import read_secret_files
        from services.launcher.serve_one import serve_one

        read_secret_files(os.environ)
        serve_one(service)


@app.command()
def migrate() -> None:
    """Bring roles, schemas and tables of all services to this release (needs DATABASE_URL)."""
    from services.launcher import migrate as step
    from services.launcher.secret_files import read_secret_files

    read_secret_files(os.environ)
    asyncio.run(step.migrate_from_environment())


@app.command()
def token(
    tenant: Annotated[str, typer.Option(help="A uuid, or a name.")] = "acme",
    sub: Annotated[str, typer.Option(help="Who the token is for.")] = "ada@vendor.example",
    role: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    ttl: Annotated[str, typer.Option(help="For how long: 90s, 30m, 1h, 7d.")] = "1h",
    data: Data = None,
) -> None:
    """Print a development token."""
    from services.launcher import development_token

    roles = role or ["value-engineer"]
    print(development_token.mint(data_folder(data), tenant=tenant, sub=sub, roles=roles, ttl=ttl))


@app.command()
def urls(port: Port = 8000, data: Data = None) -> None:
    """Print where everything is."""
    from services.launcher.urls import print_urls

    print_urls(Console(soft_wrap=True), port, data_folder(data))


@app.command()
def health(port: Port = 8000) -> None:
    """Ask every service whether it is ready; exits 1 and names what is not."""
    from services.launcher.health import print_health

    raise typer.Exit(print_health(Console(soft_wrap=True), port))


@app.command()
def audit(
    patience: Annotated[str, typer.Option(help="How long things may be under way: 0s, 90s, 5m, 1h.")] = "5m",
    tenant: Annotated[str | None, typer.Option(help="Only this one: a uuid, or a name.")] = None,
    data: Data = None,
) -> None:
    """Read the databases and say whether every accepted request's effect exists once; exits 1 if not."""
    from services.launcher.audit.report import run_audit

    raise typer.Exit(run_audit(data_folder(data), patience=patience, tenant=tenant))


@app.command()
def demo(
    port: Port = 8000,
    data: Data = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the data of earlier demos first.")] = False,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop when the story is told.")] = False,
) -> None:
    """Start the embedded platform and walk a value promise through it, by REST calls only."""
    from services.launcher.demo import run_demo

    run_demo(data_folder(data), port=port, fresh=fresh, stop_at_end=exit_)


@app.command("new-service")
def new_service(name: Annotated[str, typer.Argument(help="lower_snake_case, e.g. price_book")]) -> None:
    """Scaffold a service that runs, is routed and passes the architecture tests."""
    from services.launcher.scaffold import scaffold

    for path in scaffold(name, Path.cwd()):
        print(path)


tenants = typer.Typer(no_args_is_help=True, help="Tenants of this platform.")
app.add_typer(tenants, name="tenant")


@tenants.command("create")
def tenant_create(name: str, data: Data = None) -> None:
    """Provision a tenant: every service learns of it by an event."""
    from services.launcher.tenants import create

    print(asyncio.run(create(data_folder(data), name)))


letters = typer.Typer(no_args_is_help=True, help="Messages that no retry cured.")
app.add_typer(letters, name="dead-letters")


@letters.command("list")
def dead_letters_list(service: str, data: Data = None) -> None:
    """Show a service's dead letters."""
    from services.launcher.dead_letters import print_dead_letters

    asyncio.run(print_dead_letters(Console(soft_wrap=True), data_folder(data), service))


@letters.command("replay")
def dead_letters_replay(service: str, message: str, data: Data = None) -> None:
    """Send a dead letter (or `all`) back to its service."""
    from services.launcher.dead_letters import replay

    print(asyncio.run(replay(data_folder(data), service, message)))


docs = typer.Typer(no_args_is_help=True, help="Documents made from the code; tests fail when they drift.")
app.add_typer(docs, name="docs")


@docs.command("write")
def docs_write() -> None:
    """Write openapi.json of each service and the event catalogue."""
    from services.launcher.documents import write_all

    for path in write_all(Path.cwd()):
        print(path)

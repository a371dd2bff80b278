"""Makes a PostgreSQL cluster: all of it, or nothing that the next start would mistake for one."""

import json
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.launcher.child import Account, spawn
from services.launcher.errors import CannotStart
from services.launcher.locks import FileLock
from services.launcher.postgres_binaries import PostgresBinaries

SUPERUSER = "postgres"
OWNER = "valueverse"
DATABASE = "valueverse"
_SERVER = "postgres"

# initdb wants a user that the system knows; the cluster is then handed to one that nothing else runs as.
_NOBODY = Account(65534, 65534)
_OWN_ACCOUNT = Account(60832, 60832)

_INITDB_TIMEOUT_S = 120.0
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True, repr=False)
class Passwords:
    """Of the two logins: the platform uses the owner's; the superuser's is for backup and repair."""

    owner: str
    superuser: str

    @classmethod
    def kept_in(cls, path: Path) -> "Passwords":
        """Those in the file; where there is none, new ones, in it and closed to others on return."""
        if not path.exists():
            made = {"owner": secrets.token_urlsafe(24), "superuser": secrets.token_urlsafe(24)}
            _write_closed(path.with_suffix(".new"), json.dumps(made)).rename(path)
        return cls(**json.loads(path.read_text()))


def account_of(cluster: Path) -> Account | None:
    """Whom the server must run as: root's runs as the cluster's owner, everybody else's as themselves."""
    return Account.owning(cluster) if os.geteuid() == 0 else None


def create_cluster(
    cluster: Path, binaries: PostgresBinaries, passwords: Passwords, *, lock: FileLock, log: IO[bytes]
) -> None:
    """Makes the cluster with owner role and database beside its final place and moves it there at the end.

    The programs inherit `lock`, so that after a kill nobody meets them at work. Raises CannotStart.
    """
    account = _NOBODY if os.geteuid() == 0 else None
    workshop = cluster.with_name("cluster.new")
    shutil.rmtree(workshop, ignore_errors=True)
    workshop.mkdir(mode=0o700)
    if account is not None:
        os.chown(workshop, account.uid, account.gid)
    made = workshop / "cluster"
    with _password_file(workshop, passwords.superuser, account) as password_file:
        _run(_initdb(binaries, made, password_file), account=account, lock=lock, log=log)
    with tempfile.TemporaryFile() as statements:
        statements.write(_first_statements(passwords))
        statements.seek(0)
        _run(_single_user(binaries, made), account=account, lock=lock, log=log, stdin=statements)
    if account is not None:
        _hand_over(made, _OWN_ACCOUNT)
    made.rename(cluster)
    _sync_folder(cluster.parent)
    workshop.rmdir()


def require_same_major(cluster: Path, binaries: PostgresBinaries) -> None:
    """Raises CannotStart when another major's server wrote the cluster: this one cannot read its files."""
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != str(binaries.major):
        raise CannotStart(
            f"{cluster} was written by PostgreSQL {found}, but the server found is {binaries.major} "
            f"({binaries.folder}): set POSTGRES_BIN to the programs of {found}, or start with new data."
        )


def forget_dead_server(cluster: Path) -> None:
    """Takes away what a killed server noted of itself, where its pid is somebody's, but no server's.

    PostgreSQL takes whoever has that pid for a living server and does not start: another program by now, or
    the dead server itself while nobody has waited for it. To be called under the lock that every process of a
    server holds. Linux; elsewhere PostgreSQL decides.
    """
    note = cluster / "postmaster.pid"
    try:
        pid = int(note.read_text().partition("\n")[0])
        name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
    except (OSError, ValueError):  # no note, or nobody has the pid
        return
    if name != _SERVER or state.startswith("Z"):
        note.unlink(missing_ok=True)


def require_reachable(folder: Path) -> None:
    """Raises CannotStart where an unprivileged user could not pass through to the folder: for root to ask."""
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & 0o001:
            raise CannotStart(
                f"As root the database runs as an unprivileged user, who cannot pass through {parent}: "
                "give a data folder elsewhere."
            )


def _initdb(binaries: PostgresBinaries, cluster: Path, password_file: Path) -> Sequence[str | Path]:
    return [
        *(binaries.program("initdb"), "-D", cluster, "-U", SUPERUSER, f"--pwfile={password_file}"),
        *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "-k", "--no-instructions"),
    ]


def _single_user(binaries: PostgresBinaries, cluster: Path) -> Sequence[str | Path]:
    quiet = ("-c", "log_min_error_statement=panic", "-c", "exit_on_error=on")  # statements hold a password
    return [binaries.program("postgres"), "--single", "-j", "-D", cluster, *quiet, SUPERUSER]


def _first_statements(passwords: Passwords) -> bytes:
    """In single-user mode a semicolon and an empty line end a statement. The passwords hold no quote."""
    statements = (
        f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{passwords.owner}'",
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
    )
    return "".join(f"{statement};\n\n" for statement in statements).encode()


def _run(
    command: Sequence[str | Path],
    *,
    account: Account | None,
    lock: FileLock,
    log: IO[bytes],
    stdin: IO[bytes] | None = None,
) -> None:
    child = spawn(
        command,
        dies_by=signal.SIGKILL,
        log=log,
        account=account,
        env=ENVIRONMENT,
        cwd=Path("/"),
        stdin=stdin,
        keep_open=[lock.fileno()],
    )
    try:
        status = child.wait(_INITDB_TIMEOUT_S)
    except BaseException:
        child.stop(signal.SIGINT, grace=5)
        raise
    if status != 0:
        raise CannotStart(f"Could not make the database: {Path(command[0]).name} failed; see {log.name}.")


@contextmanager
def _password_file(folder: Path, password: str, account: Account | None) -> Iterator[Path]:
    path = _write_closed(folder / "password", password)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    try:
        yield path
    finally:
        path.unlink()


def _write_closed(path: Path, text: str) -> Path:
    """Writes a file that only its owner can read, and has it on the disk."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def _hand_over(folder: Path, account: Account) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

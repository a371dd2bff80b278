"""The embedded PostgreSQL: it keeps what it was given, and leaves nothing broken or running."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.launcher.embedded_postgres import EmbeddedPostgres
from services.launcher.errors import CannotStart
from services.launcher.ports import LOOPBACK, free_port
from services.launcher.postgres_binaries import find_binaries
from tests.launcher.processes import runs, until, until_ended
from tests.servers.missing import skip_or_fail


@pytest.fixture(scope="module", autouse=True)
def _server_is_installed() -> None:
    try:
        find_binaries()
    except CannotStart as error:
        skip_or_fail(str(error))


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that root's unprivileged server can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="embedded-postgres-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _holder(data: Path) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """Another process with a server on this data: the process, the server's address and pid."""
    with subprocess.Popen(
        _holding(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        url, pid = line.split()
        try:
            yield process, url, int(pid)
        finally:
            process.kill()
            until_ended(int(pid))


def _holding(data: Path) -> list[str | Path]:
    return [sys.executable, "-m", "tests.launcher.holder", data]


async def _query(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url, ssl=False, timeout=10)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_the_owner_is_no_superuser_and_accents_are_letters(data: Path) -> None:
    with EmbeddedPostgres.start(data) as server:
        assert (
            await _query(server.url, "SELECT current_user || '@' || current_database()")
            == "valueverse@valueverse"
        )
        assert not await _query(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert await _query(server.url, "SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert await _query(
            server.superuser_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        assert await _query(server.url, "SELECT upper('é')") == "É"
        assert await _query(server.url, "SELECT 'ÉTÉ' ILIKE 'été'")
        assert await _query(server.url, "SHOW fsync") == "on"
        assert await _query(server.url, "SHOW data_checksums") == "on"


async def test_no_connection_without_the_password(data: Path) -> None:
    with EmbeddedPostgres.start(data, durable=False) as server:
        for role in ("valueverse", "postgres"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(
                    f"postgresql://{role}:guess@127.0.0.1:{server.port}/valueverse", ssl=False, timeout=10
                )
        assert (
            await _query(
                server.superuser_url,
                "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'",
            )
            == 0
        )


async def test_data_survives_a_restart_and_passwords_stay(data: Path) -> None:
    with EmbeddedPostgres.start(data) as server:
        first = urlsplit(server.url)
        await _query(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    with EmbeddedPostgres.start(data) as server:
        assert urlsplit(server.url).password == first.password
        assert await _query(server.url, "SELECT answer FROM kept") == 42


async def test_what_holds_secrets_is_closed_to_others(data: Path) -> None:
    with EmbeddedPostgres.start(data, durable=False):
        home = data / "postgres"
        assert (home / "passwords.json").stat().st_mode & 0o077 == 0
        assert (home / "cluster").stat().st_mode & 0o077 == 0
        log = (home / "server.log").read_text()
    assert not any(password in log for password in _passwords(home))


def _passwords(home: Path) -> list[str]:
    return [part for part in (home / "passwords.json").read_text().split('"') if len(part) > 20]


async def test_the_server_stops_with_its_killed_launcher_and_the_next_one_starts_at_once(data: Path) -> None:
    with _holder(data) as (process, url, pid):
        await _query(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        with EmbeddedPostgres.start(data, durable=False) as server:
            assert not runs(pid)
            assert await _query(server.url, "SELECT answer FROM kept") == 42


async def test_a_killed_server_comes_back_by_itself_with_what_was_committed(data: Path) -> None:
    with EmbeddedPostgres.start(data) as server:
        await _query(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until_ended(killed)
        until(lambda: _is_ready(data, other_than=killed), "the server is back")
        assert await _query(server.url, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("living", [False, True], ids=["a zombie", "another program"])
def test_a_dead_server_s_pid_that_is_somebody_s_does_not_stop_the_next(data: Path, living: bool) -> None:
    EmbeddedPostgres.start(data, durable=False).stop()
    cluster = data / "postgres/cluster"
    account = cluster.stat()
    with subprocess.Popen(
        ["sleep", "60"] if living else ["true"], user=account.st_uid, group=account.st_gid
    ) as process:
        until(lambda: runs(process.pid) == living, "it lives, or is dead and nobody has waited for it")
        note = cluster / "postmaster.pid"
        note.write_text(f"{process.pid}\n{cluster}\n0\n0\n\n127.0.0.1\n0 0\nready\n")
        os.chown(note, account.st_uid, account.st_gid)
        try:
            EmbeddedPostgres.start(data, durable=False).stop()
        finally:
            process.kill()


def _is_ready(data: Path, *, other_than: int) -> bool:
    try:
        lines = (data / "postgres/cluster/postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0] != str(other_than) and lines[7].strip() == "ready"


async def test_a_second_launcher_on_the_same_data_is_told_so_in_one_line(data: Path) -> None:
    with _holder(data) as (_, url, pid):
        with pytest.raises(CannotStart, match="Another ValueVerse is running on the data in") as told:
            EmbeddedPostgres.start(data, durable=False)
        assert "\n" not in str(told.value)
        assert runs(pid)
        assert await _query(url, "SELECT 1") == 1


def test_another_majors_data_is_refused_in_one_line_and_left_alone(data: Path) -> None:
    EmbeddedPostgres.start(data, durable=False).stop()
    version = data / "postgres/cluster/PG_VERSION"
    own = version.read_text()
    version.write_text("14\n")
    with pytest.raises(CannotStart, match="was written by PostgreSQL 14, but the server found is") as told:
        EmbeddedPostgres.start(data, durable=False)
    assert "\n" not in str(told.value)
    version.write_text(own)
    EmbeddedPostgres.start(data, durable=False).stop()


def test_a_taken_port_is_refused_in_one_line(data: Path) -> None:
    port = free_port()
    with socket.create_server((LOOPBACK, port)), pytest.raises(CannotStart, match=f"Port {port} is taken"):
        EmbeddedPostgres.start(data, durable=False, port=port)


def test_a_server_that_does_not_start_gives_its_own_reason(data: Path) -> None:
    EmbeddedPostgres.start(data, durable=False).stop()
    (data / "postgres/cluster/global/pg_control").unlink()
    with pytest.raises(CannotStart, match=r"The database does not start: .* \(see .*server.log\)") as told:
        EmbeddedPostgres.start(data, durable=False)
    assert "\n" not in str(told.value)


def test_what_the_system_refuses_is_the_reason_given(data: Path) -> None:
    EmbeddedPostgres.start(data, durable=False).stop()
    log = data / "postgres/server.log"
    log.unlink()
    log.mkdir()
    with pytest.raises(CannotStart, match="Is a directory"):
        EmbeddedPostgres.start(data, durable=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_a_folder_closed_to_the_unprivileged_server_is_named(data: Path) -> None:
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(CannotStart, match=f"who cannot pass through {closed}"):
        EmbeddedPostgres.start(closed / "data", durable=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_first_start_that_is_interrupted_leaves_nothing_broken(data: Path, number: signal.Signals) -> None:
    """At several points of the making of the cluster, each time over what the last one left."""
    stages = [
        "cluster.new",
        "cluster.new/cluster",
        "cluster.new/cluster/global",
        "cluster.new/cluster/base/1",
    ]
    for stage in (*stages, stages[0]):
        with subprocess.Popen(_holding(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            until((data / "postgres" / stage).exists, f"{stage} is there")
            process.send_signal(number)
            process.wait(30)
        assert not (data / "postgres/cluster").exists()
    with EmbeddedPostgres.start(data, durable=False) as server:
        assert asyncio.run(_query(server.url, "SELECT 1")) == 1
    assert sorted(path.name for path in (data / "postgres").iterdir()) == [
        *("cluster", "launcher.lock", "passwords.json", "server.lock", "server.log"),
    ]


def test_what_is_forgotten_begins_anew_and_nothing_else_is_touched(data: Path) -> None:
    (data / "holiday.jpg").write_text("not ours")
    with EmbeddedPostgres.start(data, durable=False) as server:
        asyncio.run(_query(server.url, "CREATE TABLE kept (n int)"))
        with pytest.raises(CannotStart, match="Another ValueVerse is running"):
            EmbeddedPostgres.forget(data)
        assert asyncio.run(_query(server.url, "SELECT count(*) FROM kept")) == 0
    EmbeddedPostgres.forget(data)
    with EmbeddedPostgres.start(data, durable=False) as server:
        assert asyncio.run(_query(server.url, "SELECT to_regclass('kept')")) is None
    assert (data / "holiday.jpg").exists()

"""The audit of a promise's whole life: nothing is wrong with it, and each rule finds what breaks it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.tables import outbox
from services.launcher.audit import audit
from services.launcher.audit.auditing import broken, enter, known_tenants, subjects_of
from services.launcher.ports import free_port
from services.launcher.postgres_cluster import OWNER
from tests.architect.api.cases import ACCOUNTS, PUMPS, if_match, posted
from tests.harness.lives import lived, until_consistent
from tests.harness.platform import Company, TestPlatform
from tests.harness.sql import connect
from tests.launcher.audit.plants import PLANTS
from tests.platform.processes import ROOT, environment
from tests.servers.postgres import PostgresServer

NONE = timedelta(0)


@dataclass(frozen=True)
class Life:
    """A tenant whose promise was kept to the end, and where the databases are that say so."""

    tenant: UUID
    owner_url: str
    superuser_url: str


@pytest.fixture(scope="module")
async def life(platform: TestPlatform, postgres_server: PostgresServer) -> Life:
    tenant = uuid4()
    async with platform.client() as client:
        await lived(client, tenant)
    owner_url = postgres_server.url_of(platform.database)
    await until_consistent(owner_url, tenant)
    return Life(tenant, owner_url, f"{postgres_server.superuser_url.rpartition('/')[0]}/{platform.database}")


@pytest.fixture
async def database(life: Life) -> AsyncIterator[AsyncConnection]:
    """A transaction in which everything may be written, and which is rolled back."""
    async with connect(life.superuser_url) as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


async def plant(database: AsyncConnection, statements: str, tenant: UUID) -> None:
    """Executes what breaks a rule, then goes on as the owner, for whom row security holds."""
    for statement in statements.split(";"):
        await database.execute(text(statement), {"tenant": tenant} if ":tenant" in statement else {})
    await database.execute(text(f"SET LOCAL ROLE {OWNER}"))
    await enter(database, tenant)


async def test_a_life_in_order_has_no_findings_and_everything_of_it_is_looked_at(life: Life) -> None:
    found = await audit(life.owner_url, patience=NONE, tenant=life.tenant)
    assert (found.tenants, found.findings) == (1, [])
    assert all(outcome.looked_at > 0 for outcome in found.outcomes), found.outcomes


async def test_every_rule_has_something_that_breaks_it(life: Life) -> None:
    async with connect(life.owner_url) as connection:
        rules = [rule.holds for subject in await subjects_of(connection) for rule in subject.rules]
    assert sorted(rules) == sorted(PLANTS)


@pytest.mark.parametrize("holds", PLANTS)
async def test_a_rule_finds_what_breaks_it(life: Life, database: AsyncConnection, holds: str) -> None:
    subjects = await subjects_of(database)
    [rule] = [rule for subject in subjects for rule in subject.rules if rule.holds == holds]
    await plant(database, PLANTS[holds], life.tenant)
    findings = await broken(database, rule, life.tenant, NONE)
    assert findings
    assert {finding.rule for finding in findings} == {holds}
    assert all(finding.id and finding.what for finding in findings)


async def test_what_is_under_way_is_no_finding_before_its_time(life: Life, database: AsyncConnection) -> None:
    holds = "what happened is published"
    [rule] = [each for every in await subjects_of(database) for each in every.rules if each.holds == holds]
    await plant(database, PLANTS[holds], life.tenant)
    assert await broken(database, rule, life.tenant, timedelta(hours=1)) == []
    assert len(await broken(database, rule, life.tenant, NONE)) == 1


async def test_another_tenant_s_rows_are_not_looked_at(life: Life) -> None:
    found = await audit(life.owner_url, patience=NONE, tenant=uuid4())
    assert {outcome.looked_at for outcome in found.outcomes} == {0}


def audited(owner_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as an operator runs it."""
    return subprocess.run(
        [sys.executable, "-m", "services", "audit", *arguments],
        cwd=ROOT,
        env=environment() | {"DATABASE_URL": owner_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_an_operator_is_told_that_everything_holds(life: Life) -> None:
    told = await asyncio.to_thread(audited, life.owner_url, "--tenant", str(life.tenant), "--patience", "0s")
    assert (told.returncode, told.stderr) == (0, "")
    assert "1 tenants: Everything holds." in told.stdout


async def test_an_operator_is_told_what_does_not_hold(life: Life) -> None:
    tenant, lost = uuid4(), uuid4()
    async with connect(life.superuser_url, "architect") as connection:
        await connection.execute(
            insert(outbox).values(
                id=lost,
                tenant_id=tenant,
                type="architect.model.approved.v1",
                subject="a model",
                sequence=1,
                actor="ada",
                payload={},
                published_at=datetime.now(UTC) - timedelta(hours=1),
            )
        )
        await connection.commit()
    told = await asyncio.to_thread(audited, life.owner_url, "--tenant", str(tenant))
    assert told.returncode == 1
    assert f"{lost}  architect.model.approved.v1 of architect about a model was not handled by" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--patience", "soon"), "✗ soon is not a duration"),
        (("--data", "/nowhere"), "✗ No platform is running with /nowhere"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(arguments: tuple[str, str], said: str) -> None:
    told = audited("", *arguments)
    assert told.returncode == 1
    assert told.stderr.startswith(said)
    assert told.stderr.count("\n") == 1


def test_a_database_that_is_away_is_said_in_one_line() -> None:
    told = audited(f"postgresql://valueverse:p@127.0.0.1:{free_port()}/valueverse")
    assert told.returncode == 1
    assert told.stderr.startswith("✗ The databases cannot be read")
    assert told.stderr.count("\n") == 1


async def test_the_owner_may_list_the_tenants(life: Life) -> None:
    async with connect(life.owner_url) as connection:
        assert life.tenant in await known_tenants(connection)


async def test_an_answer_may_show_what_was_deleted_since(
    company: Company, platform: TestPlatform, postgres_server: PostgresServer
) -> None:
    ada = company.person("ada", "value-engineer")
    added = await posted(ada, ACCOUNTS, PUMPS, **{"Idempotency-Key": "the-account"})
    deleted = await ada.delete(f"{ACCOUNTS}/{added['id']}", headers=if_match(added))
    assert deleted.status_code == 204, deleted.text
    await until_consistent(postgres_server.url_of(platform.database), company.tenant)

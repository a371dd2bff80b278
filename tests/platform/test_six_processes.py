"""Six services as six processes behind one gateway: they find each other, and their events arrive."""

from uuid import uuid4

import pytest

from services.chassis.clock import SystemClock
from services.chassis.tokens import mint_internal_token
from tests.architect.api.cases import HYPOTHESES, PUMPS, accepted, got, posted, proposed
from tests.harness.platform import SECRETS
from tests.harness.separate_processes import SeparateProcesses
from tests.harness.waiting import eventually

INBOX = "/api/v1/notification/inbox"
RECIPIENTS = "/api/v1/notification/recipients"

pytestmark = pytest.mark.chaos


async def test_a_peer_is_called_and_an_event_arrives(six_processes: SeparateProcesses) -> None:
    tenant = uuid4()
    async with (
        await six_processes.client(tenant, "ada", ["value-engineer"]) as ada,
        await six_processes.client(tenant, "linus", ["value-engineer"]) as linus,
        await six_processes.client(tenant, "olga", ["operator"]) as olga,
    ):
        for sub in ("ada", "linus"):
            await posted(olga, RECIPIENTS, {"sub": sub, "name": sub.title(), "roles": ["value-engineer"]})
        # The architect asks the calculation engine what a hypothesis is worth.
        (hypothesis, *_) = await proposed(ada, PUMPS)
        assert hypothesis["annual_value"] is not None
        await accepted(ada, hypothesis)

        async def told() -> list[str] | None:
            messages = (await got(linus, INBOX))["items"]
            return [message["subject"] for message in messages] or None

        assert await eventually(told) == [hypothesis["id"]]


async def test_the_gateway_takes_no_internal_token(six_processes: SeparateProcesses) -> None:
    token = mint_internal_token(
        secret=SECRETS.internal_jwt_secret,
        audience="value-architect",
        tenant=uuid4(),
        actor="ada",
        scope="architect:read",
        now=SystemClock().now(),
    )
    async with await six_processes.client(uuid4(), "ada", []) as nobody:
        refused = await nobody.get(HYPOTHESES, headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_the_gateway_says_that_a_service_is_away(six_processes: SeparateProcesses) -> None:
    await six_processes.kill("architect")
    async with await six_processes.client(uuid4(), "ada", ["value-engineer"]) as ada:
        assert (await ada.get(HYPOTHESES)).status_code == 502
        await six_processes.start("architect")
        assert (await ada.get(HYPOTHESES)).status_code == 200

"""What API tests of the committer begin with: a model worked out by hand, and the way to an agreement."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx2

from services.chassis.commands import Commands
from services.chassis.ids import new_id
from services.chassis.inbound import Inbound
from services.chassis.inbox import Consumer
from services.chassis.runtime import Runtime
from services.chassis.sagas.definition import Definitions
from services.chassis.sagas.replies import Replies
from services.chassis.sagas.state import SagaState
from services.committer.events import handlers
from services.committer.saga import ACTIVATION
from services.schemas.base import Document
from services.schemas.directory import SERVICES
from services.schemas.envelope import REPLY_TYPE, CommandEnvelope, Envelope, Reply
from services.schemas.events import EventPayload
from tests.architect.api.cases import ACCOUNTS, MODELS, PUMPS, got, if_match, posted
from tests.harness.platform import Company

COMMITTER = "/api/v1/committer"
COMMITMENTS = f"{COMMITTER}/commitments"
CONTRACTS = f"{COMMITTER}/contracts"
SETTLEMENTS = f"{COMMITTER}/settlements"
SAGAS = f"{COMMITTER}/sagas"

# A machine stops 200 hours a year; each hour saved is worth 50, a tenth of it risk. Two years in quarters: at
# 120 hours a quarter brings (200 - 120) * 50 * 0.9 / 4 = 900, at the baseline of 180 hours 225.
MODEL: dict[str, Any] = {
    "currency": "EUR",
    "horizon": {"periods": 8, "period_length": "quarter"},
    "discount_rate": 0.1,
    "inputs": {
        "stops": {"label": "Hours stopped", "unit": "hours/year", "value": 120, "evidence": "measured"},
        "hourly_cost": {"label": "Cost of an hour", "unit": "EUR", "value": 50, "evidence": "measured"},
    },
    "drivers": [
        {
            "key": "uptime",
            "label": "Fewer stops",
            "category": "operations",
            "realisation": "cashable",
            "formula": "(200 - stops) * hourly_cost",
            "risk_adjustment": 0.1,
            "kpi": {
                "input": "stops",
                "metric": "hours_stopped",
                "unit": "hours/year",
                "direction": "decrease",
                "aggregation": "mean",
            },
        },
        {
            "key": "goodwill",
            "label": "Nobody measures it",
            "category": "operations",
            "realisation": "revenue",
            "formula": "100",
        },
    ],
    "costs": [{"key": "fee", "label": "Fee", "recurring": "1000"}],
}

NEW_COMMITMENT: dict[str, Any] = {
    "driver_key": "uptime",
    "baseline": "180",
    "target": "120",
    "tolerance": "0.1",
    "due_after_months": 12,
    "measured_by": "The line's own log, hours stopped, mean of the period",
}

SUBSCRIPTION: dict[str, Any] = {
    "kind": "subscription",
    "key": "subscription",
    "label": "Subscription",
    "amount_per_period": "100.00",
}
GO_LIVE: dict[str, Any] = {
    "kind": "milestone",
    "key": "go_live_fee",
    "label": "Go-live",
    "milestone": "go_live",
    "amount": "250.00",
    "due": "2026-05-31",
}
GAIN_SHARE: dict[str, Any] = {
    "kind": "gain_share",
    "key": "gain_share",
    "label": "Share of the gain",
    "commitments": ["uptime"],
    "share": "0.2",
    "floor_per_period": "10.00",
    "cap_per_period": "150.00",
}


def contract_of(*commitments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a contract over the four quarters of 2026."""
    return {
        "name": "Fewer stops",
        "effective_on": "2026-01-01",
        "time_zone": "Europe/Berlin",
        "period_length": "quarter",
        "periods": 4,
        "commitments": [each["id"] for each in commitments],
        "terms": [SUBSCRIPTION, GO_LIVE, GAIN_SHARE],
        "milestones": [
            {"key": "go_live", "label": "The line is watched", "due": "2026-05-15", "commitments": ["uptime"]}
        ],
        **fields,
    }


@dataclass
class Deal:
    """One company's people, and what they agree on with one customer."""

    company: Company
    sequence: int = field(default=0)

    def __post_init__(self) -> None:
        self.engineer = self.company.person("ada", "value-engineer")
        self.manager = self.company.person("dora", "deal-manager")
        self.approver = self.company.person("eve", "approver")
        self.operator = self.company.person("otto", "operator")

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.company.platform.embedded.apps[SERVICES["committer"].name].state.runtime
        return runtime

    def customer(self, account_id: str, sub: str = "carl") -> httpx2.AsyncClient:
        return self.company.person(sub, "customer", account=account_id)

    async def model(self, document: dict[str, Any] = MODEL) -> dict[str, Any]:
        """An approved model of a new account."""
        account = await posted(self.engineer, ACCOUNTS, PUMPS)
        body = {"source": "document", "account_id": account["id"], "name": "Stops", "document": document}
        return await self.approved_model(await posted(self.engineer, MODELS, body))

    async def approved_model(self, model: dict[str, Any]) -> dict[str, Any]:
        path = f"{MODELS}/{model['id']}"
        model = await posted(self.engineer, f"{path}/request-review", **if_match(model))
        return await posted(self.approver, f"{path}/approve", **if_match(model))

    async def commitment(self, model: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Drawn from the model, or from a new one."""
        model = model or await self.model()
        return await posted(self.manager, COMMITMENTS, {"model_id": model["id"], **NEW_COMMITMENT, **fields})

    async def draft(self, **fields: Any) -> dict[str, Any]:
        return await posted(self.manager, CONTRACTS, contract_of(await self.commitment(), **fields))

    async def step(
        self, person: httpx2.AsyncClient, contract: dict[str, Any], action: str, body: Any = None
    ) -> dict[str, Any]:
        return await posted(person, f"{CONTRACTS}/{contract['id']}/{action}", body, **if_match(contract))

    async def approved(self, **fields: Any) -> dict[str, Any]:
        contract = await self.step(self.manager, await self.draft(**fields), "request-review")
        return await self.step(self.approver, contract, "approve")

    async def signed(self, **fields: Any) -> dict[str, Any]:
        """Signed by both parties: its activation is under way."""
        contract = await self.step(self.manager, await self.approved(**fields), "sign")
        return await self.step(self.customer(contract["account_id"]), contract, "sign")

    async def in_force(self, **fields: Any) -> dict[str, Any]:
        """Activated, as everybody who takes part agreed."""
        contract = await self.signed(**fields)
        while contract["state"] == "activating":
            await self.answer(contract, Reply.done())
            contract = await self.read(contract)
        return contract

    async def read(self, contract: dict[str, Any]) -> dict[str, Any]:
        return await got(self.manager, f"{CONTRACTS}/{contract['id']}")

    async def saga(self, contract: dict[str, Any]) -> dict[str, Any]:
        """The newest activation of a contract."""
        found = await got(self.operator, SAGAS, subject=contract["id"])
        return await got(self.operator, f"{SAGAS}/{found['items'][0]['id']}")

    async def answer(self, contract: dict[str, Any], *replies: Reply) -> None:
        """Answers, for whoever takes part, what the contract's activation asks, step by step."""
        for reply in replies:
            saga = await self.saga(contract)
            if saga["ended_at"] is None:
                await self.consumer.receive(self._reply_to(saga, reply))

    async def tell(self, payload: EventPayload, *, sequence: int | None = None) -> None:
        """Delivers an event, newer than those before unless its sequence is given."""
        self.sequence = self.sequence + 1 if sequence is None else sequence
        event = Envelope(**self._envelope(payload.event_type, payload), sequence=self.sequence)
        await self.consumer.receive(event)

    @cached_property
    def consumer(self) -> Consumer:
        """The committer's end of the bus: what is received here reaches nobody else."""
        inbound = Inbound(
            events=handlers(self.runtime),
            commands=Commands(),
            replies=Replies(Definitions([ACTIVATION])),
        )
        return Consumer("committer", inbound, self.runtime.database, metrics=self.runtime.metrics)

    def _reply_to(self, saga: dict[str, Any], reply: Reply) -> CommandEnvelope:
        names = [each["name"] for each in saga["steps"]]
        state = SagaState(
            saga_id=UUID(saga["id"]),
            position=names.index(saga["step"]),
            undoing=saga["status"] == "compensating",
        )
        return CommandEnvelope(
            **self._envelope(REPLY_TYPE, reply),
            sequence=1,
            to="committer",
            saga_id=state.saga_id,
            step=saga["step"],
            command_id=state.command_id,
            attempt=1,
            compensation=state.undoing,
        )

    def _envelope(self, kind: str, payload: Document) -> dict[str, Any]:
        return {
            "id": new_id(),
            "type": kind,
            "source": "somebody",
            "subject": "something",
            "time": self.runtime.clock.now(),
            "tenant": self.company.tenant,
            "actor": "somebody",
            "data": payload.model_dump(mode="json"),
        }

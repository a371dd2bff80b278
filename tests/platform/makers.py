"""How a test comes by something of a tenant's own for each path parameter: a route with a parameter that
nobody can make fails the test, so that it cannot be forgotten."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2

from services.notification.domain.unsubscribing import Links, Unsubscription
from services.schemas.events.amplifier import PeriodClosed
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE
from tests.committer.api.cases import Deal
from tests.harness.platform import SECRETS, Company
from tests.harness.waiting import eventually
from tests.platform.operations import OPERATIONS, Operation

Maker = Callable[[Company], Awaitable[dict[str, str]]]


def filled_path(operation: Operation, value: str) -> str:
    """The path with the same value for every parameter."""
    path = operation.path
    for parameter in operation.path_parameters:
        schema = parameter["schema"]
        filler = "1" if schema.get("type") == "integer" else value
        path = path.replace(f"{{{parameter['name']}}}", filler)
    return path


class Makers:
    """Makers by the path they stand for."""

    def __init__(self) -> None:
        self._by_prefix: dict[str, Maker] = {}

    def of(self, prefix: str) -> Callable[[Maker], Maker]:
        """Registers what makes the things of the paths that begin so."""

        def register(maker: Maker) -> Maker:
            self._by_prefix[prefix] = maker
            return maker

        return register

    async def parameters_of(self, operation: Operation, company: Company) -> dict[str, str]:
        """The operation's path parameters: the ids of something that really exists in the company."""
        prefix = max(
            (each for each in self._by_prefix if operation.path.startswith(each)), key=len, default=""
        )
        assert prefix, f"tests/platform/makers.py cannot make what {operation.path} names"
        made = await self._by_prefix[prefix](company)
        names = [parameter["name"] for parameter in operation.path_parameters]
        return {name: made.get(name, str(uuid4())) for name in names}

    async def path_of(self, operation: Operation, company: Company) -> str:
        """The operation's path with the ids of something that really exists in the company."""
        path = operation.path
        for name, value in (await self.parameters_of(operation, company)).items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def reader_of(self, operation: Operation) -> str:
        """The `sub` of somebody who may see what was made."""
        return READER if operation.path.startswith("/api/v1/notification/inbox") else "maker"


READER = "reader"
MAKERS = Makers()


def _engineer(company: Company) -> httpx2.AsyncClient:
    return company.person("maker", "value-engineer", "operator")


async def _account(company: Company) -> str:
    body = {"name": "Nordwerk", "industry": "manufacturing", "currency": "EUR", "pains": ["downtime"]}
    made = await _engineer(company).post("/api/v1/architect/accounts", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@MAKERS.of("/api/v1/architect/accounts/")
async def make_account(company: Company) -> dict[str, str]:
    return {"account_id": await _account(company)}


async def _hypothesis(company: Company, account_id: str) -> str:
    body = {"account_id": account_id, "limit": 1}
    made = await _engineer(company).post("/api/v1/architect/hypotheses/generate", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["items"][0]["id"])


async def accept_a_hypothesis(company: Company, account_id: str) -> None:
    """Gives an account something that a model can be made from."""
    path = f"/api/v1/architect/hypotheses/{await _hypothesis(company, account_id)}/accept"
    accepted = await _engineer(company).post(path, headers={"If-Match": '"1"'})
    assert accepted.status_code == 200, accepted.text


@MAKERS.of("/api/v1/architect/hypotheses/")
async def make_hypothesis(company: Company) -> dict[str, str]:
    return {"hypothesis_id": await _hypothesis(company, await _account(company))}


@MAKERS.of("/api/v1/architect/models/")
async def make_model(company: Company) -> dict[str, str]:
    document = {**VALUE_MODEL_EXAMPLE, "currency": "EUR"}
    body = {
        "source": "document",
        "account_id": await _account(company),
        "name": "A model",
        "document": document,
    }
    made = await _engineer(company).post("/api/v1/architect/models", json=body)
    assert made.status_code == 201, made.text
    return {"model_id": made.json()["id"], "number": "1"}


@MAKERS.of("/api/v1/architect/drivers/")
async def make_driver(company: Company) -> dict[str, str]:
    create = next(each for each in OPERATIONS if each.id == "POST /api/v1/architect/drivers")
    own = {**create.body_example(), "key": f"own_{uuid4().hex[:8]}"}
    made = await _engineer(company).post("/api/v1/architect/drivers", json=own)
    assert made.status_code == 201, made.text
    return {"driver_id": made.json()["id"]}


_MILESTONE = "/api/v1/executor/plans/{plan_id}/milestones/{milestone_key}"


def _manager(company: Company) -> httpx2.AsyncClient:
    return company.person("maker", "delivery-manager")


@MAKERS.of(f"{_MILESTONE}/accept")
@MAKERS.of(f"{_MILESTONE}/reject")
async def make_delivered_milestone(company: Company) -> dict[str, str]:
    names = await make_plan(company)
    path = f"{_MILESTONE}/deliver".format(**names)
    delivered = await _manager(company).post(path, headers={"If-Match": '"2"'})
    assert delivered.status_code == 200, delivered.text
    return names


@MAKERS.of("/api/v1/committer/commitments/")
async def make_commitment(company: Company) -> dict[str, str]:
    return {"commitment_id": (await Deal(company).commitment())["id"]}


@MAKERS.of("/api/v1/committer/contracts/")
async def make_contract(company: Company) -> dict[str, str]:
    return {"contract_id": (await Deal(company).draft())["id"]}


@MAKERS.of("/api/v1/committer/contracts/{contract_id}/terminate")
async def make_contract_in_force(company: Company) -> dict[str, str]:
    return {"contract_id": (await Deal(company).in_force())["id"]}


@MAKERS.of("/api/v1/committer/settlements/")
async def make_settlement(company: Company) -> dict[str, str]:
    deal = Deal(company)
    contract = await deal.in_force()
    about = {"success_plan_id": uuid4(), "contract_id": contract["id"], "name": "A plan", "owner": "sam"}
    await deal.tell(PeriodClosed(**about, period="2026-Q1", closed_by="grace", values=()))
    found = await deal.manager.get("/api/v1/committer/settlements", params={"contract_id": contract["id"]})
    return {"settlement_id": found.json()["items"][0]["id"]}


@MAKERS.of("/api/v1/committer/sagas/")
async def make_saga(company: Company) -> dict[str, str]:
    deal = Deal(company)
    return {"saga_id": (await deal.saga(await deal.signed()))["id"]}


@MAKERS.of("/api/v1/executor/plans/")
async def make_plan(company: Company) -> dict[str, str]:
    manager = _manager(company)
    create, work = (
        next(each for each in OPERATIONS if each.id == wanted)
        for wanted in ("POST /api/v1/executor/plans", "PUT /api/v1/executor/plans/{plan_id}/activities")
    )
    plan = await manager.post(create.path, json={**create.body_example(), "contract_id": str(uuid4())})
    assert plan.status_code == 201, plan.text
    path = work.path.format(plan_id=plan.json()["id"])
    put = await manager.put(path, json=work.body_example(), headers={"If-Match": '"1"'})
    assert put.status_code == 200, put.text
    return {"plan_id": plan.json()["id"], "milestone_key": "pilot", "activity_key": "install"}


_SUCCESS_PLANS = "/api/v1/amplifier/success-plans"


def _example(operation_id: str) -> Any:
    return next(each.body_example() for each in OPERATIONS if each.id == operation_id)


@MAKERS.of(f"{_SUCCESS_PLANS}/")
async def make_success_plan(company: Company) -> dict[str, str]:
    """As soon as its model's version was fetched."""
    model = await Deal(company).model(VALUE_MODEL_EXAMPLE)
    drawn_from = {"model_id": model["id"], "version_hash": model["current"]["version_hash"]}
    body = {**_example(f"POST {_SUCCESS_PLANS}"), **drawn_from, "contract_id": str(uuid4())}
    lead = company.person("maker", "success-lead")
    made = await lead.post(_SUCCESS_PLANS, json=body)
    assert made.status_code == 201, made.text
    plan_id = made.json()["id"]
    await eventually(lambda: _active(lead, f"{_SUCCESS_PLANS}/{plan_id}"))
    return {"success_plan_id": plan_id, "period_key": "2026-Q1"}


async def _active(person: httpx2.AsyncClient, path: str) -> bool:
    return bool((await person.get(path)).json()["state"] == "active")


@MAKERS.of(f"{_SUCCESS_PLANS}/{{success_plan_id}}/proof-points")
async def make_measured_success_plan(company: Company) -> dict[str, str]:
    """With a closed period: its figures can be published."""
    made = await make_success_plan(company)
    path = f"{_SUCCESS_PLANS}/{made['success_plan_id']}"
    lead, approver = company.person("maker", "success-lead"), company.person("grace", "approver")
    rows = _example(f"POST {_SUCCESS_PLANS}/{{success_plan_id}}/measurements")
    assert (await lead.post(f"{path}/measurements", json=rows)).status_code == 201
    for person, step in ((lead, "request-review"), (approver, "close")):
        etag = (await person.get(f"{path}/periods/2026-Q1")).headers["etag"]
        done = await person.post(f"{path}/periods/2026-Q1/{step}", headers={"If-Match": etag})
        assert done.status_code == 200, done.text
    return made


@MAKERS.of("/api/v1/calculation-engine/jobs/")
async def make_job(company: Company) -> dict[str, str]:
    """One that soon ends by itself."""
    path = "/api/v1/calculation-engine/simulations"
    body = {**_example(f"POST {path}"), "draws": 1000}
    made = await _engineer(company).post(path, json=body, headers={"Prefer": "respond-async"})
    assert made.status_code == 202, made.text
    return {"job_id": made.json()["id"]}


@MAKERS.of("/api/v1/notification/recipients/")
async def make_recipient(company: Company) -> dict[str, str]:
    body = {"sub": f"grace-{uuid4().hex[:8]}", "name": "Grace", "roles": ["approver"]}
    made = await _engineer(company).post("/api/v1/notification/recipients", json=body)
    assert made.status_code == 201, made.text
    return {"recipient_id": made.json()["id"]}


@MAKERS.of("/api/v1/notification/hooks/")
async def make_hook(company: Company) -> dict[str, str]:
    recipient = UUID((await make_recipient(company))["recipient_id"])
    wanted = Unsubscription(company.tenant, recipient, "executor.milestone.accepted.v1")
    return {"hook_id": Links(SECRETS.internal_jwt_secret).id_of(wanted)}


@MAKERS.of("/api/v1/notification/endpoints/")
async def make_endpoint(company: Company) -> dict[str, str]:
    path = "/api/v1/notification/endpoints"
    made = await _engineer(company).post(path, json=_example(f"POST {path}"))
    assert made.status_code == 201, made.text
    return {"endpoint_id": made.json()["id"]}


@MAKERS.of("/api/v1/notification/suppressions/")
async def make_suppression(company: Company) -> dict[str, str]:
    body = {"address": f"grace-{uuid4().hex[:8]}@customer.example", "reason": "Asked for it."}
    made = await _engineer(company).post("/api/v1/notification/suppressions", json=body)
    assert made.status_code == 201, made.text
    return {"suppression_id": made.json()["id"]}


@MAKERS.of("/api/v1/notification/subscriptions/")
async def make_subscription(company: Company) -> dict[str, str]:
    made = await _engineer(company).post("/api/v1/notification/subscriptions", json={})
    assert made.status_code == 201, made.text
    return {"subscription_id": made.json()["id"]}


@MAKERS.of("/api/v1/notification/deliveries/")
async def make_delivery(company: Company) -> dict[str, str]:
    await make_message(company)
    found = await _engineer(company).get("/api/v1/notification/deliveries")
    return {"delivery_id": found.json()["items"][0]["id"]}


@MAKERS.of("/api/v1/notification/inbox/")
async def make_message(company: Company) -> dict[str, str]:
    hypothesis = await make_hypothesis(company)
    operator = _engineer(company)
    reader = {"sub": READER, "name": "Reader", "roles": ["value-engineer"]}
    assert (await operator.post("/api/v1/notification/recipients", json=reader)).status_code == 201
    path = f"/api/v1/architect/hypotheses/{hypothesis['hypothesis_id']}/accept"
    accepted = await operator.post(path, headers={"If-Match": '"1"'})
    assert accepted.status_code == 200, accepted.text
    inbox = company.person(READER, "value-engineer")
    message = await eventually(lambda: _first_message(inbox))
    return {"message_id": message}


async def _first_message(person: httpx2.AsyncClient) -> str | None:
    items = (await person.get("/api/v1/notification/inbox")).json()["items"]
    return items[0]["id"] if items else None

"""What every route of every service does alike: tokens, problems, one commit, idempotency, ETags, paging."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from pydantic import HttpUrl
from sqlalchemy import select

from services.chassis import idempotency
from services.chassis.actor import Actor
from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.clock import MovableClock, SystemClock
from services.chassis.database import Database
from services.chassis.issuers import IssuerSettings
from services.chassis.tables import idempotency_keys
from services.chassis.tokens import mint_development_token, mint_internal_token
from services.launcher.lifespan import Lifespan
from services.launcher.ports import free_port
from tests.chassis.probe import MIGRATIONS
from tests.chassis.probe.app import INTERNAL_SECRET, SECRET, probe_app
from tests.harness.databases import migrations_of, templated_database
from tests.harness.waiting import eventually
from tests.servers.postgres import PostgresServer

NOTES = "/api/v1/probe/notes"


def token(tenant: UUID, *scopes: str, sub: str = "ada") -> str:
    return mint_development_token(
        secret=SECRET,
        tenant=tenant,
        sub=sub,
        scopes=scopes or ("probe:read", "probe:write"),
        ttl=timedelta(minutes=5),
        now=SystemClock().now(),
    )


def client_of(app: FastAPI, bearer: str | None) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return httpx2.AsyncClient(transport=IsolatedASGITransport(app), base_url="http://probe", headers=headers)


@pytest.fixture(scope="module")
async def app(postgres_server: PostgresServer) -> AsyncIterator[FastAPI]:
    services = [migrations_of(postgres_server.owner_url, "probe", MIGRATIONS)]
    async with templated_database(postgres_server, "request-path", services) as owner_url:
        async for app in _running(owner_url):
            yield app


async def _running(owner_url: str) -> AsyncIterator[FastAPI]:
    app = probe_app(owner_url, SystemClock())
    async with Lifespan(app):
        yield app


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


@pytest.fixture
async def ada(app: FastAPI, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, token(tenant)) as client:
        yield client


@pytest.fixture
async def nobody(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, None) as client:
        yield client


def problem_of(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == answer.status_code
    assert body["instance"] == answer.request.url.path
    return body


async def test_what_was_written_is_read(ada: httpx2.AsyncClient) -> None:
    made = await ada.post(NOTES, json={"text": "hello"})
    assert made.status_code == 201
    read = await ada.get(f"{NOTES}/{made.json()['id']}")
    assert read.json() == made.json()
    assert read.headers["etag"] == '"1"'


async def test_another_tenant_s_row_is_not_found(app: FastAPI, ada: httpx2.AsyncClient) -> None:
    made = (await ada.post(NOTES, json={"text": "mine"})).json()
    async with client_of(app, token(uuid4(), sub="bob")) as bob:
        assert problem_of(await bob.get(f"{NOTES}/{made['id']}"))["code"] == "not_found"
        assert (await bob.get(NOTES)).json()["items"] == []


async def test_no_token_is_401_before_the_body_is_read(nobody: httpx2.AsyncClient) -> None:
    answer = await nobody.post(NOTES, content=b"{not json", headers={"Content-Type": "application/json"})
    assert problem_of(answer)["code"] == "unauthenticated"
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="valueverse"'


async def test_a_bad_token_is_401_and_says_why(app: FastAPI, tenant: UUID) -> None:
    async with client_of(app, token(tenant)[:-3] + "AAA") as client:
        answer = await client.get(NOTES)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_missing_scope_is_403(app: FastAPI, tenant: UUID) -> None:
    async with client_of(app, token(tenant, "probe:read")) as reader:
        answer = await reader.post(NOTES, json={"text": "no"})
    assert answer.status_code == 403
    assert problem_of(answer)["code"] == "missing_scope"


async def test_an_internal_token_for_this_service_is_taken_and_for_another_is_not(
    app: FastAPI, tenant: UUID
) -> None:
    for audience, status in (("probe", 200), ("somebody-else", 401)):
        bearer = mint_internal_token(
            secret=INTERNAL_SECRET,
            audience=audience,
            tenant=tenant,
            actor="ada",
            scope="probe:read",
            now=SystemClock().now(),
        )
        async with client_of(app, bearer) as service:
            assert (await service.get(NOTES)).status_code == status


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"text": ', "application/json", 400, "bad_json"),
        (b'{"text": "a"}', "text/plain", 415, "unsupported_media_type"),
        (b'{"text": 1}', "application/json", 422, "validation_failed"),
        (b'{"text": "a", "extra": 1}', "application/json", 422, "validation_failed"),
        (b"", "application/json", 422, "validation_failed"),
        (b'{"text": "' + b"a" * 1_100_000 + b'"}', "application/json", 413, "payload_too_large"),
    ],
    ids=["malformed", "wrong type", "strict", "unknown field", "empty", "too large"],
)
async def test_bad_input_is_refused(
    ada: httpx2.AsyncClient, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = await ada.post(NOTES, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert problem_of(answer)["code"] == code
    assert (await ada.get(NOTES)).json()["items"] == []


async def test_malformed_json_says_where(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(NOTES, content=b'{"text" 1}', headers={"Content-Type": "application/json"})
    assert "position 8" in problem_of(answer)["detail"]


async def test_a_bad_field_is_pointed_to(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(NOTES, json={"text": "a", "extra": 1})
    assert problem_of(answer)["errors"] == [{"pointer": "/extra", "detail": "Extra inputs are not permitted"}]


async def test_an_unknown_query_parameter_is_refused(ada: httpx2.AsyncClient) -> None:
    answer = await ada.get(NOTES, params={"limti": "3"})
    assert answer.status_code == 422
    assert problem_of(answer)["errors"][0]["pointer"] == "/query/limti"


async def test_unknown_paths_and_methods_are_problems(ada: httpx2.AsyncClient) -> None:
    assert problem_of(await ada.get("/api/v1/probe/nowhere"))["code"] == "not_found"
    refused = await ada.delete(NOTES)
    assert problem_of(refused)["code"] == "method_not_allowed"
    assert refused.headers["allow"]


async def test_a_fault_is_500_without_details_and_nothing_is_half_saved(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(NOTES, json={"text": "crash"})
    assert answer.status_code == 500
    assert "broke" not in answer.text
    assert problem_of(answer)["trace_id"]
    assert (await ada.get(NOTES)).json()["items"] == []


async def test_the_same_key_and_body_get_the_same_answer_and_one_effect(ada: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await ada.post(NOTES, json={"text": "once"}, headers=key)
    again = await ada.post(NOTES, json={"text": "once"}, headers=key)
    assert again.json() == first.json()
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await ada.get(NOTES)).json()["items"]) == 1


async def test_the_same_key_with_another_body_is_422(ada: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-2"}
    await ada.post(NOTES, json={"text": "once"}, headers=key)
    answer = await ada.post(NOTES, json={"text": "other"}, headers=key)
    assert answer.status_code == 422
    assert problem_of(answer)["code"] == "idempotency_key_reused"


async def test_two_at_once_under_one_key_have_one_effect(ada: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-3"}
    answers = await asyncio.gather(*(ada.post(NOTES, json={"text": "slow"}, headers=key) for _ in range(5)))
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    assert len((await ada.get(NOTES)).json()["items"]) == 1


async def test_a_fault_is_not_kept_under_the_key(ada: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-4"}
    assert (await ada.post(NOTES, json={"text": "crash"}, headers=key)).status_code == 500
    assert (await ada.post(NOTES, json={"text": "fine"}, headers=key)).status_code == 201


async def test_a_claim_s_lease_is_renewed_until_it_is_given_back(
    app: FastAPI, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_LEASE", timedelta(milliseconds=400))
    database: Database = app.state.runtime.database
    ada = Actor(tenant, "ada")
    scope = idempotency.Scope(tenant, ada.sub, "POST", NOTES, "k-8")

    async def lease() -> datetime | None:
        async with database.unit_of_work(ada) as uow:
            found: datetime | None = await uow.session.scalar(select(idempotency_keys.c.lease_until))
        return found

    async def renewed() -> bool:
        return await lease() != first

    claim = await idempotency.claim(database, database.unit_of_work(ada), scope, b"hash")
    first = await lease()
    await eventually(renewed)
    await claim.close()
    assert await lease() is None


async def test_a_request_that_ran_out_of_time_leaves_its_key_free(ada: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-7"}
    hurried = await ada.post(NOTES, json={"text": "slow"}, headers={**key, "X-Timeout-Ms": "150"})
    assert hurried.status_code == 504
    assert (await ada.post(NOTES, json={"text": "slow"}, headers=key)).status_code == 201
    assert len((await ada.get(NOTES)).json()["items"]) == 1


async def test_a_refusal_is_kept_under_the_key(ada: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k-5"}
    first = await ada.post(NOTES, json={"text": "refuse"}, headers=key)
    again = await ada.post(NOTES, json={"text": "refuse"}, headers=key)
    assert (first.status_code, again.status_code) == (409, 409)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"


async def test_a_key_is_one_person_s(app: FastAPI, ada: httpx2.AsyncClient, tenant: UUID) -> None:
    key = {"Idempotency-Key": "k-6"}
    await ada.post(NOTES, json={"text": "ada's"}, headers=key)
    async with client_of(app, token(tenant, sub="eve")) as eve:
        answer = await eve.post(NOTES, json={"text": "eve's"}, headers=key)
    assert answer.status_code == 201
    assert answer.json()["text"] == "eve's"


async def test_a_change_needs_the_version_that_was_read(ada: httpx2.AsyncClient) -> None:
    made = (await ada.post(NOTES, json={"text": "v1"})).json()
    path = f"{NOTES}/{made['id']}"
    assert (await ada.put(path, json={"text": "v2"})).status_code == 428
    assert (await ada.put(path, json={"text": "v2"}, headers={"If-Match": '"7"'})).status_code == 412
    assert (await ada.put(path, json={"text": "v2"}, headers={"If-Match": '"1"'})).status_code == 200
    assert (await ada.put(path, json={"text": "v3"}, headers={"If-Match": '"1"'})).status_code == 412


async def test_pages_hold_every_row_once(ada: httpx2.AsyncClient) -> None:
    made = [(await ada.post(NOTES, json={"text": str(number)})).json()["id"] for number in range(7)]
    seen: list[str] = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        page = (await ada.get(NOTES, params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "=" * 20])
async def test_a_bad_cursor_is_pointed_to(ada: httpx2.AsyncClient, cursor: str) -> None:
    answer = await ada.get(NOTES, params={"cursor": cursor})
    assert answer.status_code == 422
    assert problem_of(answer)["errors"][0]["pointer"] == "/query/cursor"


async def test_work_past_the_caller_s_deadline_stops(ada: httpx2.AsyncClient) -> None:
    answer = await ada.post(NOTES, json={"text": "slow"}, headers={"X-Timeout-Ms": "20"})
    assert answer.status_code == 504
    assert problem_of(answer)["code"] == "deadline_exceeded"
    assert (await ada.get(NOTES)).json()["items"] == []


async def test_the_tenant_s_limit_is_429_with_retry_after(probe_url: str, tenant: UUID) -> None:
    app = probe_app(probe_url, MovableClock(SystemClock().now()), per_minute=2)
    async with Lifespan(app), client_of(app, token(tenant)) as client:
        answers = [await client.get(NOTES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60


async def test_a_provider_that_never_answered_is_503_not_a_bad_token(tenant: UUID) -> None:
    away = HttpUrl(f"http://127.0.0.1:{free_port()}/keys")
    issuer = IssuerSettings(issuer="https://login.example.com", jwks_url=away)
    app = probe_app("postgresql://nobody@127.0.0.1:1/nothing", SystemClock(), issuers=(issuer,))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bearer = jwt.encode({"iss": issuer.issuer}, key, algorithm="RS256", headers={"kid": "1"})
    async with client_of(app, bearer) as client:
        answer = await client.get(NOTES)
    assert problem_of(answer)["code"] == "unavailable"
    assert answer.status_code == 503


async def test_outside_development_development_tokens_and_unknown_tenants_are_refused(
    probe_url: str, tenant: UUID
) -> None:
    app = probe_app(probe_url, SystemClock(), environment="production")
    internal = mint_internal_token(
        secret=INTERNAL_SECRET,
        audience="probe",
        tenant=tenant,
        actor="ada",
        scope="probe:read",
        now=SystemClock().now(),
    )
    async with Lifespan(app), client_of(app, token(tenant)) as person, client_of(app, internal) as service:
        assert (await person.get(NOTES)).status_code == 401
        assert problem_of(await service.get(NOTES))["code"] == "unknown_tenant"


async def test_health_and_docs_are_served_in_both_places(nobody: httpx2.AsyncClient) -> None:
    for base in ("", "/api/v1/probe"):
        assert (await nobody.get(f"{base}/health")).json() == {"status": "healthy"}
        ready = (await nobody.get(f"{base}/health/ready")).json()
        assert ready["status"] == "ready"
        assert set(ready["dependencies"]) == {"database", "bus", "cache", "registry"}
        page = await nobody.get(f"{base}/docs")
        assert f'"{base}/openapi.json"' in page.text.replace("'", '"')
        assert "https://" not in page.text
        assert (
            (await nobody.get(f"{base}/docs/swagger-ui.css")).headers["content-type"].startswith("text/css")
        )
        assert (await nobody.get(f"{base}/openapi.json")).json()["info"]["title"] == "ValueVerse Probe"


async def test_metrics_count_requests_by_route_template(ada: httpx2.AsyncClient) -> None:
    await ada.get(f"{NOTES}/{uuid4()}")
    text = (await ada.get("/api/v1/metrics")).text
    assert 'route="/api/v1/probe/notes/{note_id}"' in text
    assert 'service="probe"' in text


async def test_a_harmless_request_id_is_kept_and_another_replaced(nobody: httpx2.AsyncClient) -> None:
    kept = await nobody.get("/health", headers={"X-Request-ID": "abc-1"})
    replaced = await nobody.get("/health", headers={"X-Request-ID": "a b\tc"})
    assert kept.headers["x-request-id"] == "abc-1"
    assert replaced.headers["x-request-id"] != "a b\tc"

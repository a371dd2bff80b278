"""Bad input to every operation of every service, read from OpenAPI: refused before anything is done."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.chassis.transaction import BODY_LIMIT, DEFAULT_BODY_LIMIT
from tests.harness.platform import Company
from tests.platform.makers import filled_path
from tests.platform.operations import OPERATIONS, Operation

GUARDED = [operation for operation in OPERATIONS if not operation.is_public]
WITH_BODY = [operation for operation in OPERATIONS if operation.body_example() is not None]
METHODS_OF: dict[str, set[str]] = defaultdict(set)
for each in OPERATIONS:
    METHODS_OF[each.path].add(each.method.upper())

JSON = {"Content-Type": "application/json"}


def ids(operation: Operation) -> str:
    return operation.id


async def sent(
    company: Company, operation: Operation, *, headers: dict[str, str] | None = None, **request: Any
) -> httpx2.Response:
    """The answer to somebody with the operation's scopes, who sends all else as it should be."""
    person = company.person("ada", scopes=sorted(operation.scopes))
    path = filled_path(operation, str(uuid4()))
    headers = {"If-Match": '"1"', **(headers or {})}
    return await person.request(operation.method.upper(), path, headers=headers, **request)


def refused(answer: httpx2.Response, status: int, pointer: str | None = None) -> str:
    """The detail of the problem, once it is seen to be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
    return str(problem["detail"])


@pytest.mark.parametrize("operation", WITH_BODY, ids=ids)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", ""]
)
async def test_another_content_type_is_415(company: Company, operation: Operation, kind: str) -> None:
    body = json.dumps(operation.body_example()).encode()
    answer = await sent(company, operation, content=body, headers={"Content-Type": kind})
    refused(answer, 415)


@pytest.mark.parametrize("operation", WITH_BODY, ids=ids)
async def test_malformed_json_is_400_with_its_position(company: Company, operation: Operation) -> None:
    answer = await sent(company, operation, content=b'{"a": 1,}', headers=JSON)
    assert "position 8" in refused(answer, 400)


@pytest.mark.parametrize("operation", WITH_BODY, ids=ids)
async def test_an_unknown_field_is_422(company: Company, operation: Operation) -> None:
    body = {**operation.body_example(), "surprise": 1}
    refused(await sent(company, operation, json=body), 422, "/surprise")


@pytest.mark.parametrize("operation", WITH_BODY, ids=ids)
async def test_a_body_has_its_limit(company: Company, operation: Operation) -> None:
    """Told in advance or not: what is declared once a route is what is read at most."""
    limit = operation.document.get(BODY_LIMIT, DEFAULT_BODY_LIMIT)
    full = b"[" + b" " * (limit - 2) + b"]"

    async def untold() -> AsyncIterator[bytes]:
        for start in range(0, limit, 65536):
            yield full[start : start + 65536]
        yield b" "

    assert (await sent(company, operation, content=full, headers=JSON)).status_code == 422
    for content in (full + b" ", untold()):
        assert str(limit) in refused(await sent(company, operation, content=content, headers=JSON), 413)


@pytest.mark.parametrize("operation", GUARDED, ids=ids)
async def test_an_unknown_query_parameter_is_422(company: Company, operation: Operation) -> None:
    answer = await sent(company, operation, params={"surprise": "1"}, json=operation.body_example())
    refused(answer, 422, "/query/surprise")


@pytest.mark.parametrize("operation", GUARDED, ids=ids)
@pytest.mark.parametrize("deadline", ["soon", "-1", "NaN", "1e99", ""])
async def test_a_deadline_that_is_none_is_422(company: Company, operation: Operation, deadline: str) -> None:
    headers = {"X-Timeout-Ms": deadline}
    answer = await sent(company, operation, headers=headers, json=operation.body_example())
    refused(answer, 422, "/header/X-Timeout-Ms")


@pytest.mark.parametrize("path", METHODS_OF)
async def test_another_method_is_405_and_told_which_there_are(company: Company, path: str) -> None:
    operation = next(each for each in OPERATIONS if each.path == path)
    app = company.platform.embedded.apps[operation.service]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service") as client:
        answer = await client.request("TRACE", filled_path(operation, str(uuid4())))
    refused(answer, 405)
    assert set(answer.headers["allow"].split(", ")) == METHODS_OF[path]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/architect/models/%00",
        "/api/v1/architect/models/%ff",
        "/api/v1/architect/models/..%2f..%2fhealth",
        f"/api/v1/architect/models/{'9' * 5000}",
        "/api/v1/architect/models/00000000-0000-0000-0000-000000000000/versions/0",
        "/api/v1/architect/models/00000000-0000-0000-0000-000000000000/versions/99999999999999999999",
        "/api/v1/notification/inbox/me",
    ],
)
async def test_what_names_nothing_is_404_or_422(company: Company, path: str) -> None:
    answer = await company.person("ada", "value-engineer").get(path)
    assert answer.status_code in {404, 422}
    refused(answer, answer.status_code)


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "schl\u00fcssel"])
async def test_an_idempotency_key_is_a_short_word(company: Company, key: str) -> None:
    person = company.person("ada", "value-engineer")
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await person.post("/api/v1/architect/accounts", json={}, headers=headers)
    refused(answer, 422, "/header/idempotency-key")


async def test_nobody_s_body_is_not_read(company: Company) -> None:
    """Without a token even what cannot be read is 401, and nothing is told of what would be wrong."""
    async with company.platform.client() as nobody:
        answer = await nobody.post("/api/v1/architect/accounts", content=b"\xff" * 100, headers=JSON)
    refused(answer, 401)

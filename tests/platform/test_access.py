"""Every operation of every service asks for a token, its scope, and its own tenant: read from OpenAPI."""

from typing import Any
from uuid import uuid4

import pytest

from services.launcher.routes import gateway_routes
from services.schemas.directory import SERVICES
from tests.harness.platform import Company, TestPlatform
from tests.platform.makers import MAKERS, filled_path
from tests.platform.operations import OPERATIONS, Operation

GUARDED = [operation for operation in OPERATIONS if not operation.is_public]
WITH_IDS = [operation for operation in GUARDED if operation.path_parameters]


def ids(operation: Operation) -> str:
    return operation.id


async def call(client: Any, operation: Operation, path: str) -> Any:
    body = operation.body_example()
    headers = {"If-Match": '"1"'}
    return await client.request(operation.method.upper(), path, json=body, headers=headers)


@pytest.mark.parametrize("operation", GUARDED, ids=ids)
async def test_without_a_token_it_is_401(platform: TestPlatform, operation: Operation) -> None:
    async with platform.client() as nobody:
        answer = await call(nobody, operation, filled_path(operation, str(uuid4())))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("operation", GUARDED, ids=ids)
async def test_without_the_scope_it_is_403(company: Company, operation: Operation) -> None:
    assert operation.scopes, "an operation that asks for a token asks for a scope"
    stranger = company.person("stranger", scopes=["nothing:read"])
    answer = await call(stranger, operation, filled_path(operation, str(uuid4())))
    assert answer.status_code == 403


@pytest.mark.parametrize("operation", WITH_IDS, ids=ids)
async def test_a_foreign_tenant_s_id_is_404(
    company: Company, other_company: Company, operation: Operation
) -> None:
    path = await MAKERS.path_of(operation, company)
    intruder = other_company.person("intruder", scopes=sorted(operation.scopes))
    answer = await call(intruder, operation, path)
    assert answer.status_code == 404, answer.text
    # The thing is really there: its own tenant is answered otherwise, by whoever it concerns.
    owner = company.person(MAKERS.reader_of(operation), scopes=sorted(operation.scopes))
    assert (await call(owner, operation, path)).status_code != 404


def test_what_needs_no_token_is_what_the_gateway_leaves_open() -> None:
    open_routes = [route for route in gateway_routes() if route.is_open]
    public = {(operation.method.upper(), operation.path) for operation in OPERATIONS if operation.is_public}
    for operation in OPERATIONS:
        at_the_gateway = any(route.matches(operation.method.upper(), operation.path) for route in open_routes)
        assert at_the_gateway == ((operation.method.upper(), operation.path) in public), operation.id


def test_every_operation_is_routed_to_its_own_service() -> None:
    routes = gateway_routes()
    for operation in OPERATIONS:
        route = next(each for each in routes if each.matches(operation.method.upper(), operation.path))
        assert route.service == operation.service


def test_kong_s_services_are_those_of_the_directory() -> None:
    assert {route.service for route in gateway_routes()} == {each.name for each in SERVICES.values()}


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_every_operation_says_what_it_does_and_what_it_refuses(operation: Operation) -> None:
    assert operation.document["summary"]
    for status, answer in operation.document["responses"].items():
        if int(status) >= 400 and operation.path.rpartition("/")[2] != "ready":
            assert list(answer["content"]) == ["application/problem+json"], f"{operation.id} {status}"

"""Every example of a request body in OpenAPI succeeds, with the ids of things that exist in its place."""

from typing import Any

import pytest

from services.chassis.roles import SERVICES
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE
from tests.committer.api.cases import COMMITMENTS, Deal
from tests.harness.platform import Company
from tests.platform.makers import MAKERS, accept_a_hypothesis, make_account
from tests.platform.operations import OPERATIONS, Operation

WITH_BODY = [operation for operation in OPERATIONS if operation.takes_json]
READABLE = {operation.path for operation in OPERATIONS if operation.method == "get"}
CASES = [(operation, example) for operation in WITH_BODY for example in operation.body_examples()]


def ids(value: object) -> str:
    return value.id if isinstance(value, Operation) else ""


async def _with_real_ids(example: Any, company: Company) -> Any:
    if not isinstance(example, dict):
        return example
    if "model_id" in example:
        return {**example, "model_id": (await Deal(company).model(VALUE_MODEL_EXAMPLE))["id"]}
    if "commitments" in example:
        return {**example, "commitments": [await _commitment(company)]}
    if "account_id" not in example:
        return example
    account_id = (await make_account(company))["account_id"]
    if example.get("source") == "hypotheses":
        await accept_a_hypothesis(company, account_id)
    return {**example, "account_id": account_id}


async def _commitment(company: Company) -> str:
    """The id of one drawn as the example of commitments says."""
    [body] = (each for operation, each in CASES if operation.id == f"POST {COMMITMENTS}")
    model = await Deal(company).model(VALUE_MODEL_EXAMPLE)
    drawn: dict[str, Any] = await Deal(company).commitment(model, **{**body, "model_id": model["id"]})
    return str(drawn["id"])


async def _etag(template: str, path: str, company: Company) -> str:
    """The ETag of the nearest thing on the way up the path that has one."""
    reader = company.person("maker", scopes=[f"{service}:read" for service in SERVICES])
    while template:
        if template in READABLE:
            answer = await reader.get(path)
            if "etag" in answer.headers:
                return answer.headers["etag"]
        template, path = template.rpartition("/")[0], path.rpartition("/")[0]
    return '"1"'


@pytest.mark.parametrize(("operation", "example"), CASES, ids=ids)
async def test_an_example_succeeds_as_it_stands(company: Company, operation: Operation, example: Any) -> None:
    path = await MAKERS.path_of(operation, company) if operation.path_parameters else operation.path
    if operation.path.endswith("/return"):
        author = company.person("maker", scopes=["architect:write", "committer:write"])
        await author.post(path.replace("/return", "/request-review"), headers={"If-Match": '"1"'})
    person = company.person("somebody", scopes=sorted(operation.scopes))
    answer = await person.request(
        operation.method.upper(),
        path,
        json=await _with_real_ids(example, company),
        headers={"If-Match": await _etag(operation.path, path, company)},
    )
    assert answer.is_success, answer.text


def test_every_body_has_an_example() -> None:
    assert [operation.id for operation in WITH_BODY if not operation.body_examples()] == []

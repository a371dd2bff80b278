"""Every example of a request body in OpenAPI succeeds, with the ids of things that exist in its place."""

from typing import Any

import pytest

from tests.harness.platform import Company
from tests.platform.makers import MAKERS, accept_a_hypothesis, make_account
from tests.platform.operations import OPERATIONS, Operation

WITH_BODY = [operation for operation in OPERATIONS if "requestBody" in operation.document]
CASES = [(operation, example) for operation in WITH_BODY for example in operation.body_examples()]


def ids(value: object) -> str:
    return value.id if isinstance(value, Operation) else ""


async def _with_real_ids(example: Any, company: Company) -> Any:
    if not (isinstance(example, dict) and "account_id" in example):
        return example
    account_id = (await make_account(company))["account_id"]
    if example.get("source") == "hypotheses":
        await accept_a_hypothesis(company, account_id)
    return {**example, "account_id": account_id}


@pytest.mark.parametrize(("operation", "example"), CASES, ids=ids)
async def test_an_example_succeeds_as_it_stands(company: Company, operation: Operation, example: Any) -> None:
    path = await MAKERS.path_of(operation, company) if operation.path_parameters else operation.path
    revision = 1
    if operation.path.endswith("/return"):
        engineer = company.person("maker", "value-engineer")
        asked = await engineer.post(path.replace("/return", "/request-review"), headers={"If-Match": '"1"'})
        revision = asked.json()["revision"]
    person = company.person("somebody", scopes=sorted(operation.scopes))
    answer = await person.request(
        operation.method.upper(),
        path,
        json=await _with_real_ids(example, company),
        headers={"If-Match": f'"{revision}"'},
    )
    assert answer.is_success, answer.text


def test_every_body_has_an_example() -> None:
    assert [operation.id for operation in WITH_BODY if not operation.body_examples()] == []

"""Every OpenAPI document held against its running service, by all checks of Schemathesis.

Its requests come from the documents alone: each example, each bound and each way to break a schema once, then
a few drawn ones. Where an operation names something, it names something that is there.
"""

import asyncio
from functools import cache
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.config import ChecksConfig, SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test

from tests.harness.platform import Company
from tests.platform.loop_bridge import LoopBridge
from tests.platform.makers import MAKERS
from tests.platform.operations import OPERATIONS, Operation, operations_of

# Requests are drawn in a thread, while the services on this loop draw the ids of their spans.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module inside strategies:hypothesis.errors.HypothesisDeprecationWarning"
)

EVERY_SCOPE = sorted({scope for operation in OPERATIONS for scope in operation.scopes})

# What Schemathesis does not know as answers, where an operation declares them.
ALSO_TO_GOOD_DATA = {"412", "422", "428"}
ALSO_TO_BAD_DATA = {"412"}
LEAST_BODY_LIMIT = 2**20

A_FEW = settings(
    max_examples=3, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
MANY = settings(A_FEW, max_examples=500, derandomize=False)
# Of a document's examples, bounds and breakages: a large one has a thousand.
MOST_CASES = 16


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
async def test_it_answers_as_documented(operation: Operation, company: Company) -> None:
    await _hold_against_its_document(operation, company, A_FEW, most_cases=MOST_CASES)


@pytest.mark.fuzz
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
async def test_it_answers_everything_as_documented(operation: Operation, company: Company) -> None:
    await _hold_against_its_document(operation, company, MANY)


async def _hold_against_its_document(
    operation: Operation, company: Company, drawn: settings, *, most_cases: int | None = None
) -> None:
    parameters = await MAKERS.parameters_of(operation, company) if operation.path_parameters else {}
    token = company.platform.token(company.tenant, sub=MAKERS.reader_of(operation), scopes=EVERY_SCOPE)
    person = company.person("maker", scopes=EVERY_SCOPE)
    loop = asyncio.get_running_loop()

    @drawn
    def call(case: Any) -> None:
        if not (case.meta and case.meta.is_negative_at(ParameterLocation.PATH)):
            case.path_parameters.update(parameters)
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        # A body past its limit is not read, whatever stands in it.
        if answer.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE or not _is_large(answer):
            case.validate_response(answer)
        if answer.status_code == HTTPStatus.ACCEPTED:  # as much work as a document allows, for nobody
            (location,) = answer.headers["location"]
            asyncio.run_coroutine_threadsafe(person.delete(location), loop).result()

    app = company.platform.embedded.apps[operation.service]
    schema = _schema_of(app, loop)
    test = create_test(
        operation=schema[operation.path][operation.method],
        test_func=call,
        config=HypothesisTestConfig(project=schema.config, modes=list(HypothesisTestMode)),
    )
    if most_cases is not None:
        _thin_out(test, most_cases)
    # In a thread: it calls by itself and waits, while the services work on this loop.
    await asyncio.to_thread(test)


def _is_large(answer: Any) -> bool:
    return len(answer.request.body or b"") > LEAST_BODY_LIMIT


def _thin_out(test: Any, most: int) -> None:
    """Leaves every nth of the cases that do not come from drawing."""
    cases = test.hypothesis_explicit_examples
    test.hypothesis_explicit_examples = cases[:: len(cases) // most + 1]


@cache
def _schema_of(app: FastAPI, loop: asyncio.AbstractEventLoop) -> Any:
    """A running service's document as Schemathesis reads it, with what each operation may answer."""
    operations = [
        {"include-name": operation.id, "checks": _checks_of(operation)}
        for operation in operations_of({app.title: app})
    ]
    config = SchemathesisConfig.from_dict(
        # Every call carries its token: a generated one in its place would say nothing.
        {"operations": operations, "generation": {"with-security-parameters": False}}
    )
    schema = schemathesis.openapi.from_dict(app.openapi(), config=config)
    schema.app = LoopBridge(app, loop)
    return schema


def _checks_of(operation: Operation) -> dict[str, Any]:
    declared = set(operation.document["responses"])
    usual = ChecksConfig()

    def also(check: Any, statuses: set[str]) -> dict[str, Any]:
        return {"expected-statuses": [*check.expected_statuses, *sorted(declared & statuses)]}

    return {
        "positive_data_acceptance": also(usual.positive_data_acceptance, ALSO_TO_GOOD_DATA),
        "negative_data_rejection": also(usual.negative_data_rejection, ALSO_TO_BAD_DATA),
    }

"""What a refusal looks like."""

import httpx2

from tests.calculation_engine.models import Json

VALIDATION = "validation_failed"


def refused(answer: httpx2.Response, status: int, code: str) -> Json:
    """The problem, once it is seen to be of this status and code."""
    problem: Json = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    return problem

"""How errors become problems: pointers, and what counts as away."""

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.chassis.problem_answers import pointer_of, translate
from services.chassis.problems import Conflict, InternalError, NotFound, Unavailable

PERT = {"model": {"inputs": {"x": {"distribution": {"kind": "pert", "low": 1}}}}}


@pytest.mark.parametrize(
    ("location", "body", "pointer"),
    [
        (("body", "name"), {"name": 3}, "/name"),
        (("body", "a/b", "c~d"), {"a/b": {}}, "/a~1b/c~0d"),
        (("body", "rows", 2, "key"), {"rows": [{}, {}, {}]}, "/rows/2/key"),
        (
            ("body", "model", "inputs", "x", "distribution", "pert", "mode"),
            PERT,
            "/model/inputs/x/distribution/mode",
        ),
        (("body", "model", "inputs", "x", "distribution"), PERT, "/model/inputs/x/distribution"),
        (("body", "model", "inputs", "x", "distribution", "pert"), PERT, "/model/inputs/x/distribution"),
        (("body", "inputs", "X", "[key]"), {"inputs": {"X": 1}}, "/inputs/X"),
        (("query", "limit"), None, "/query/limit"),
        (("body",), None, ""),
    ],
)
def test_a_pointer_names_the_place_in_the_body(
    location: tuple[str | int, ...], body: object, pointer: str
) -> None:
    assert pointer_of(location, body) == pointer


def test_what_is_absent_is_named_even_if_it_is_called_like_a_tag() -> None:
    assert pointer_of(("body", "kind"), {"tag": "kind"}, absent=True) == "/kind"


class Refusal(Exception):
    """What a driver raises, with PostgreSQL's state."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize("sqlstate", ["57P01", "57P03", "08006", "53300"])
def test_a_database_that_is_away_is_503(sqlstate: str) -> None:
    assert isinstance(translate(DBAPIError("SELECT 1", {}, Refusal(sqlstate))), Unavailable)


def test_what_the_database_finds_wrong_is_not_the_caller_s_business() -> None:
    problem = translate(DBAPIError("SELECT x", {}, Refusal("42703")))
    assert isinstance(problem, InternalError)
    assert "42703" not in problem.detail


def test_a_contradiction_is_409() -> None:
    assert isinstance(translate(IntegrityError("INSERT", {}, Refusal("23505"))), Conflict)


def test_a_problem_stays_what_it_is_and_the_unforeseen_says_nothing() -> None:
    found = NotFound("There is no such note.")
    assert translate(found) is found
    assert "secret" not in translate(RuntimeError("secret")).detail

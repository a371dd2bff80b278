"""From evaluations to value: a plan's periods among the model's, rounded once."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.amplifier.domain.admission import Inadmissible, require_admissible, unfit
from services.amplifier.domain.standing import is_reached, threshold, variance_in_words
from services.amplifier.domain.yardstick import Yardstick
from services.schemas.commands import CreateSuccessPlan
from services.schemas.commitments import Commitment
from services.schemas.evaluation import Evaluation, Line, PeriodTable
from services.schemas.money import Money
from services.schemas.periods import periods
from services.schemas.value_model import PeriodLength, ValueModel
from tests.amplifier.api.cases import MODEL, QUARTERS, downtime, scrap

VALUE_MODEL = ValueModel.model_validate(MODEL)


def commitment(**changes: Any) -> Commitment:
    return Commitment.model_validate(downtime(**changes))


def evaluation(length: PeriodLength, *amounts: float) -> Evaluation:
    """What is read of an evaluation: the line of one driver."""
    series = (0.0, *amounts)
    line = Line(key="downtime", gross=series, risk_adjusted=series, discounted=series)
    read: dict[str, Any] = {"drivers": (line,)}
    of_the_whole: dict[str, Any] = {
        "currency": "EUR",
        "period_length": length,
        "periods": PeriodTable.model_construct(**read),
    }
    return Evaluation.model_construct(**of_the_whole)


def yardstick(length: PeriodLength, count: int) -> Yardstick:
    return Yardstick(VALUE_MODEL, periods(date(2026, 1, 1), length, count), (commitment(),))


@pytest.mark.parametrize(
    ("modelled", "planned", "amounts", "expected"),
    [
        ("quarter", "quarter", (1.0, 2.0), ["1.00", "2.00"]),
        ("year", "quarter", (1.0,), ["0.25", "0.25", "0.25", "0.25"]),
        ("year", "month", (0.12,), ["0.01"] * 12),
        ("month", "quarter", (0.1, 0.2, 0.3, 4.0, 5.0, 6.0), ["0.60", "15.00"]),
        ("quarter", "year", (1.0, 2.0, 3.0, 4.0), ["10.00"]),
        # Half-even, of the shortest decimal that the number stands for.
        ("quarter", "quarter", (0.125, 0.135, -0.125, 2.675), ["0.12", "0.14", "-0.12", "2.68"]),
    ],
)
def test_value_by_the_plan_s_own_periods(
    modelled: PeriodLength, planned: PeriodLength, amounts: tuple[float, ...], expected: list[str]
) -> None:
    found = yardstick(planned, len(expected))
    values = [
        found.value(evaluation(modelled, *amounts), "downtime", place) for place in range(len(expected))
    ]
    assert [value.amount for value in values] == [Decimal(amount) for amount in expected]


@given(st.lists(st.decimals(-(10**6), 10**6, places=2), min_size=12, max_size=12))
def test_a_year_s_value_is_that_of_its_months(amounts: list[Decimal]) -> None:
    line = evaluation("month", *map(float, amounts))
    quarters = [yardstick("quarter", 4).value(line, "downtime", place).amount for place in range(4)]
    assert sum(quarters) == yardstick("year", 1).value(line, "downtime", 0).amount == sum(amounts)


def test_only_promised_drivers_are_evaluated_and_only_what_was_measured() -> None:
    found = yardstick("quarter", 1)
    assert list(found.questions(0, {})) == []
    [question] = found.questions(0, {("downtime_hours", "2026-02"): Decimal(14)})
    assert (question.driver_key, question.input, question.measured) == ("downtime", "hours", Decimal(14))
    assert found.units == {"downtime_hours": "hours/month", "scrap_share": "share"}


@given(
    st.decimals(-100, 100, places=3),
    st.decimals(-100, 100, places=3),
    st.decimals(0, 1, places=2),
)
def test_the_target_itself_is_always_reached_and_the_baseline_only_by_full_tolerance(
    baseline: Decimal, target: Decimal, tolerance: Decimal
) -> None:
    if baseline == target:
        return
    direction = "increase" if target > baseline else "decrease"
    promise = commitment(
        baseline=str(baseline), target=str(target), tolerance=str(tolerance), direction=direction
    )
    assert is_reached(promise, target)
    assert is_reached(promise, threshold(promise))
    assert is_reached(promise, baseline) == (tolerance == 1)
    assert not is_reached(promise, None)


@pytest.mark.parametrize(
    ("committed", "realised", "gaps", "said"),
    [
        ("1000", "1200.60", [], "EUR 200.60 (20.1%) more."),
        ("1000", "250", ["2026-02"], "EUR 750 (75.0%) less. Nothing was measured in 2026-02."),
        ("1000", "1000", [], "committed: as committed."),
        ("0", "5", [], "EUR 5 more."),
    ],
)
def test_a_variance_in_words(committed: str, realised: str, gaps: list[str], said: str) -> None:
    promised = Money(amount=Decimal(committed), currency="EUR")
    brought = Money(amount=Decimal(realised), currency="EUR")
    assert variance_in_words(promised, brought, gaps).endswith(said)


def command(**changes: Any) -> CreateSuccessPlan:
    return CreateSuccessPlan.model_validate(
        {
            "contract_id": str(uuid4()),
            "name": "A plan",
            "owner": "sam",
            "model_id": str(uuid4()),
            "version_hash": "a" * 64,
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            "periods": QUARTERS,
            "commitments": [downtime(), scrap()],
            **changes,
        }
    )


HALF = {"key": "half", "start": "2026-07-01", "end": "2027-01-01"}
GAP = {"key": "2026-Q4", "start": "2026-10-01", "end": "2027-01-01"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"periods": []}, "/periods"),
        ({"periods": [*QUARTERS, GAP]}, "/periods"),
        ({"periods": [*QUARTERS, HALF]}, "/periods"),
        ({"periods": [QUARTERS[0], {**QUARTERS[1], "end": "2026-07-20"}]}, "/periods"),
        ({"periods": [QUARTERS[0], {**QUARTERS[1], "key": "2026-Q1"}]}, "/periods"),
        ({"commitments": []}, "/commitments"),
        ({"commitments": [downtime(), downtime()]}, "/commitments"),
        ({"commitments": [downtime(committed=["1"])]}, "/commitments/0/committed"),
        ({"commitments": [downtime(due_period="2027-Q1")]}, "/commitments/0/due_period"),
        ({"commitments": [downtime(target="30")]}, "/commitments/0/target"),
        ({"commitments": [downtime(target="20")]}, "/commitments/0/target"),
        ({"commitments": [downtime(committed=["1", "1e900"])]}, "/commitments/0"),
    ],
)
def test_what_does_not_hold_together_is_not_admitted(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Inadmissible) as refused:
        require_admissible(command(**changes))
    assert pointer in [finding.pointer for finding in refused.value.findings]


def test_what_holds_together_is() -> None:
    require_admissible(command())
    assert unfit(command(), VALUE_MODEL) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"currency": "USD"}, "/currency"),
        ({"commitments": [downtime(driver_key="unheard_of")]}, "/commitments/0/driver_key"),
        ({"commitments": [downtime(driver_key="unmeasured")]}, "/commitments/0/driver_key"),
        ({"commitments": [downtime(metric="mood")]}, "/commitments/0/metric"),
        ({"commitments": [downtime(unit="days")]}, "/commitments/0/unit"),
        (
            {
                "periods": [
                    {"key": str(year), "start": f"{year}-01-01", "end": f"{year + 1}-01-01"}
                    for year in (2026, 2027, 2028)
                ]
            },
            "/periods",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_found_out(changes: dict[str, Any], pointer: str) -> None:
    assert [finding.pointer for finding in unfit(command(**changes), VALUE_MODEL)] == [pointer]

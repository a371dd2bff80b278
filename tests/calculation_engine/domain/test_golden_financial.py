"""Published worked examples of the financial functions."""

import numpy as np
import pytest

from services.calculation_engine.domain import financial
from services.calculation_engine.domain.discounting import Flow
from services.calculation_engine.domain.drawn_irr import Flows, rates_of_return
from services.calculation_engine.domain.loops.choice import Loops
from tests.calculation_engine.every_loop import EVERY_LOOP
from tests.golden import Case, cases, identities

CASES = cases("financial")


def of(function: str) -> list[Case]:
    return [case for case in CASES if case["function"] == function]


def flow_of(case: Case) -> Flow:
    return np.array(case["inputs"]["values"], dtype=np.float64)


@pytest.mark.parametrize("case", of("NPV"), ids=identities(of("NPV")))
def test_npv(case: Case) -> None:
    flow = flow_of(case)
    if "first value discounted one period" in case["conventions"]:
        flow = np.concatenate(([0.0], flow))
    expected = case["expected"]["npv"]
    assert financial.npv(case["inputs"]["rate"], flow) == pytest.approx(
        expected["value"], abs=expected["tolerance"]
    )


SINGLE = [case for case in of("IRR") if "irr" in case["expected"]]
SEVERAL = [case for case in of("IRR") if "irr_all" in case["expected"]]


@pytest.mark.parametrize("case", SINGLE, ids=identities(SINGLE))
def test_irr(case: Case) -> None:
    expected = case["expected"]["irr"]
    roots = financial.irr_roots(flow_of(case))
    if expected["value"] is None:
        assert roots == []
    else:
        nearest = min(roots, key=lambda root: abs(root - expected["value"]))
        assert nearest == pytest.approx(expected["value"], abs=expected["tolerance"])


@pytest.mark.parametrize("case", SEVERAL, ids=identities(SEVERAL))
def test_every_irr_is_found(case: Case) -> None:
    expected = case["expected"]["irr_all"]
    assert financial.irr_roots(flow_of(case)) == pytest.approx(expected["value"], abs=expected["tolerance"])


@pytest.mark.parametrize("loops", EVERY_LOOP)
@pytest.mark.parametrize("case", of("IRR"), ids=identities(of("IRR")))
def test_irr_over_draws_is_the_single_one(case: Case, loops: Loops) -> None:
    flow = flow_of(case)
    roots = financial.irr_roots(flow)
    drawn = rates_of_return(loops, Flows.of(np.stack([flow, 3 * flow], axis=1)))
    expected = roots[0] if len(roots) == 1 else np.nan
    assert drawn.single == pytest.approx(np.full(2, expected), abs=1e-9, nan_ok=True)
    assert drawn.several.tolist() == [len(roots) > 1] * 2


ANNUITIES = [case for case in of("PV") if case["inputs"]["type"] == 0]


def rate_of(case: Case) -> float:
    """Some sources print a quotient."""
    numerator, _, divisor = str(case["inputs"]["rate"]).partition("/")
    return float(numerator) / float(divisor or 1)


@pytest.mark.parametrize("case", ANNUITIES, ids=identities(ANNUITIES))
def test_an_annuity_is_worth_its_present_value(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]["pv"]
    flow = np.full(inputs["nper"] + 1, float(inputs["pmt"]))
    flow[0] = 0
    flow[-1] += inputs["fv"]
    assert financial.npv(rate_of(case), flow) == pytest.approx(-expected["value"], abs=expected["tolerance"])


@pytest.mark.parametrize("case", of("RATE"), ids=identities(of("RATE")))
def test_a_rate_is_the_irr_of_its_payments(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]["rate"]
    flow = np.full(inputs["nper"] + 1, float(inputs["pmt"]))
    flow[0] = inputs["pv"]
    flow[-1] += inputs["fv"]
    (root,) = financial.irr_roots(flow)
    assert root == pytest.approx(expected["value"], abs=expected["tolerance"])


@pytest.mark.parametrize("case", of("MIRR"), ids=identities(of("MIRR")))
def test_mirr(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]["mirr"]
    found = financial.mirr(flow_of(case), inputs["finance_rate"], inputs["reinvest_rate"])
    if expected["value"] is None:
        assert found is None
    else:
        assert found == pytest.approx(expected["value"], abs=expected["tolerance"])


@pytest.mark.parametrize("case", of("payback"), ids=identities(of("payback")))
def test_payback_and_profitability(case: Case) -> None:
    rate, flow = case["inputs"]["rate"], flow_of(case)
    discounted = flow * (1 + rate) ** -np.arange(len(flow))
    computed = {
        "npv": financial.npv(rate, flow),
        "payback_years": financial.payback(flow),
        "discounted_payback_years": financial.payback(discounted),
        "profitability_index": financial.profitability_index(rate, flow),
        "discounted_flows": discounted[1:].tolist(),
        "cumulative_discounted": np.cumsum(discounted).tolist(),
    }
    for name, expected in case["expected"].items():
        # One source sums rounded rows: the case's note says so.
        tolerance = 0.0075 if not case["verified"] and name == "npv" else expected["tolerance"]
        assert computed[name] == pytest.approx(expected["value"], abs=tolerance), name

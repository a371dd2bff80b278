"""Small deals to compute by hand, and random ones."""

from typing import Any

from hypothesis import strategies as st

from services.schemas.deal_optimization import DealOptimization, DealOptimizationRequest, DealPoint
from services.schemas.value_model import ValueModel
from tests.calculation_engine.models import Json, a_cost, a_driver, a_model, an_input, random_models

SUBSCRIPTION: Json = {
    "kind": "subscription",
    "key": "platform",
    "label": "Platform",
    "amount_per_period": "100",
}
MILESTONE: Json = {
    "kind": "milestone",
    "key": "live_fee",
    "label": "Go-live",
    "milestone": "live",
    "amount": "50",
    "due": "2028-03-01",
}
SHARE: Json = {
    "kind": "gain_share",
    "key": "gain",
    "label": "Share of the gain",
    "commitments": ["saved"],
    "share": "0.2",
}
SAVED: Json = {"key": "saved", "driver_key": "saving"}


def an_uncertain_model(**fields: Any) -> Json:
    """A saving of about 1000 a year for three years, and nothing to pay but what the contract charges."""
    spread = {"kind": "normal", "mean": 1000, "sd": 300}
    return a_model(
        inputs={"x": an_input(distribution=spread)}, drivers=[a_driver("saving", "x")], costs=[], **fields
    )


def a_deal(*terms: Json, **fields: Any) -> Json:
    """Of a subscription and a share of the gain, if nothing else is named."""
    pricing = {
        "terms": [*terms] or [SUBSCRIPTION, SHARE],
        "commitments": [SAVED],
        "effective_on": "2027-01-01",
    }
    return {"model": an_uncertain_model(), "pricing": pricing, "draws": 400, **fields}


def a_decision(term: str, field: str, low: float, high: float, step: float | None = None) -> Json:
    return {"term": term, "field": field, "low": low, "high": high, "step": step}


def requested(deal: Json) -> DealOptimizationRequest:
    return DealOptimizationRequest.model_validate(deal)


def efficient(answer: DealOptimization) -> list[DealPoint]:
    return [point for point in answer.points if point.standing == "efficient"]


def of_model(model: ValueModel, **fields: Any) -> Json:
    """A deal on a random model, whose first driver it covers."""
    deal = a_deal(**fields)
    saved = {**SAVED, "driver_key": model.drivers[0].key}
    return {**deal, "model": model.model_dump(), "pricing": {**deal["pricing"], "commitments": [saved]}}


@st.composite
def random_deals(draw: st.DrawFn) -> Json:
    """Deals on random models, with two to four decisions, some with constraints."""
    amounts = st.integers(0, 10**6).map(float)
    open_ones = [
        a_decision("platform", "amount_per_period", 0, draw(amounts)),
        a_decision("gain", "share", 0, 1, 0.05),
        a_decision("gain", "floor_per_period", 0, draw(amounts), 1000),
        a_decision("gain", "cap_per_period", 0, draw(amounts), 1000),
    ]
    figures = ["vendor_margin", "vendor_p10_margin", "customer_npv", "customer_p10_npv"]
    asked = draw(st.lists(st.sampled_from(figures), max_size=2, unique=True))
    return of_model(
        draw(random_models()),
        draws=draw(st.integers(100, 300)),
        decisions=open_ones[: draw(st.integers(2, 4))],
        constraints=[{"figure": figure, "at_least": draw(st.integers(-(10**6), 10**6))} for figure in asked],
        vendor={"one_off": draw(amounts), "per_period": [draw(amounts)], "discount_rate": 0.12},
        vendor_objective=draw(st.sampled_from(["vendor_margin", "vendor_margin_ratio", "vendor_p10_margin"])),
        customer_objective=draw(
            st.sampled_from(["customer_npv", "customer_p10_npv", "customer_roi", "customer_npv_positive"])
        ),
        structures=draw(st.integers(1, 40)),
    )


def by_hand() -> Json:
    """Two years; the saving is 900 and 1800 after its risk adjustment, 100 of each at the baseline."""
    model = a_model(
        horizon={"periods": 2, "period_length": "year"},
        drivers=[
            a_driver("saving", "1000", profile=[1, 2], risk_adjustment=0.1),
            a_driver("other", "10", risk_adjustment=0.5),
        ],
        costs=[a_cost("training", initial="300"), a_cost("licence", recurring="5000")],
    )
    share = {**SHARE, "cap_per_period": "250", "holdback": "0.1"}
    deal = a_deal(SUBSCRIPTION, MILESTONE, share)
    return {
        **deal,
        "model": model,
        "pricing": {**deal["pricing"], "commitments": [{**SAVED, "at_baseline": [100]}]},
        "customer": {"replaced_costs": ["licence"]},
        "vendor": {"one_off": 80, "per_period": [30, 20], "discount_rate": 0.21},
    }

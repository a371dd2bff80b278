"""Small value models to compute by hand, and random ones."""

from typing import Any

from hypothesis import strategies as st

from services.schemas.value_model import ValueModel

Json = dict[str, Any]


def an_input(value: float | None = None, **fields: Any) -> Json:
    given: Json = {"label": "An input", "unit": "units", "evidence": "measured", **fields}
    return given if value is None else {**given, "value": value}


def a_driver(key: str, formula: str, **fields: Any) -> Json:
    return {
        "key": key,
        "label": f"Driver {key}",
        "category": "Any",
        "realisation": "cashable",
        "formula": formula,
        **fields,
    }


def a_cost(key: str, initial: str = "0", recurring: str = "0", **fields: Any) -> Json:
    return {"key": key, "label": f"Cost {key}", "initial": initial, "recurring": recurring, **fields}


def a_model(**fields: Any) -> Json:
    """Three years at 10 %, paying 1000 at the start."""
    return {
        "currency": "EUR",
        "horizon": {"periods": 3, "period_length": "year"},
        "discount_rate": 0.1,
        "costs": [a_cost("outlay", initial="1000")],
        **fields,
    }


_amounts = st.floats(-1e6, 1e6).map(lambda amount: round(amount, 2))
_gains = st.floats(0, 1e6).map(lambda amount: round(amount, 2))
_shares = st.floats(0, 0.9).map(lambda share: round(share, 3))
_profiles = st.lists(st.floats(0, 3).map(lambda share: round(share, 3)), min_size=1, max_size=4)
_classes = st.sampled_from(["cashable", "revenue", "avoidance", "capacity", "risk"])


@st.composite
def random_models(draw: st.DrawFn) -> ValueModel:
    """Models with up to five drivers, some in a pool, over months, quarters or years; formulas are linear in
    x."""
    drivers = [
        a_driver(
            f"d{index}",
            f"{draw(_amounts)} + x * {draw(_gains)}",
            realisation=draw(_classes),
            profile=draw(_profiles),
            risk_adjustment=draw(_shares),
            pool=draw(st.sampled_from([None, "line"])),
        )
        for index in range(draw(st.integers(1, 5)))
    ]
    costs = [
        a_cost(
            f"c{index}",
            initial=str(draw(_gains)),
            recurring=f"x * {draw(_gains)}",
            profile=draw(_profiles),
            risk_adjustment=draw(_shares),
        )
        for index in range(draw(st.integers(0, 3)))
    ]
    return ValueModel.model_validate(
        a_model(
            horizon={
                "periods": draw(st.integers(4, 40)),
                "period_length": draw(st.sampled_from(["month", "quarter", "year"])),
            },
            discount_rate=draw(st.floats(-0.1, 0.5)),
            inputs={
                "x": an_input(
                    evidence=draw(st.sampled_from(["measured", "assumption"])),
                    distribution={"kind": "pert", "low": 0.5, "mode": 1, "high": 2},
                )
            },
            drivers=drivers,
            costs=costs,
            pools={"line": {"label": "A line", "annual_amount": str(draw(_gains))}},
        )
    )


def scaled(model: ValueModel, factor: float) -> ValueModel:
    """The same model in a currency worth 1 / factor."""
    document = model.model_dump()
    for line in (*document["drivers"], *document["costs"], *document["pools"].values()):
        for field in {"formula", "initial", "recurring", "annual_amount"} & line.keys():
            line[field] = f"({line[field]}) * {factor}"
    return ValueModel.model_validate(document)

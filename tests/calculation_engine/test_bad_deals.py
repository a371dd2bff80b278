"""Bad deals as callers send them: refused with a status, a code, and a pointer to what is wrong."""

from typing import Any

import httpx2
import pytest

from tests.calculation_engine.deals import MILESTONE, SAVED, SHARE, SUBSCRIPTION, a_deal, a_decision
from tests.calculation_engine.models import Json, a_driver, a_model
from tests.calculation_engine.refusals import VALIDATION, refused

DEAL_OPTIMIZATIONS = "/api/v1/calculation-engine/deal-optimizations"


def priced(*terms: Json, **fields: Any) -> Json:
    return {"pricing": {**a_deal(*terms)["pricing"], **fields}}


def deciding(*decisions: Json) -> Json:
    return {"decisions": [*decisions]}


TIERS = {**SHARE, "share": None}
INVALID = "invalid_deal"
PRICE = a_decision("platform", "amount_per_period", 0, 10)


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"pricing": None}, VALIDATION, "/pricing"),
        ({"pricing": {}}, VALIDATION, "/pricing/terms"),
        ({"pricing": {"terms": []}}, VALIDATION, "/pricing/terms"),
        (priced({**SUBSCRIPTION, "kind": "rent"}), VALIDATION, "/pricing/terms/0"),
        (
            priced({**SUBSCRIPTION, "amount_per_period": "-1"}),
            VALIDATION,
            "/pricing/terms/0/amount_per_period",
        ),
        (priced({**SHARE, "share": "1.1"}), VALIDATION, "/pricing/terms/0/share"),
        (priced({**SHARE, "share": None}), VALIDATION, "/pricing/terms/0"),
        (priced({**SHARE, "order": ["round"] * 3}), VALIDATION, "/pricing/terms/0"),
        (
            priced(commitments=[{**SAVED, "at_baseline": []}]),
            VALIDATION,
            "/pricing/commitments/0/at_baseline",
        ),
        (priced(effective_on="soon"), VALIDATION, "/pricing/effective_on"),
        ({"vendor": {"one_off": -1}}, VALIDATION, "/vendor/one_off"),
        ({"vendor": {"per_period": ["1"]}}, VALIDATION, "/vendor/per_period/0"),
        ({"vendor": {"discount_rate": -0.6}}, VALIDATION, "/vendor/discount_rate"),
        ({"customer": {"drivers": []}}, VALIDATION, "/customer/drivers"),
        (deciding(a_decision("platform", "price", 0, 1)), VALIDATION, "/decisions/0/field"),
        (deciding(a_decision("platform", "amount_per_period", 2, 1)), VALIDATION, "/decisions/0"),
        (deciding({**PRICE, "step": 0}), VALIDATION, "/decisions/0/step"),
        (deciding(*[PRICE] * 7), VALIDATION, "/decisions"),
        ({"constraints": [{"figure": "npv", "at_least": 0}]}, VALIDATION, "/constraints/0/figure"),
        ({"constraints": [{"figure": "customer_npv"}]}, VALIDATION, "/constraints/0/at_least"),
        ({"vendor_objective": "customer_roi"}, VALIDATION, "/vendor_objective"),
        ({"customer_objective": "vendor_margin"}, VALIDATION, "/customer_objective"),
        ({"structures": 0}, VALIDATION, "/structures"),
        ({"structures": 1025}, VALIDATION, "/structures"),
        ({"draws": 99}, VALIDATION, "/draws"),
        ({"scenario": "s"}, "unknown_name", "/scenario"),
        ({"inputs": {"z": 1}}, "unknown_name", "/inputs/z"),
        (
            {"model": a_model(drivers=[a_driver("saving", "z")])},
            "invalid_formula",
            "/model/drivers/0/formula",
        ),
        (priced(SUBSCRIPTION, SUBSCRIPTION), INVALID, "/pricing/terms/1/key"),
        (priced(commitments=[SAVED, SAVED]), INVALID, "/pricing/commitments/1/key"),
        (priced(commitments=[]), INVALID, "/pricing/terms/1/commitments/0"),
        (priced(commitments=[{**SAVED, "driver_key": "z"}]), INVALID, "/pricing/commitments/0/driver_key"),
        (
            priced(commitments=[{**SAVED, "at_baseline": [0] * 4}]),
            INVALID,
            "/pricing/commitments/0/at_baseline",
        ),
        (priced(MILESTONE, effective_on=None), INVALID, "/pricing/effective_on"),
        (priced({**MILESTONE, "due": "2026-12-31"}), INVALID, "/pricing/terms/0/due"),
        (priced({**MILESTONE, "due": "2030-01-01"}), INVALID, "/pricing/terms/0/due"),
        (priced(MILESTONE, effective_on="9999-01-01"), INVALID, "/pricing/terms/0/due"),
        (
            priced({**TIERS, "marginal_tiers": [{"up_to": 5, "rate": 0.1}]}),
            INVALID,
            "/pricing/terms/0/marginal_tiers",
        ),
        (
            priced({**TIERS, "whole_tiers": [{"from_gain": 5, "rate": 0.1}, {"from_gain": 5, "rate": 0.2}]}),
            INVALID,
            "/pricing/terms/0/whole_tiers",
        ),
        (
            priced({**SHARE, "floor_per_period": 2, "cap_per_period": 1}),
            INVALID,
            "/pricing/terms/0/floor_per_period",
        ),
        (
            {
                **priced({**SHARE, "floor_per_period": 2}),
                **deciding(a_decision("gain", "cap_per_period", 0, 1)),
            },
            INVALID,
            "/pricing/terms/0/floor_per_period",
        ),
        ({"customer": {"replaced_costs": ["z"]}}, INVALID, "/customer/replaced_costs/0"),
        ({"customer": {"drivers": ["saving", "z"]}}, INVALID, "/customer/drivers/1"),
        ({"vendor": {"per_period": [1] * 4}}, INVALID, "/vendor/per_period"),
        (
            {"constraints": [{"figure": "customer_npv", "at_least": 0}] * 2},
            INVALID,
            "/constraints/1/figure",
        ),
        (deciding({**PRICE, "term": "z"}), INVALID, "/decisions/0/term"),
        (deciding({**PRICE, "field": "share"}), INVALID, "/decisions/0/field"),
        (deciding(PRICE, PRICE), INVALID, "/decisions/1"),
        (deciding({**PRICE, "low": 0.001}), INVALID, "/decisions/0/low"),
        (deciding({**PRICE, "step": 0.015}), INVALID, "/decisions/0/step"),
        (deciding(a_decision("gain", "share", 0, 1.5)), INVALID, "/decisions/0/high"),
        (deciding(a_decision("gain", "share", 0, 1, 1e-320)), INVALID, "/decisions/0/step"),
        (
            {
                **priced({**TIERS, "whole_tiers": [{"from_gain": 0, "rate": 0.1}]}),
                **deciding(a_decision("gain", "share", 0, 1)),
            },
            INVALID,
            "/decisions/0/field",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_bad_deal_is_pointed_at(
    engineer: httpx2.AsyncClient, fields: Json, code: str, pointer: str
) -> None:
    problem = refused(await engineer.post(DEAL_OPTIMIZATIONS, json={**a_deal(), **fields}), 422, code)
    assert pointer in [error["pointer"] for error in problem["errors"]], problem["errors"]

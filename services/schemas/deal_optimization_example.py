"""A deal to read and to try: what the API pages show, and what succeeds as it stands."""

from typing import Any

from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

DEAL_OPTIMIZATION_EXAMPLE: dict[str, Any] = {
    "model": VALUE_MODEL_EXAMPLE,
    "pricing": {
        "effective_on": "2027-01-01",
        "commitments": [{"key": "time_released", "driver_key": "agent_time", "at_baseline": [0]}],
        "terms": [
            {
                "kind": "subscription",
                "key": "platform",
                "label": "Platform subscription",
                "amount_per_period": "20000",
            },
            {
                "kind": "milestone",
                "key": "go_live_fee",
                "label": "Go-live",
                "milestone": "go_live",
                "amount": "25000",
                "due": "2027-05-31",
            },
            {
                "kind": "gain_share",
                "key": "share_of_savings",
                "label": "Share of the agents' time released",
                "commitments": ["time_released"],
                "share": "0.1",
                "floor_per_period": "0",
                "cap_per_period": "30000",
            },
        ],
    },
    "customer": {"replaced_costs": ["subscription"]},
    "vendor": {"one_off": 40000, "per_period": [12000, 9000], "discount_rate": 0.1},
    "decisions": [
        {"term": "platform", "field": "amount_per_period", "low": 10000, "high": 26000, "step": 500},
        {"term": "share_of_savings", "field": "share", "low": 0, "high": 0.3, "step": 0.01},
        {"term": "share_of_savings", "field": "cap_per_period", "low": 10000, "high": 40000, "step": 1000},
    ],
    "constraints": [
        {"figure": "customer_roi", "at_least": 0.15},
        {"figure": "customer_npv_positive", "at_least": 0.7},
        {"figure": "vendor_margin_ratio", "at_least": 0.25},
    ],
    "vendor_objective": "vendor_margin",
    "customer_objective": "customer_p10_npv",
    "structures": 128,
    "draws": 4096,
    "seed": 7,
}

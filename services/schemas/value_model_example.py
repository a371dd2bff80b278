"""A value model to read and to try: what the API pages show, and what succeeds as it stands."""

from typing import Any

VALUE_MODEL_EXAMPLE: dict[str, Any] = {
    "currency": "EUR",
    "horizon": {"periods": 12, "period_length": "quarter"},
    "discount_rate": 0.08,
    "timing": "period_end",
    "description": "Made up: a service desk of 100 agents answers its routine tickets by an assistant.",
    "inputs": {
        "tickets_per_year": {
            "label": "Tickets a year",
            "unit": "tickets/year",
            "value": 360000,
            "evidence": "measured",
            "citation": "Ticket export, twelve months",
        },
        "deflection_rate": {
            "label": "Share of tickets that need no agent any more",
            "unit": "ratio",
            "distribution": {"kind": "pert", "low": 0.08, "mode": 0.15, "high": 0.25},
            "low": 0.08,
            "high": 0.25,
            "evidence": "benchmark",
            "citation": "Range of comparable roll-outs",
        },
        "minutes_per_ticket": {
            "label": "Handling time of a ticket",
            "unit": "minutes",
            "distribution": {"kind": "triangular", "low": 6, "mode": 8, "high": 12},
            "evidence": "customer-stated",
        },
        "hourly_cost": {
            "label": "Loaded cost of an agent's hour",
            "unit": "EUR/hour",
            "value": 38,
            "evidence": "customer-stated",
        },
        "churn_reduction": {
            "label": "Customers kept by faster answers",
            "unit": "customers/year",
            "distribution": {"kind": "lognormal", "p10": 4, "p90": 20},
            "evidence": "assumption",
        },
        "margin_per_customer": {
            "label": "Yearly margin of a customer",
            "unit": "EUR/year",
            "value": 4200,
            "evidence": "customer-stated",
        },
        "licence": {"label": "Licence", "unit": "EUR/year", "value": 95000, "evidence": "measured"},
    },
    "formulas": {
        "hours_saved": "tickets_per_year * deflection_rate * minutes_per_ticket / 60",
    },
    "drivers": [
        {
            "key": "agent_time",
            "label": "Agents' time released",
            "category": "Productivity",
            "realisation": "capacity",
            "capture": 0.6,
            "pool": "service_desk",
            "formula": "hours_saved * hourly_cost",
            "profile": [0.25, 0.5, 0.75, 1],
            "risk_adjustment": 0.1,
            "kpi": {
                "input": "deflection_rate",
                "metric": "deflection_rate",
                "unit": "ratio",
                "direction": "increase",
                "aggregation": "mean",
            },
        },
        {
            "key": "retention",
            "label": "Margin of customers kept",
            "category": "Growth",
            "realisation": "revenue",
            "formula": "churn_reduction * margin_per_customer",
            "profile": [0, 0, 0.5, 1],
            "risk_adjustment": 0.25,
        },
    ],
    "costs": [
        {"key": "subscription", "label": "Subscription", "recurring": "licence"},
        {"key": "roll_out", "label": "Roll-out", "initial": "60000", "risk_adjustment": 0.15},
    ],
    "pools": {"service_desk": {"label": "Service desk payroll", "annual_amount": "100 * 1700 * hourly_cost"}},
    "scenarios": {
        "cautious": {"label": "Slow adoption", "inputs": {"deflection_rate": 0.09, "churn_reduction": 3}},
    },
    "correlations": [],
}

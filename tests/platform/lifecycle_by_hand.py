"""The story's year worked out by hand: from the measurements' file and the model's formulas to each line of
each settlement, in exact decimals, and by nothing of the product's.

The model's figures stand here as the example's customer knows them (`customer-figures.json`: the value, or
the mean of its distribution) and as the library proposes them (30 supplier invoices an employee, of 640; 5.83
to handle one today; the risk adjustments).
"""

import csv
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "examples" / "lifecycle" / "measurements.csv"
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")
DRIVERS = ("unplanned_downtime", "scrap_and_rework", "energy_use", "invoice_handling")
METRICS = {
    "unplanned_downtime": "unplanned_downtime_hours",
    "scrap_and_rework": "scrap_and_rework_share",
    "energy_use": "energy_per_output_index",
    "invoice_handling": "cost_per_supplier_invoice",
}
SHARED = ("unplanned_downtime", "scrap_and_rework", "energy_use")

SUBSCRIPTION = Decimal(60_000)
GO_LIVE = Decimal(45_000)
SHARE, FLOOR, CAP = Decimal("0.15"), Decimal(1_000), Decimal(22_000)

Readings = Mapping[tuple[str, str], Decimal]


def readings(known_on: str = "9999-12-31") -> dict[tuple[str, str], Decimal]:
    """By metric and month, what was last written down until a day."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["recorded_on"] <= known_on]
    rows.sort(key=lambda row: row["recorded_on"])
    return {(row["metric"], row["month"]): Decimal(row["value"]) for row in rows}


def months(quarter: str) -> list[str]:
    """The three months of a quarter."""
    first = 3 * int(quarter[-1]) - 2
    return [f"{quarter[:4]}-{month:02}" for month in range(first, first + 3)]


def measured(driver: str, quarter: str, known: Readings) -> Decimal:
    """The mean of the months that were measured."""
    metric = METRICS[driver]
    values = [known[metric, month] for month in months(quarter) if (metric, month) in known]
    return sum(values, Decimal(0)) / len(values)


def annual(driver: str, kpi: Decimal) -> Decimal:
    """What a driver is worth in a year with its KPI there, after its risk adjustment."""
    match driver:
        case "unplanned_downtime":  # 12 * (today - then) * margin of an hour, 15 % of it risk
            return 12 * (Decimal("26.5") - kpi) * 4800 * Decimal("0.85")
        case "scrap_and_rework":  # production cost * (today - then), 10 % of it risk
            return 61_000_000 * (Decimal("0.027") - kpi) * Decimal("0.9")
        case "energy_use":  # volume * price * (1 - then), 10 % of it risk
            return 24_500_000 * Decimal("0.162") * (1 - kpi) * Decimal("0.9")
        case "invoice_handling":  # invoices * (today - then), 10 % of it risk
            return 30 * 640 * (Decimal("5.83") - kpi) * Decimal("0.9")
    raise AssertionError(driver)


def realised(driver: str, quarter: str, known: Readings) -> Decimal:
    """A quarter of the year's worth, to the cent. At the baselines of the contract, which are today's
    figures, every driver is worth nothing: so it is its gain, too.

    The engine reckons with 53 bits: where this were exactly half a cent, it may round otherwise. The file
    has no such quarter.
    """
    return _to_the_cent(annual(driver, measured(driver, quarter, known)) / 4)


def fee(quarter: str, known: Readings) -> Decimal:
    """The share of the gain over the three drivers it is taken of: rounded, then not below the floor, then
    not above the cap; nothing of a loss."""
    gain = sum((realised(driver, quarter, known) for driver in SHARED), Decimal(0))
    return Decimal(0) if gain < 0 else min(max(_to_the_cent(SHARE * gain), FLOOR), CAP)


def settlements() -> list[list[tuple[str, str, Decimal]]]:
    """Each settlement's lines: term, period, amount. The first opens the contract."""
    first_known, then_known = readings("2025-04-15"), readings("2025-07-15")
    true_up = fee("2025-Q1", then_known) - fee("2025-Q1", first_known)
    return [
        [("subscription", "2025-Q1", SUBSCRIPTION)],
        [
            ("gain_share", "2025-Q1", fee("2025-Q1", first_known)),
            ("subscription", "2025-Q2", SUBSCRIPTION),
        ],
        [
            ("go_live_fee", "2025-Q2", GO_LIVE),
            ("gain_share", "2025-Q2", fee("2025-Q2", then_known)),
            ("subscription", "2025-Q3", SUBSCRIPTION),
            ("gain_share", "2025-Q1", true_up),
        ],
        [
            ("gain_share", "2025-Q3", fee("2025-Q3", readings("2025-10-15"))),
            ("subscription", "2025-Q4", SUBSCRIPTION),
        ],
        [("gain_share", "2025-Q4", fee("2025-Q4", readings("2026-01-15")))],
    ]


def _to_the_cent(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)

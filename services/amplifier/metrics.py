"""What the amplifier counts of its own business."""

from services.chassis.business import BusinessCounter

VALUE_REALISED = BusinessCounter(
    "value_realised_total",
    "Value realised in periods when they were closed; a loss counts for nothing, by currency.",
    ("currency",),
)
VALUE_AT_RISK = BusinessCounter(
    "value_at_risk_total",
    "Value promised for periods in which a commitment was found at risk or missed, by currency and standing: "
    "at_risk, missed.",
    ("currency", "standing"),
)
PERIODS_CLOSED = BusinessCounter("periods_closed_total", "Periods that a second person closed.")
PERIODS_RESTATED = BusinessCounter("periods_restated_total", "Restatements of closed periods.")

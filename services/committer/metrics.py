"""What the committer counts of its own business."""

from services.chassis.business import BusinessCounter

VALUE_COMMITTED = BusinessCounter(
    "value_committed_total", "Value promised by contracts that came into force, by currency.", ("currency",)
)
VALUE_SETTLED = BusinessCounter(
    "value_settled_total", "What settlements charged; credits count for nothing, by currency.", ("currency",)
)

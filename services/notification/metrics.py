"""What notification counts of its own business."""

from services.chassis.business import BusinessCounter

NOTIFICATIONS = BusinessCounter(
    "notifications_total",
    "Notifications by channel and outcome: delivered, read; nobody (an event that concerns no recipient), "
    "late (one that was settled before it came).",
    ("channel", "outcome"),
)

"""What notification counts of its own business."""

from services.chassis.business import BusinessCounter

NOTIFICATIONS = BusinessCounter(
    "notifications_total",
    "Notifications by channel and outcome: delivered, read; of those that are sent also retried (an "
    "attempt that failed), dead, suppressed; nobody (an event that concerns no recipient), late (one that "
    "was settled before it came).",
    ("channel", "outcome"),
)

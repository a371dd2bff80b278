"""What notification counts of its own business."""

from itertools import product

from services.chassis.business import BusinessCounter
from services.notification.domain.delivery import Channel

_IN_APP = product([Channel.IN_APP], ["delivered", "read", "nobody", "late"])
_SENT = product([Channel.EMAIL, Channel.WEBHOOK], ["delivered", "retried", "dead", "suppressed"])

NOTIFICATIONS = BusinessCounter(
    "notifications_total",
    "Notifications by channel and outcome: delivered, read; of those that are sent also retried (an "
    "attempt that failed), dead, suppressed; nobody (an event that concerns no recipient), late (one that "
    "was settled before it came).",
    ("channel", "outcome"),
    shown=(*_IN_APP, *_SENT),
)

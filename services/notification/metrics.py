"""What notification counts of its own business."""

from services.chassis.telemetry.metrics import Metrics

IN_APP = "in-app"


class Outcomes:
    """Notifications by channel and outcome."""

    def __init__(self, metrics: Metrics) -> None:
        self._total = metrics.counter(
            "notifications_total", "Notifications by channel and outcome.", "channel", "outcome"
        )

    def count(self, channel: str, outcome: str) -> None:
        self._total.labels(channel=channel, outcome=outcome).inc()

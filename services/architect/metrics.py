"""What the architect counts of its own business."""

from fastapi import FastAPI, Request

from services.chassis.telemetry.metrics import Metrics


class ArchitectMetrics:
    """The business metrics of one app."""

    def __init__(self, metrics: Metrics) -> None:
        self.models_approved = metrics.counter("models_approved_total", "Model versions approved.")

    def install(self, app: FastAPI) -> None:
        """Lets the app's routes find them."""
        app.state.architect_metrics = self


def metrics_of(request: Request) -> ArchitectMetrics:
    """The business metrics of the app that serves this request."""
    found: ArchitectMetrics = request.app.state.architect_metrics
    return found

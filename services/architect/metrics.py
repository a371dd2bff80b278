"""What the architect counts of its own business."""

from services.chassis.business import BusinessCounter

MODELS_APPROVED = BusinessCounter("models_approved_total", "Model versions approved.")

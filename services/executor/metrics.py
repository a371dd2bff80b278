"""What the executor counts of its own business."""

from services.chassis.business import BusinessCounter

MILESTONES_ACCEPTED = BusinessCounter("milestones_accepted_total", "Milestones that customers accepted.")
PLANS_COMPLETED = BusinessCounter("plans_completed_total", "Delivery plans with every milestone accepted.")

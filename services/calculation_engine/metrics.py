"""What the engine counts of its own work."""

from services.chassis.business import BusinessCounter, BusinessGauge

JOBS_ENDED = BusinessCounter(
    "jobs_ended_total",
    "Jobs that have ended, by how: succeeded, failed, cancelled.",
    ("status",),
    shown=(("succeeded",), ("failed",), ("cancelled",)),
)
JOBS = BusinessGauge("jobs", "Jobs that have not ended, by state: queued, running.", ("status",))
SHARDS = BusinessCounter(
    "job_shards_total",
    "Shards of jobs that this replica has taken, by outcome: computed, known (somebody had done it), "
    "interrupted, unkept (the cache did not take its part: it comes again), failed.",
    ("outcome",),
    shown=(("computed",), ("known",), ("interrupted",), ("unkept",), ("failed",)),
)

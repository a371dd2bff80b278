"""Monte Carlo runs of an activity network: what is asked and what is answered.

Times are working days from the network's start. Every estimate comes with its 95 % confidence interval.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.schemas.base import Document, Finite, Key
from services.schemas.network import Days, Network, Schedule
from services.schemas.problem import FieldError
from services.schemas.simulation import Checkpoint, Estimate, Histogram, Percentiles, Sampler

DurationLaw = Literal["pert", "triangular"]
Deadline = Annotated[Finite, Field(ge=0, le=1e8)]

_EXAMPLE: dict[str, Any] = {
    "network": {
        "activities": [
            {
                "key": "design",
                "label": "Agree on the service desk's new process",
                "duration": 10,
                "estimate": {"optimistic": 8, "most_likely": 10, "pessimistic": 18},
            },
            {
                "key": "connect",
                "label": "Connect the ticket system",
                "duration": 15,
                "estimate": {"optimistic": 10, "most_likely": 14, "pessimistic": 30},
                "links": [{"predecessor": "design", "kind": "SS", "lag": 5}],
            },
            {
                "key": "train",
                "label": "Train the agents",
                "duration": 10,
                "estimate": {"optimistic": 8, "most_likely": 10, "pessimistic": 15},
                "links": [{"predecessor": "design"}],
            },
            {
                "key": "pilot",
                "label": "Pilot with one team",
                "duration": 20,
                "estimate": {"optimistic": 15, "most_likely": 20, "pessimistic": 35},
                "links": [{"predecessor": "connect"}, {"predecessor": "train", "kind": "FF", "lag": 10}],
            },
            {"key": "live", "label": "Go live", "duration": 0, "links": [{"predecessor": "pilot"}]},
        ]
    },
    "deadlines": [40, 50],
    "draws": 8192,
    "seed": 7,
}


class ScheduleSimulationRequest(Document):
    """Draw the duration of every activity that has an estimate, and schedule the network once for every draw.

    Estimates are taken as PERT distributions (shape 4: mean (a + 4m + b) / 6) or as triangular ones; an
    activity without one, or with all three points alike, is certain. Durations are independent of each
    other. The same request with the same `seed` gives the same answer. Without `sampler` the engine takes
    `sobol`, or `latin_hypercube` for more than 512 uncertain activities.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    network: Network
    deadlines: Annotated[tuple[Deadline, ...], Field(strict=False, max_length=20)] = ()
    law: DurationLaw = "pert"
    draws: int = Field(default=16_384, ge=100, le=2**17)
    seed: int = Field(default=1, ge=0, le=2**53 - 1)
    sampler: Sampler | None = None
    bins: int = Field(default=40, ge=1, le=200)


class Completion(Document):
    """When everything is done, over the draws."""

    mean: Estimate
    sd: Finite | None
    percentiles: Percentiles
    histogram: Histogram
    convergence: Annotated[tuple[Checkpoint, ...], Field(strict=False)]


class DeadlineChance(Document):
    """How likely everything is done by a deadline: by simulation, and by the classic PERT calculation."""

    deadline: Finite
    probability: Estimate
    by_pert: Finite


class PertCalculation(Document):
    """The classic calculation, to compare with: every activity at its expected duration, and the sum of the
    variances along the critical path (the one of greatest variance, where there are several).

    It looks at that path alone. Where others come close, the simulation's mean is later: merge bias.
    """

    duration: Finite
    variance: Finite
    critical_path: Annotated[tuple[Key, ...], Field(strict=False)]


class ActivityRisk(Document):
    """One activity. `expected` and `variance` are the classic ones: (a + 4m + b) / 6 and ((b - a) / 6)^2.

    `criticality` is the probability that the activity has no float. `cruciality` is the absolute value of the
    correlation (Pearson's) between its duration and the network's; null where one of them is certain.
    """

    key: Key
    expected: Days
    variance: Finite
    criticality: Estimate
    cruciality: Estimate


class ScheduleSimulation(Document):
    """One Monte Carlo run of a network.

    `planned` is the schedule of the planned durations, and `planned_end_met` how likely everything is done by
    its end. `activities` stand in the network's order.
    """

    draws: int
    seed: int
    sampler: Sampler
    planned: Schedule
    planned_end_met: Estimate
    pert: PertCalculation
    completion: Completion
    deadlines: Annotated[tuple[DeadlineChance, ...], Field(strict=False)]
    activities: Annotated[tuple[ActivityRisk, ...], Field(strict=False)]
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]

"""The model that the engine and its peers compute: 25 uncertain inputs, 20 formulas, 60 months, NPV."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.compiled import CompiledModel, compile_model
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.sampling.sample import Design
from services.schemas.simulation import Sampler
from services.schemas.value_model import ValueModel

Numbers = NDArray[np.float64]

INPUTS = 25
FORMULAS = 20
PERIODS = 60

# Kind and parameters of every input, five kinds in turn.
PERT = (0.5, 1.0, 2.0)
TRIANGULAR = (0.8, 1.0, 1.5)
NORMAL = (1.0, 0.1)
LOGNORMAL = (1.0, 0.3)
UNIFORM = (0.5, 1.5)

_DISTRIBUTIONS = (
    {"kind": "pert", "low": PERT[0], "mode": PERT[1], "high": PERT[2]},
    {"kind": "triangular", "low": TRIANGULAR[0], "mode": TRIANGULAR[1], "high": TRIANGULAR[2]},
    {"kind": "normal", "mean": NORMAL[0], "sd": NORMAL[1]},
    {"kind": "lognormal", "mean": LOGNORMAL[0], "sd": LOGNORMAL[1]},
    {"kind": "uniform", "low": UNIFORM[0], "high": UNIFORM[1]},
)

NAMES = tuple(f"x{number:02d}" for number in range(INPUTS))
KINDS = tuple(_DISTRIBUTIONS[number % 5]["kind"] for number in range(INPUTS))


def formula(number: int) -> str:
    """Six operations over four inputs; the same text is Python's, C's and the engine's."""
    a, b, c, d = (NAMES[(number + step) % INPUTS] for step in (0, 7, 13, 19))
    return f"1000 * {a} * {b} + max(0, {c} - 0.5) * 400 / (1 + {d})"


@cache
def model() -> ValueModel:
    return ValueModel.model_validate(
        {
            "currency": "EUR",
            "horizon": {"periods": PERIODS, "period_length": "month"},
            "discount_rate": 0.1,
            "inputs": {
                name: {
                    "label": name,
                    "unit": "1",
                    "evidence": "benchmark",
                    "distribution": _DISTRIBUTIONS[number % 5],
                }
                for number, name in enumerate(NAMES)
            },
            "drivers": [
                {
                    "key": f"d{number}",
                    "label": f"Driver {number}",
                    "category": "Any",
                    "realisation": "cashable",
                    "formula": formula(number),
                    "profile": [round(min(1.0, (period + 1) / (6 + number % 3)), 6) for period in range(12)],
                    "risk_adjustment": 0.1,
                }
                for number in range(FORMULAS)
            ],
            "costs": [{"key": "outlay", "label": "Outlay", "initial": "40000", "recurring": "6000"}],
        }
    )


@dataclass(frozen=True)
class Periods:
    """The net flow of a period is `shares[:, period] @ formulas - costs[period]`, and NPV `factors @ flows`:
    what a hand-written script would use, too."""

    shares: Numbers
    costs: Numbers
    factors: Numbers

    @property
    def weights(self) -> Numbers:
        """What each formula counts in the NPV."""
        return self.shares @ self.factors

    @property
    def worth_of_costs(self) -> float:
        return float(self.costs @ self.factors)


@cache
def compiled() -> CompiledModel:
    return compile_model(model())


@cache
def periods() -> Periods:
    ready = compiled()
    costs = 6000 * ready.cost_profiles[0]
    costs[0] += 40000
    return Periods(ready.driver_profiles * ready.benefit_weights[:, np.newaxis], costs, ready.factors)


@cache
def drawn() -> DrawnModel:
    """Made ready once, as the peers' functions and distributions are."""
    return DrawnModel(compiled(), assign(compiled(), None, {}))


def experiment(draws: int, loops: Loops, *, seed: int = 1, sampler: Sampler = "sobol") -> Experiment:
    return Experiment(drawn(), Design(sampler, seed, draws), loops)


def pert_exponents() -> tuple[float, float]:
    towards = (PERT[1] - PERT[0]) / (PERT[2] - PERT[0])
    return 1 + 4 * towards, 1 + 4 * (1 - towards)


def lognormal_moments() -> tuple[float, float]:
    variance = math.log1p((LOGNORMAL[1] / LOGNORMAL[0]) ** 2)
    return math.log(LOGNORMAL[0]) - variance / 2, math.sqrt(variance)

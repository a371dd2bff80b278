"""A value model made ready to compute: consistent, its formulas compiled, its time laid out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from services.calculation_engine.domain.discounting import MONTHS_PER_YEAR, Flow, discount_factors
from services.calculation_engine.domain.errors import Fault, InvalidModel
from services.calculation_engine.domain.formula.language import RESERVED
from services.calculation_engine.domain.formula.program import Program, Source, compile_formulas
from services.calculation_engine.domain.sampling.distributions import LEAST_KEPT, SomeLaw, kept, law_of
from services.calculation_engine.domain.views import Rows, Views
from services.schemas.canonical import content_hash
from services.schemas.consistency import inconsistencies
from services.schemas.distributions import Truncated
from services.schemas.value_model import Cost, Driver, Input, ValueModel

_REMEMBERED = 2**15
"""Models of at most so many characters of JSON are remembered: each takes some 30 times that, and large ones
would fill a container."""

LARGEST_AMOUNT = 1e18
"""No amount of money may reach this: the sums over all drivers and periods then stay finite."""


@dataclass(frozen=True)
class PoolGroup:
    """A pool that drivers draw on, and which ones."""

    key: str
    label: str
    drivers: Rows


@dataclass(frozen=True)
class CompiledModel:
    """A model with its program and its time axis. Profiles have a row a line and a column a period, from
    period 0, and give the share of the annual amount that falls there."""

    model: ValueModel
    program: Program
    months: int
    factors: Flow
    driver_profiles: Flow
    cost_profiles: Flow
    captures: Flow
    benefit_weights: Flow
    cost_weights: Flow
    pools: tuple[PoolGroup, ...]

    @cached_property
    def model_hash(self) -> str:
        return content_hash(self.model)

    @cached_property
    def driver_formulas(self) -> list[str]:
        return [f"/model/drivers/{index}/formula" for index in range(len(self.model.drivers))]

    @cached_property
    def initial_formulas(self) -> list[str]:
        return [f"/model/costs/{index}/initial" for index in range(len(self.model.costs))]

    @cached_property
    def recurring_formulas(self) -> list[str]:
        return [f"/model/costs/{index}/recurring" for index in range(len(self.model.costs))]

    @cached_property
    def pool_formulas(self) -> list[str]:
        return [f"/model/pools/{pool.key}/annual_amount" for pool in self.pools]

    @cached_property
    def amount_formulas(self) -> list[str]:
        """Every formula that the cash flow needs."""
        return [*self.driver_formulas, *self.initial_formulas, *self.recurring_formulas, *self.pool_formulas]

    @cached_property
    def read(self) -> frozenset[str]:
        """The inputs that count: those that some amount depends on."""
        return frozenset().union(*map(self.program.variables_of, self.amount_formulas))

    @cached_property
    def amounts(self) -> list[int]:
        """The nodes of these formulas."""
        return [self.program.roots[pointer] for pointer in self.amount_formulas]

    @cached_property
    def named_formulas(self) -> dict[str, int]:
        """The node of each named formula."""
        return {name: self.program.roots[f"/model/formulas/{name}"] for name in self.model.formulas}

    @cached_property
    def laws(self) -> dict[str, SomeLaw]:
        """Of the uncertain inputs."""
        distributions = {name: given.distribution for name, given in self.model.inputs.items()}
        return {name: law_of(given) for name, given in distributions.items() if given is not None}

    @cached_property
    def point(self) -> dict[str, float]:
        """One number for every input: its value, its base, or its mean, infinite if beyond float64."""
        given = {name: _number(declared) for name, declared in self.model.inputs.items()}
        return {name: self.laws[name].mean if number is None else number for name, number in given.items()}

    @cached_property
    def assumptions(self) -> list[tuple[str, ...]]:
        """The inputs that each driver reads, directly or through others, whose evidence is assumption."""
        assumed = [name for name, given in self.model.inputs.items() if given.evidence == "assumption"]
        if not assumed:
            return [()] * len(self.model.drivers)
        reads = map(self.program.variables_of, self.driver_formulas)
        return [tuple(name for name in assumed if name in read) for read in reads]

    @cached_property
    def views(self) -> Views:
        return Views.of(self.model.drivers, self.assumptions)

    @property
    def share_of_year(self) -> float:
        return self.months / MONTHS_PER_YEAR


def compile_model(model: ValueModel) -> CompiledModel:
    """Checks a model and compiles it; InvalidModel or InvalidFormula say what is wrong and where."""
    content = _Content(model.model_dump_json(), model)
    return _known(content) if len(content.written) <= _REMEMBERED else _compiled(model)


@dataclass(frozen=True, slots=True)
class _Content:
    """A model, known by its JSON: written and compared quicker than its parts are."""

    written: str
    model: ValueModel = field(compare=False)


@lru_cache(maxsize=32)
def _known(content: _Content) -> CompiledModel:
    """A model is asked for again and again, in other scenarios and with other inputs."""
    return _compiled(content.model)


def _compiled(model: ValueModel) -> CompiledModel:
    _check(model)
    months = model.horizon.months_per_period
    periods = model.horizon.periods
    return CompiledModel(
        model=model,
        program=_program(model),
        months=months,
        factors=discount_factors(model.discount_rate, months, periods),
        driver_profiles=_profiles(model.drivers, periods, months),
        cost_profiles=_profiles(model.costs, periods, months),
        captures=np.array([driver.capture for driver in model.drivers]),
        benefit_weights=np.array([1 - driver.risk_adjustment for driver in model.drivers]),
        cost_weights=np.array([1 + cost.risk_adjustment for cost in model.costs]),
        pools=tuple(_pools(model)),
    )


def _check(model: ValueModel) -> None:
    faults = [Fault(f"/model{finding.pointer}", finding.detail) for finding in inconsistencies(model)]
    for collection, names in (("inputs", model.inputs), ("formulas", model.formulas)):
        faults += [
            Fault(f"/model/{collection}/{name}", f"{name} is a word of the formula language")
            for name in names
            if name in RESERVED
        ]
    faults += [
        Fault(
            f"/model/inputs/{name}/distribution",
            f"the truncation leaves less than {LEAST_KEPT:g} of the distribution of {name}",
        )
        for name, declared in model.inputs.items()
        if isinstance(declared.distribution, Truncated) and kept(declared.distribution) < LEAST_KEPT
    ]
    if faults:
        raise InvalidModel(faults)


def _program(model: ValueModel) -> Program:
    named = tuple(Source(name, f"/model/formulas/{name}", text) for name, text in model.formulas.items())
    return _remembered(named, tuple(_amounts(model)), tuple(model.inputs))


@lru_cache(maxsize=128)
def _remembered(named: tuple[Source, ...], amounts: tuple[Source, ...], inputs: tuple[str, ...]) -> Program:
    """By the formulas' content: a model is asked for again and again with other numbers."""
    return compile_formulas({source.name: source for source in named}, amounts, inputs)


def _amounts(model: ValueModel) -> Iterator[Source]:
    for index, driver in enumerate(model.drivers):
        yield Source(driver.key, f"/model/drivers/{index}/formula", driver.formula)
    for index, cost in enumerate(model.costs):
        yield Source(f"{cost.key} (initial)", f"/model/costs/{index}/initial", cost.initial)
        yield Source(f"{cost.key} (recurring)", f"/model/costs/{index}/recurring", cost.recurring)
    for key, pool in model.pools.items():
        yield Source(f"{key} (pool)", f"/model/pools/{key}/annual_amount", pool.annual_amount)


def _number(declared: Input) -> float | None:
    return declared.base if declared.value is None else declared.value


def _profiles(lines: Sequence[Driver | Cost], periods: int, months: int) -> Flow:
    """What share of its annual amount each line has in each period: nothing at the start, then its
    profile."""
    table = np.zeros((len(lines), periods + 1))
    for row, line in zip(table, lines, strict=True):
        row[1 : len(line.profile) + 1] = line.profile
        row[len(line.profile) + 1 :] = line.profile[-1]
    return table * (months / MONTHS_PER_YEAR)


def _pools(model: ValueModel) -> Iterator[PoolGroup]:
    for key, pool in model.pools.items():
        members = [index for index, driver in enumerate(model.drivers) if driver.pool == key]
        if members:
            yield PoolGroup(key, pool.label, np.array(members, dtype=np.intp))

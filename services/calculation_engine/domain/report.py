"""The evaluation document, written from a cash flow."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.cash_flow import CashFlow, PoolUse
from services.calculation_engine.domain.compiled import CompiledModel
from services.calculation_engine.domain.discounting import Flow
from services.calculation_engine.domain.figures import Part, figures
from services.calculation_engine.domain.financial import ratio
from services.schemas.canonical import content_hash
from services.schemas.evaluation import (
    CostFigures,
    DriverFigures,
    Evaluation,
    Figures,
    Line,
    Overlap,
    PeriodTable,
)
from services.schemas.problem import FieldError
from services.schemas.value_model import Cost, Driver, Realisation

CFO_VIEW: tuple[Realisation, ...] = ("cashable", "revenue")


class Report:
    """What to say about one run: the model, its cash flow, and every formula's value at that point."""

    def __init__(self, compiled: CompiledModel, flow: CashFlow, values: Sequence[float]) -> None:
        self._compiled = compiled
        self._model = compiled.model
        self._flow = flow
        self._values = values
        self._benefits: Flow = flow.benefits.sum(axis=0)
        self._costs: Flow = flow.costs.sum(axis=0)
        self._driver_pvs: Flow = flow.benefits @ compiled.factors
        self._pv_benefits = float(self._driver_pvs.sum())
        assumed = [name for name, given in self._model.inputs.items() if given.evidence == "assumption"]
        reads = map(compiled.program.variables_of, compiled.driver_formulas)
        self._assumptions = [tuple(name for name in assumed if name in read) for read in reads]
        self._found: dict[bytes, Figures] = {}

    def evaluation(self, scenario: str | None, point: dict[str, float]) -> Evaluation:
        classes: list[Realisation] = list(dict.fromkeys(driver.realisation for driver in self._model.drivers))
        return Evaluation(
            model_hash=content_hash(self._model),
            currency=self._model.currency,
            period_length=self._model.horizon.period_length,
            scenario=scenario,
            inputs=point,
            formulas=self._formulas(),
            total=self._figures(classes),
            cfo_view=self._figures(CFO_VIEW),
            by_realisation={realisation: self._figures((realisation,)) for realisation in classes},
            drivers=tuple(self._drivers()),
            costs=tuple(map(self._cost, range(len(self._model.costs)))),
            overlaps=tuple(self._overlap(use) for use in self._flow.pools if use.exceeded.any()),
            periods=self._periods(),
            warnings=tuple(self._warnings()),
        )

    def _formulas(self) -> dict[str, float | None]:
        roots = self._compiled.program.roots
        values = {name: self._values[roots[f"/model/formulas/{name}"]] for name in self._model.formulas}
        return {name: None if math.isnan(value) else value for name, value in values.items()}

    def _warnings(self) -> list[FieldError]:
        """Formulas without a value that nothing needed: what counts has raised an error before."""
        program = self._compiled.program
        pointers = [f"/model/formulas/{name}" for name in self._model.formulas]
        return [
            FieldError(pointer=pointer, detail=program.blame(pointer, self._values).detail)
            for pointer in pointers
            if math.isnan(self._values[program.roots[pointer]])
        ]

    def _figures(self, classes: Collection[Realisation]) -> Figures:
        chosen = _mask(driver.realisation in classes for driver in self._model.drivers)
        drivers = chosen.tobytes()
        # Often the classes asked for are the only ones.
        if drivers not in self._found:
            self._found[drivers] = self._figures_of(chosen)
        return self._found[drivers]

    def _figures_of(self, chosen: NDArray[np.bool_]) -> Figures:
        assumed = _mask(bool(names) for names in self._assumptions)
        part = Part(
            benefits=self._flow.benefits[chosen].sum(axis=0),
            pv=float(self._driver_pvs[chosen].sum()),
            pv_resting_on_assumptions=float(self._driver_pvs[chosen & assumed].sum()),
            pv_of_all=self._pv_benefits,
        )
        return figures(self._compiled, part, self._costs)

    def _drivers(self) -> Iterator[DriverFigures]:
        flow = self._flow
        sums = zip(
            self._model.drivers,
            self._assumptions,
            flow.amounts.drivers.tolist(),
            flow.driver_gross.sum(axis=1).tolist(),
            (flow.claimed - flow.realisable).sum(axis=1).tolist(),
            flow.benefits.sum(axis=1).tolist(),
            self._driver_pvs.tolist(),
            strict=True,
        )
        for driver, assumptions, annual, gross, capped, risk_adjusted, pv in sums:
            yield DriverFigures(
                key=driver.key,
                label=driver.label,
                category=driver.category,
                realisation=driver.realisation,
                annual_amount=annual,
                gross=gross,
                capped=capped,
                risk_adjusted=risk_adjusted,
                pv=pv,
                share=ratio(pv, self._pv_benefits),
                assumptions=assumptions,
            )

    def _cost(self, index: int) -> CostFigures:
        cost = self._model.costs[index]
        flow = self._flow
        return CostFigures(
            key=cost.key,
            label=cost.label,
            initial=float(flow.amounts.initial[index]),
            annual_amount=float(flow.amounts.recurring[index]),
            gross=float(flow.cost_gross[index].sum()),
            risk_adjusted=float(flow.costs[index].sum()),
            pv=float(flow.costs[index] @ self._compiled.factors),
        )

    def _overlap(self, use: PoolUse) -> Overlap:
        periods = np.flatnonzero(use.exceeded)
        return Overlap(
            pool=use.pool.key,
            label=use.pool.label,
            drivers=tuple(self._model.drivers[index].key for index in use.pool.drivers),
            periods=tuple(periods.tolist()),
            claimed=float(use.claimed[periods].sum()),
            available=float(use.available[periods].sum()),
            cut=float(use.exceeded.sum()),
        )

    def _periods(self) -> PeriodTable:
        flow = self._flow
        net = self._benefits - self._costs
        discounted = net * self._compiled.factors
        months = range(0, len(net) * self._compiled.months, self._compiled.months)
        return PeriodTable(
            month=tuple(months),
            drivers=self._lines(self._model.drivers, flow.driver_gross, flow.benefits),
            cost_lines=self._lines(self._model.costs, flow.cost_gross, flow.costs),
            benefits=_series(self._benefits),
            costs=_series(self._costs),
            net=_series(net),
            cumulative=_series(np.cumsum(net)),
            discounted_net=_series(discounted),
            discounted_cumulative=_series(np.cumsum(discounted)),
        )

    def _lines(self, lines: Sequence[Driver | Cost], gross: Flow, adjusted: Flow) -> tuple[Line, ...]:
        discounted = adjusted * self._compiled.factors
        return tuple(
            Line(
                key=line.key,
                gross=_series(gross[row]),
                risk_adjusted=_series(adjusted[row]),
                discounted=_series(discounted[row]),
            )
            for row, line in enumerate(lines)
        )


def _mask(choices: Iterable[bool]) -> NDArray[np.bool_]:
    return np.fromiter(choices, dtype=np.bool_)


def _series(flow: Flow) -> tuple[float, ...]:
    return tuple(flow.tolist())

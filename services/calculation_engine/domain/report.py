"""The evaluation document, written from a cash flow."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from services.calculation_engine.domain.cash_flow import CashFlow, PoolUse
from services.calculation_engine.domain.compiled import CompiledModel
from services.calculation_engine.domain.discounting import Flow
from services.calculation_engine.domain.figures import Costs, Part, figures
from services.calculation_engine.domain.financial import ratio
from services.calculation_engine.domain.views import View
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
from services.schemas.value_model import Cost, Driver


class Report:
    """What to say about one run: the model, its cash flow, and every formula's value at that point."""

    def __init__(self, compiled: CompiledModel, flow: CashFlow, values: Sequence[float]) -> None:
        self._compiled = compiled
        self._model = compiled.model
        self._flow = flow
        self._values = values
        self._benefits: Flow = flow.benefits.sum(axis=0)
        self._costs = Costs.of(compiled, flow.costs.sum(axis=0))
        self._driver_pvs: Flow = flow.benefits @ compiled.factors
        self._pv_benefits = float(self._driver_pvs.sum())

    def evaluation(self, scenario: str | None, point: dict[str, float]) -> Evaluation:
        compiled = self._compiled
        views = compiled.views
        figures_of = {view: self._figures(view) for view in views.different}
        return Evaluation(
            model_hash=compiled.model_hash,
            currency=self._model.currency,
            period_length=self._model.horizon.period_length,
            scenario=scenario,
            inputs=point,
            formulas=self._formulas(),
            total=figures_of[views.total],
            cfo_view=figures_of[views.cfo],
            by_realisation={each: figures_of[view] for each, view in views.by_realisation.items()},
            drivers=tuple(self._drivers()),
            costs=tuple(self._cost_lines()),
            overlaps=tuple(self._overlap(use) for use in self._flow.pools if use.exceeded.any()),
            periods=self._periods(),
            warnings=tuple(self._warnings()),
        )

    def _formulas(self) -> dict[str, float | None]:
        values = {name: self._values[node] for name, node in self._compiled.named_formulas.items()}
        return {name: None if math.isnan(value) else value for name, value in values.items()}

    def _warnings(self) -> list[FieldError]:
        """Formulas without a value that nothing needed: what counts has raised an error before."""
        program = self._compiled.program
        pointers = [
            f"/model/formulas/{name}"
            for name, node in self._compiled.named_formulas.items()
            if math.isnan(self._values[node])
        ]
        return [
            FieldError(pointer=pointer, detail=program.blame(pointer, self._values).detail)
            for pointer in pointers
        ]

    def _figures(self, view: View) -> Figures:
        part = Part(
            benefits=self._flow.benefits[view.drivers].sum(axis=0),
            pv=float(self._driver_pvs[view.drivers].sum()),
            pv_resting_on_assumptions=float(self._driver_pvs[view.assuming].sum()),
            pv_of_all=self._pv_benefits,
        )
        return figures(self._compiled, part, self._costs)

    def _drivers(self) -> Iterator[DriverFigures]:
        flow = self._flow
        sums = zip(
            self._model.drivers,
            self._compiled.assumptions,
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

    def _cost_lines(self) -> Iterator[CostFigures]:
        flow = self._flow
        sums = zip(
            self._model.costs,
            flow.amounts.initial.tolist(),
            flow.amounts.recurring.tolist(),
            flow.cost_gross.sum(axis=1).tolist(),
            flow.costs.sum(axis=1).tolist(),
            np.vecdot(flow.costs, self._compiled.factors).tolist(),
            strict=True,
        )
        for cost, initial, annual, gross, risk_adjusted, pv in sums:
            yield CostFigures(
                key=cost.key,
                label=cost.label,
                initial=initial,
                annual_amount=annual,
                gross=gross,
                risk_adjusted=risk_adjusted,
                pv=pv,
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
        net = self._benefits - self._costs.flow
        discounted = net * self._compiled.factors
        months = range(0, len(net) * self._compiled.months, self._compiled.months)
        return PeriodTable(
            month=tuple(months),
            drivers=self._lines(self._model.drivers, flow.driver_gross, flow.benefits),
            cost_lines=self._lines(self._model.costs, flow.cost_gross, flow.costs),
            benefits=_series(self._benefits),
            costs=_series(self._costs.flow),
            net=_series(net),
            cumulative=_series(net.cumsum()),
            discounted_net=_series(discounted),
            discounted_cumulative=_series(discounted.cumsum()),
        )

    def _lines(self, lines: Sequence[Driver | Cost], gross: Flow, adjusted: Flow) -> tuple[Line, ...]:
        tables = (gross, adjusted, adjusted * self._compiled.factors)
        rows = zip(lines, *(table.tolist() for table in tables), strict=True)
        return tuple(
            Line.model_validate({"key": line.key, "gross": each, "risk_adjusted": counting, "discounted": pv})
            for line, each, counting, pv in rows
        )


def _series(flow: Flow) -> tuple[float, ...]:
    return tuple(flow.tolist())

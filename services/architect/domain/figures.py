"""What people want to see of a model at a glance, as the calculation engine computed it."""

from typing import Self

from services.schemas.base import Currency, Document
from services.schemas.evaluation import Evaluation, Figures
from services.schemas.events.architect import Headline
from services.schemas.value_model import Realisation


class ModelFigures(Document):
    """The headline of a model: in total, as a CFO counts (cashable and revenue alone), and by class.

    Money is in `currency` as plain numbers; what each figure means is said by the engine's evaluation.
    """

    currency: Currency
    total: Figures
    cfo_view: Figures
    by_realisation: dict[Realisation, Figures]

    @classmethod
    def of(cls, evaluation: Evaluation) -> Self:
        return cls(
            currency=evaluation.currency,
            total=evaluation.total,
            cfo_view=evaluation.cfo_view,
            by_realisation=evaluation.by_realisation,
        )

    @property
    def headline(self) -> Headline:
        """The figures that events carry."""
        return Headline(
            currency=self.currency,
            npv=self.total.npv,
            roi=self.total.roi,
            payback_months=self.total.payback_months,
        )

"""A document on its way into a model's version, with what is known of whether it computes."""

from dataclasses import dataclass
from typing import Literal

from services.architect.domain.figures import ModelFigures
from services.schemas.value_model import ValueModel

CheckState = Literal["pending", "passed", "refused"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A value model and its figures; without them it waits for the engine to come back."""

    document: ValueModel
    figures: ModelFigures | None

    @property
    def check_state(self) -> CheckState:
        return "pending" if self.figures is None else "passed"

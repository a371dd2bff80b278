"""The sagas of the house, by the services that conduct them."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from services.chassis.sagas import Saga


def definitions() -> Sequence[Saga[Any]]:
    """Every saga that a service starts."""
    activation: Saga[Any] = import_module("services.committer.saga").ACTIVATION
    return [activation]

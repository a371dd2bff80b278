"""The starter library: drivers shipped with the product, as readable data beside this file."""

from importlib import resources
from typing import Any

import yaml

from services.architect.domain.templates import DriverTemplate

SHARED = "shared.yaml"


def load() -> tuple[DriverTemplate, ...]:
    """Every driver of the library, by key. Reads and validates the files: for the migrate step and tests.

    Raises:
        ValueError: a driver is not valid, a key is taken twice, or a shared input does not exist.
    """
    files = {each.name: each for each in resources.files(__name__).iterdir() if each.name.endswith(".yaml")}
    shared = _parse(files.pop(SHARED).read_text("utf-8"))["inputs"]
    drivers = [
        _template(entry, shared)
        for name in sorted(files)
        for entry in _parse(files[name].read_text("utf-8"))["drivers"]
    ]
    by_key = {driver.key: driver for driver in drivers}
    if len(by_key) < len(drivers):
        raise ValueError("two drivers of the library have the same key")
    return tuple(by_key[key] for key in sorted(by_key))


def _parse(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def _template(entry: dict[str, Any], shared: dict[str, Any]) -> DriverTemplate:
    names = entry.pop("shared_inputs", ())
    unknown = [name for name in names if name not in shared]
    if unknown:
        raise ValueError(f"{entry['key']} names shared inputs that do not exist: {', '.join(unknown)}")
    inputs = {**entry["inputs"], **{name: shared[name] for name in names}}
    return DriverTemplate.model_validate({**entry, "inputs": inputs})

"""Worked examples with published answers: `tests/data/golden/`, one YAML file a family."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "data" / "golden"

Case = dict[str, Any]


@cache
def cases(family: str) -> list[Case]:
    """All cases of a family, in the file's order."""
    text = (_FOLDER / f"{family}.yaml").read_text(encoding="utf-8")
    found: list[Case] = yaml.safe_load(text)["cases"]
    return found


def case(family: str, identity: str) -> Case:
    """The one case with this id."""
    return next(found for found in cases(family) if found["id"] == identity)


def identities(found: list[Case]) -> list[str]:
    return [one["id"] for one in found]

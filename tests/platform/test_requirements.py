"""The locked dependencies: one resolution for all files, hashed, naming no place, each with its reason."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

_ROOT = Path(__file__).parents[2]
_EVERYTHING = _ROOT / "requirements-dev.txt"
_LOCKED = sorted([*_ROOT.glob("requirements*.txt"), *_ROOT.glob("services/*/requirements.txt")])
_DECLARED = sorted([*_ROOT.glob("requirements*.in"), *_ROOT.glob("services/*/requirements.in")])


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def _pins(path: Path) -> dict[str, str]:
    """Each pinned requirement with its marker, and its hashes."""
    blocks = re.split(r"\n(?=[a-z0-9])", path.read_text())
    return {
        block.splitlines()[0].removesuffix("\\").strip(): "\n".join(sorted(re.findall(r"sha256:\w+", block)))
        for block in blocks
        if not block.startswith("#")
    }


def _declared_names(path: Path) -> set[str]:
    """Names that the file and those it includes ask for."""
    names = set()
    for line in path.read_text().splitlines():
        if line.startswith("-r "):
            names |= _declared_names(path.parent / line.removeprefix("-r ").strip())
        elif line and not line.startswith("#"):
            names.add(re.split(r"[\[=<>~! ]", line)[0])
    return names


def _applies_here(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


@pytest.mark.parametrize("locked", _LOCKED, ids=_name)
def test_every_file_is_a_subset_of_the_one_resolution(locked: Path) -> None:
    everything = _pins(_EVERYTHING)
    pins = _pins(locked)
    assert pins
    assert {name: everything.get(name) for name in pins} == pins


@pytest.mark.parametrize("locked", _LOCKED, ids=_name)
def test_every_pin_is_exact_and_hashed(locked: Path) -> None:
    for pin, hashes in _pins(locked).items():
        assert "==" in pin
        assert hashes, pin


def test_an_extra_that_one_asks_of_another_is_locked_with_it() -> None:
    """Otherwise pip takes the extra's newest release, beside the pin, and refuses it for want of a hash."""
    locked = [pin for pin in map(Requirement, _pins(_EVERYTHING)) if _applies_here(pin)]
    extras = {pin.name: pin.extras for pin in locked}
    asked = [Requirement(text) for pin in locked for text in requires(pin.name) or []]
    missing = {
        str(wanted)
        for wanted in asked
        if _applies_here(wanted) and not wanted.extras <= extras.get(wanted.name, wanted.extras)
    }
    assert missing == set()


@pytest.mark.parametrize("declared", _DECLARED, ids=_name)
def test_what_is_declared_is_locked_and_has_its_reason(declared: Path) -> None:
    for line in declared.read_text().splitlines():
        if line and not line.startswith(("#", "-r ")):
            assert re.search(r" # \w", line), f"{line}: why is it there?"
    locked = declared.with_suffix(".txt")
    if locked.exists():
        assert _declared_names(declared) <= {re.split(r"[\[=]", pin)[0] for pin in _pins(locked)}


@pytest.mark.parametrize("file", [*_LOCKED, *_DECLARED], ids=_name)
def test_no_file_names_a_place_to_download_from(file: Path) -> None:
    assert not re.search(r"://|index-url|find-links|trusted-host| @ ", file.read_text())


def test_every_service_declares_what_it_needs() -> None:
    services = {path.parent for path in (_ROOT / "services").glob("*/main.py")}
    assert {path for path in services if not (path / "requirements.txt").exists()} == set()

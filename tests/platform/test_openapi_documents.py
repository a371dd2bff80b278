"""The committed documents are those of the code: `python -m services docs write` makes them so."""

from pathlib import Path

import pytest

from services.launcher.documents import rendered

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("path", "text"), list(rendered()), ids=lambda value: value.name if isinstance(value, Path) else ""
)
def test_a_committed_document_is_the_code_s(path: Path, text: str) -> None:
    assert (ROOT / path).read_text() == text

"""The guard of async discipline, seen at work."""

from pathlib import Path

import pytest
from blockbuster import BlockingError

from services.launcher.data_folder import make_data_folder


async def test_a_blocking_call_of_a_service_s_code_in_an_event_loop_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BlockingError, match=r"os\."):
        make_data_folder(tmp_path / "data")


def test_outside_a_loop_it_may_block(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "data")

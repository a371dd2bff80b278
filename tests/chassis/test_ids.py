import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

import pytest

from services.chassis.ids import new_id


def test_an_id_is_a_uuid7_of_this_moment() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert made.version == 7
    assert made.variant == RFC_4122
    assert before - 1 <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_grow_within_a_process_even_within_one_millisecond() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_of_many_threads_are_unique() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: new_id(), range(20_000)))
    assert len(set(made)) == len(made)


def test_ids_grow_when_the_system_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000)
    assert first < new_id() < new_id()

"""Ranges of draws merge to the same bytes, however they are cut and whoever computes them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calculation_engine.domain import part as parts
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.part import Part, merged, part_of
from services.calculation_engine.domain.simulation import experiment_of, part_for, simulation
from services.calculation_engine.jobs.computation import part_in_threads
from services.schemas.simulation import SimulationRequest
from tests.calculation_engine.every_loop import COMPILED, NUMPY
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

SPAN = 4096
SHORT = 2048


@pytest.fixture(autouse=True)
def _short_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SPAN", SPAN)


def a_request(draws: int = 3 * SPAN + 1001, **fields: Any) -> SimulationRequest:
    """Every output, and correlated inputs of several laws, one of which fails at times."""
    model = a_model(
        inputs={
            "x": an_input(distribution={"kind": "normal", "mean": 500, "sd": 100}),
            "y": an_input(distribution={"kind": "pert", "low": 0.5, "mode": 1, "high": 2}),
            "z": an_input(distribution={"kind": "lognormal", "p10": 1, "p90": 9}),
            "e": an_input(distribution={"kind": "bernoulli", "probability": 0.1, "value": 300}),
        },
        drivers=[
            a_driver("d", "x * y + ln(z) - e", profile=[0.5, 1]),
            a_driver("f", "if(z > 0.2, 10, 1 / 0)", pool="p"),
        ],
        costs=[a_cost("c", initial="800 + z", recurring="20 * y")],
        pools={"p": {"label": "P", "annual_amount": "9"}},
        correlations=[{"first": "x", "second": "z", "rank": 0.6}],
    )
    return SimulationRequest.model_validate(
        {
            "model": model,
            "draws": draws,
            "outputs": ["npv", "roi", "irr", "mirr", "payback_months", "profitability_index"],
            "targets": {"roi": 0.2, "payback_months": 30},
            **fields,
        }
    )


def with_loops(request: SimulationRequest, loops: Loops) -> Experiment:
    made = experiment_of(request)
    return Experiment(made.model, made.design, loops)


def answer(request: SimulationRequest, cuts: list[int], loops: Loops = COMPILED) -> str:
    """The answer from the ranges between the cuts, each computed by another experiment, last one first."""
    ends = [0, *cuts, request.draws]
    ranges = list(pairwise(ends))
    found = [part_for(request, with_loops(request, loops), *one) for one in reversed(ranges)]
    sent = [Part.from_bytes(one.to_bytes()) for one in found]
    return simulation(request, experiment_of(request), merged(sent)).model_dump_json()


@pytest.mark.parametrize("exact", [True, False], ids=["values", "histogram"])
@pytest.mark.parametrize("sampler", ["sobol", "latin_hypercube", "random"])
def test_merged_ranges_are_one_run(monkeypatch: pytest.MonkeyPatch, sampler: str, exact: bool) -> None:
    if not exact:
        monkeypatch.setattr(parts, "EXACT", 0)
    request = a_request(sampler=sampler)
    whole = answer(request, [])
    assert answer(request, [SPAN]) == whole
    assert answer(request, [SPAN, 2 * SPAN, 3 * SPAN]) == whole
    assert answer(request, [2 * SPAN]) == whole


@given(
    cuts=st.sets(st.integers(1, 6)),
    sampler=st.sampled_from(["sobol", "latin_hypercube", "random"]),
    threads=st.integers(1, 4),
)
def test_however_it_is_cut_and_whoever_computes_it(cuts: set[int], sampler: str, threads: int) -> None:
    """Each range by so many threads, and sent; the draws end within a span."""
    request = a_request(draws=7 * SHORT - 300, outputs=["npv", "irr"], sampler=sampler)
    ends = [0, *(cut * SHORT for cut in sorted(cuts)), request.draws]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SPAN", SHORT)
        whole = part_for(request, experiment_of(request), 0, request.draws)
        found = [part_in_threads(request, *one, threads) for one in pairwise(ends)]
    assert (
        merged([Part.from_bytes(part.to_bytes()) for part in reversed(found)]).to_bytes() == whole.to_bytes()
    )


def test_both_loops_give_the_same_bytes() -> None:
    request = a_request(draws=5000)
    assert answer(request, [], COMPILED) == answer(request, [], NUMPY)


def test_a_range_that_is_missing_or_there_twice_is_seen() -> None:
    request = a_request()
    experiment = experiment_of(request)
    first, last = (part_for(request, experiment, start, start + SPAN) for start in (0, 2 * SPAN))
    with pytest.raises(ValueError, match="missing"):
        merged([first, last])
    with pytest.raises(ValueError, match="twice"):
        merged([first, first])


def test_a_part_travels_unchanged() -> None:
    request = a_request()
    sent = part_for(request, experiment_of(request), 0, SPAN)
    got = Part.from_bytes(sent.to_bytes())
    assert replace(got, usable=sent.usable, hits=sent.hits, outputs=sent.outputs) == sent
    assert np.array_equal(got.outputs["irr"].values, sent.outputs["irr"].values, equal_nan=True)


def test_only_some_outputs_can_be_asked_for() -> None:
    request = a_request()
    part = part_of(
        experiment_of(request), 0, SPAN, ["npv"], SimulationRequest.model_fields["targets"].default
    )
    assert list(part.outputs) == ["npv"]
    assert list(part.hits) == ["npv_positive"]

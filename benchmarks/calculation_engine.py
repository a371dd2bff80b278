"""The calculation engine beside its peers: ratios, measured in one run.

`pip install -r benchmarks/requirements.txt`, then `python -m benchmarks.calculation_engine [ROW ...]`. Every
figure is the best of several runs, ours and the peers' in turn, in one process, in seconds of processor time:
so others on the machine do not count. Ours are on one thread. OpenTURNS has two: its evaluations are taken to
use both all the time, half their processor time, and the rest of it runs on one. Above 1 ours is faster, save
where a row says how far off a limit it is.

A peer computes the flow of every period, as the model says; or it is given what each formula counts in the
NPV, as if somebody had taken the periods out of the model by hand, which the engine does by itself.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import openturns as ot
import pyxirr
from rich.console import Console
from rich.table import Table

from benchmarks import engine_peers as peers
from benchmarks import engine_requests
from benchmarks.engine_model import FORMULAS, INPUTS, NAMES, PERIODS, Numbers, experiment
from services.calculation_engine.domain.drawn_flow import DrawnFlow
from services.calculation_engine.domain.drawn_irr import Flows, rates_of_return
from services.calculation_engine.domain.indices import variance_shares
from services.calculation_engine.domain.loops.choice import loaded
from services.calculation_engine.domain.part import SPAN, Part, merged, part_of
from services.calculation_engine.domain.quantiles import quantiles_of
from services.launcher.serving import spare_what_started
from services.schemas.simulation import Targets

Row = tuple[str, str, str, str]
"""What, against what, the ratio, what is hoped for."""

_PEERS = ("numpy", "numba", "openturns", "SALib", "squigglepy", "pyxirr")
_ROUNDS = 3
_MOST_ROUNDS = 500
_SECONDS = 6.0
_ERROR = 0.005
_SEEDS = 100
_BY_WEIGHTS = "given what each formula counts"
_BLOCKS = 8
_SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)

LOOPS = loaded()


def best(*runs: Callable[[], object]) -> list[float]:
    """The least seconds of processor that each takes, in turn: at least three times, and for some seconds."""
    found = [float("inf")] * len(runs)
    end = time.perf_counter() + _SECONDS
    rounds = 0
    while rounds < _ROUNDS or (time.perf_counter() < end and rounds < _MOST_ROUNDS):
        rounds += 1
        for place, run in enumerate(runs):
            begin = time.process_time()
            run()
            found[place] = min(found[place], time.process_time() - begin)
    return found


def ratio(theirs: float, ours: float) -> str:
    return f"{theirs / ours:.1f}x"


def throughput() -> Iterator[Row]:
    draws = 2**17
    ours = experiment(draws, LOOPS)
    mine, *theirs = best(
        lambda: ours.columns(0, draws, ["npv"]),
        lambda: peers.npv_in_numpy(peers.numpy_columns(1, draws)),
        lambda: peers.npv_by_weights_in_numpy(peers.numpy_columns(1, draws)),
        lambda: peers.npv_in_numpy(peers.squigglepy_columns(1, draws)),
        lambda: peers.npv_by_weights_in_numpy(peers.squigglepy_columns(1, draws)),
        lambda: peers.squigglepy_arithmetic(1, draws),
    )
    what = f"draws/s: {INPUTS} inputs, {FORMULAS} formulas, {PERIODS} periods ({draws / mine:,.0f}/s)"
    for peer, seconds in _openturns(draws).items():
        yield what, peer, ratio(seconds, mine), ">= 15x"
    others = ("NumPy, whole arrays", f"NumPy, {_BY_WEIGHTS}")
    others += ("squigglepy, whole arrays", f"squigglepy, {_BY_WEIGHTS}", "squigglepy, its own arithmetic")
    for peer, seconds in zip(others, theirs, strict=True):
        yield what, peer, ratio(seconds, mine), ">= 5x" if "NumPy" in peer else ">= 20x"


def _openturns(draws: int) -> dict[str, float]:
    """Seconds for a sample and its NPV, on two threads."""
    sample = peers.openturns_sample(1, draws)
    amounts = peers.openturns_formulas()(sample)
    drawn, whole, formulas, periods, weights = best(
        lambda: peers.openturns_sample(1, draws),
        lambda: peers.openturns_model()(sample),
        lambda: peers.openturns_formulas()(sample),
        lambda: peers.openturns_periods()(amounts),
        lambda: peers.openturns_by_weights()(sample),
    )
    return {
        "OpenTURNS, one SymbolicFunction": drawn + whole / 2,
        "OpenTURNS, a SymbolicFunction and LinearFunctions": drawn + formulas / 2 + periods,
        f"OpenTURNS, {_BY_WEIGHTS}": drawn + weights / 2,
    }


def accuracy() -> Iterator[Row]:
    """The draws, to a tenth, whose P90 has a root mean square error of 0.5 %, over seeds."""
    truth = float(
        np.percentile(experiment(2**20, LOOPS, seed=99).columns(0, 2**20, ["npv"]).values["npv"], 90)
    )

    def ours(seed: int, draws: int) -> Numbers:
        return experiment(draws, LOOPS, seed=seed).columns(0, draws, ["npv"]).values["npv"]

    def in_numpy(seed: int, draws: int) -> Numbers:
        return peers.npv_by_weights_in_numpy(peers.numpy_columns(seed, draws))

    def in_openturns(seed: int, draws: int) -> Numbers:
        return np.asarray(peers.openturns_by_weights()(peers.openturns_sample(seed, draws))).ravel()

    draws, numpy_draws, openturns_draws = (
        _draws_needed(sample, truth) for sample in (ours, in_numpy, in_openturns)
    )
    mine, whole, weights = best(
        lambda: ours(1, draws),
        lambda: peers.npv_in_numpy(peers.numpy_columns(1, numpy_draws)),
        lambda: in_numpy(1, numpy_draws),
    )
    what = f"seconds to 0.5 % of P90 ({draws} draws against {{}})"
    yield what.format(numpy_draws), "NumPy, whole arrays", ratio(whole, mine), ">= 30x"
    yield what.format(numpy_draws), f"NumPy, {_BY_WEIGHTS}", ratio(weights, mine), ">= 30x"
    for peer, seconds in _openturns(openturns_draws).items():
        yield what.format(openturns_draws), peer, ratio(seconds, mine), ">= 80x"


def _draws_needed(sample: Callable[[int, int], Numbers], truth: float) -> int:
    draws = 1024
    while _error(sample, draws, truth) > _ERROR:
        draws += draws // 10
    return draws


def _error(sample: Callable[[int, int], Numbers], draws: int, truth: float) -> float:
    errors = [np.percentile(sample(seed, draws), 90) / truth - 1 for seed in range(1, _SEEDS + 1)]
    return float(np.sqrt(np.mean(np.square(errors))))


def formulas() -> Iterator[Row]:
    ours = experiment(2048, LOOPS)
    ours.columns(0, 2048, ["npv"])
    in_c = peers.c_loop()
    columns = np.stack([ours.registers[ours.program.inputs[name]] for name in NAMES])
    out = np.empty(2048)

    def run_ours() -> None:
        for _ in range(5):
            _ = ours.flow(2048).npv

    def run_c() -> None:
        for _ in range(5):
            in_c(columns, out)

    seconds = best(run_ours, run_c)
    assert np.allclose(out, ours.flow(2048).npv)
    yield (
        "formulas only, data in cache",
        "one loop in C (the limit)",
        f"{seconds[0] / seconds[1]:.1f}x off",
        "<= 5x",
    )


def rates() -> Iterator[Row]:
    """Of flows that have nothing to do with each other, and of a model's draws, from annual amounts on."""
    size = 2048
    generator = np.random.default_rng(1)
    flows = np.abs(generator.normal(100, 30, (61, size)))
    flows[0] = -generator.uniform(500, 3000, size)
    ours = experiment(size, LOOPS)
    ours.columns(0, size, ["npv"])
    drawn = ours.flow(size)

    def of_draws() -> Numbers:
        return DrawnFlow(ours.plan, LOOPS, ours.registers, size).rates.single

    for what, table, run in (
        ("any flows", flows, lambda: rates_of_return(LOOPS, Flows.of(flows)).single),
        ("a model's draws", drawn.net, of_draws),
    ):
        columns = [flow.tolist() for flow in table.T]
        # A block after the other, as a simulation does, whose flows are in the cache from being made.
        seconds = best(
            lambda each=run: [each() for _ in range(_BLOCKS)],
            lambda each=columns: [pyxirr.irr(flow) for flow in each],
        )
        seconds[0] /= _BLOCKS
        assert np.allclose(run(), [pyxirr.irr(flow) for flow in columns], rtol=1e-6, atol=1e-9)
        yield (
            f"IRR of 61 flows, {what} ({seconds[0] / size * 1e9:,.0f} ns)",
            "pyxirr",
            ratio(seconds[1], seconds[0]),
            ">= 100x",
        )


def indices() -> Iterator[Row]:
    draws = 4096
    design = peers.openturns_design(draws)
    outputs = peers.openturns_by_weights()(design)
    seconds = best(
        lambda: variance_shares(experiment(draws, LOOPS), "npv"),
        lambda: peers.salib_indices(draws),
        lambda: peers.openturns_design(draws),
        lambda: peers.openturns_by_weights()(design),
        lambda: peers.openturns_indices(design, outputs, draws),
    )
    what = f"Sobol' indices, {draws * (INPUTS + 2):,} evaluations"
    threaded = seconds[2] + seconds[3] / 2 + seconds[4]
    yield what, "OpenTURNS, two threads", ratio(threaded, seconds[0]), ">= 8x"
    yield what, "SALib", ratio(seconds[1], seconds[0]), ">= 100x"


def quantiles() -> Iterator[Row]:
    draws = 2**23
    shard = 2**20
    ours = experiment(draws, LOOPS)
    parts = [part_of(ours, start, start + shard, ["npv"], Targets()) for start in range(0, draws, shard)]
    values = np.concatenate(
        [ours.columns(start, start + shard, ["npv"]).values["npv"] for start in range(0, draws, shard)]
    )

    def from_parts() -> list[float | None]:
        found = quantiles_of(merged(parts).outputs["npv"])
        return [found.at(share) for share in _SHARES]

    seconds = best(from_parts, lambda: np.percentile(values, [100 * share for share in _SHARES]))
    ordered = np.sort(values)
    off = max(
        abs(np.searchsorted(ordered, found) / draws - share)
        for found, share in zip(from_parts(), _SHARES, strict=True)
        if found is not None
    )
    what = f"nine quantiles of 8 merged shards of 2^20, {100 * off:.5f} percentage points off (<= 0.005)"
    yield what, "exact, over all draws", ratio(seconds[1], seconds[0]), ">= 8x"


def large() -> Iterator[Row]:
    draws = 100_000_000
    one = min(_threads(2**23, 1) for _ in range(_ROUNDS))
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak of what ran before
    two = min(_threads(2**23, 2) for _ in range(_ROUNDS))
    before = _peak_mb()
    yield "2^23 draws on two threads", "on one", ratio(one, two), ">= 1.7x"
    seconds = _threads(draws, 2)
    grown = _peak_mb() - before
    what = f"resident memory of 10^8 draws, in {seconds:.0f} s on two threads"
    yield what, "of 2^23 draws", f"+{grown:.1f} MB", "< 10 MB"


def _peak_mb() -> float:
    """The most resident memory since the peak was forgotten."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _threads(draws: int, count: int) -> float:
    """Seconds for a sample, each thread with a range of its own."""
    spans = -(-draws // SPAN)
    ends = [min(draws, SPAN * (spans * place // count)) for place in range(count + 1)]
    found: list[Part] = []

    def work(start: int, stop: int) -> None:
        mine = experiment(draws, LOOPS)
        total = part_of(mine, start, start + SPAN, ["npv"], Targets())
        for first in range(start + SPAN, stop, SPAN):
            following = part_of(mine, first, min(first + SPAN, stop), ["npv"], Targets())
            total = merged([total, following])
        found.append(total)

    begin = time.perf_counter()
    threads = [threading.Thread(target=work, args=ends_of) for ends_of in pairwise(ends)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert merged(found).stop == draws
    return time.perf_counter() - begin


def requests() -> Iterator[Row]:
    spare_what_started()
    for what, (document, name) in engine_requests.MODELS.items():
        bare, seen, new = engine_requests.seconds_of(document, name)
        for seconds, how, hope in ((seen, "seen before", "<= 2x"), (new, "never seen", "<= 10x")):
            yield (
                f"a request for an evaluation of {what}, {how} ({seconds * 1e3:.2f} ms)",
                "a bare Starlette route",
                f"{seconds / bare:.1f}x",
                hope,
            )


def start() -> Iterator[Row]:
    program = (
        "import time; begin = time.perf_counter()\n"
        "from benchmarks.engine_model import experiment\n"
        "from services.calculation_engine.domain.loops.choice import {loops}\n"
        "experiment(65536, {loops}()).columns(0, 65536, ['npv'])\n"
        "print(time.perf_counter() - begin)"
    )
    for loops, what in (
        ("loops", "NumPy's loops, while the compiled ones load"),
        ("loaded", "compiled loops from their cache"),
    ):
        done = [
            float(
                subprocess.run(  # noqa: S603
                    [sys.executable, "-c", program.format(loops=loops)],
                    capture_output=True,
                    check=True,
                    text=True,
                ).stdout
            )
            for _ in range(_ROUNDS)
        ]
        yield f"a new process to its first 65,536 draws: {what}", "", f"{min(done):.2f} s", "stated"


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    row.__name__: row
    for row in (throughput, accuracy, formulas, rates, indices, quantiles, large, requests, start)
}


def main(chosen: list[str]) -> None:
    ot.TBB.SetThreadsNumber(2)
    console = Console()
    console.print(", ".join(f"{peer} {version(peer)}" for peer in _PEERS), f"Python {sys.version.split()[0]}")
    table = Table("figure", "against", "measured", "hoped for")
    for name in chosen or ROWS:
        for row in ROWS[name]():
            console.print(" | ".join(row))
            table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

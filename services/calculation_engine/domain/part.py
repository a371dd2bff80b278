"""What a range of draws says of the outputs, small enough to send, and how ranges merge.

Draws are summed up span by span: a span is SPAN draws that begin at a multiple of SPAN (the last one may be
shorter), and its sums do not depend on the range that it is computed in. Ranges that begin at multiples of
SPAN therefore merge to the same bits however they are cut, and whoever computes them. Sums are of differences
from a centre that the sample's first block gives, which keeps their digits.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.experiment import Columns, Experiment
from services.calculation_engine.domain.histogram import BINS, Scale
from services.calculation_engine.domain.loops.choice import loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.replicates import REPLICATES, by_replicate
from services.schemas.simulation import Output, Targets

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

SPAN = 2**17
EXACT = 2**20
"""A sample of at most so many draws is kept whole, so that its quantiles are exact."""

_FIRST_CHECKPOINT = 128


@dataclass(frozen=True)
class OutputPart:
    """One output. `moments` has a row a span: count, sum and sum of squares (about the scale's centre) of the
    finite values of each replicate; `early` the same for the first 128, 256, … draws of the sample's first
    span; `infinite` counts each replicate's infinite values. One of `values` (a number a draw) and
    `histogram` (a row a replicate) is empty."""

    scale: Scale
    moments: Numbers
    early: Numbers
    infinite: Counts
    least: float
    greatest: float
    values: Numbers
    histogram: Counts


@dataclass(frozen=True)
class Part:
    """The draws from `start` up to before `stop`. `usable`, and `hits` by what is hoped for, count draws of
    each replicate."""

    start: int
    stop: int
    usable: Counts
    several_rates: int
    first_failure: Mapping[str, float] | None
    hits: Mapping[str, Counts]
    outputs: Mapping[Output, OutputPart]

    def to_bytes(self) -> bytes:
        """The part as it travels; `from_bytes` reads it."""
        head = {
            "range": [self.start, self.stop],
            "several_rates": self.several_rates,
            "first_failure": self.first_failure,
            "hits": list(self.hits),
            "outputs": {
                name: [part.scale.centre, part.scale.width, part.least, part.greatest]
                for name, part in self.outputs.items()
            },
        }
        arrays: dict[str, NDArray[np.generic]] = {
            "head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            "usable": self.usable,
            **{f"hits.{name}": counts for name, counts in self.hits.items()},
        }
        for name, part in self.outputs.items():
            for field in _ARRAYS:
                arrays[f"{name}.{field}"] = getattr(part, field)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @staticmethod
    def from_bytes(data: bytes) -> "Part":
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            return Part(
                start=head["range"][0],
                stop=head["range"][1],
                usable=arrays["usable"],
                several_rates=head["several_rates"],
                first_failure=head["first_failure"],
                hits={name: arrays[f"hits.{name}"] for name in head["hits"]},
                outputs={
                    name: OutputPart(
                        scale=Scale(centre, width),
                        least=least,
                        greatest=greatest,
                        **{field: arrays[f"{name}.{field}"] for field in _ARRAYS},
                    )
                    for name, (centre, width, least, greatest) in head["outputs"].items()
                },
            )


_ARRAYS = tuple(
    field.name for field in fields(OutputPart) if field.name not in {"scale", "least", "greatest"}
)


def part_of(
    experiment: Experiment, start: int, stop: int, outputs: Sequence[Output], targets: Targets
) -> Part:
    """The draws from `start`, a multiple of SPAN, up to before `stop`, a multiple of SPAN or the sample's
    end."""
    keep = experiment.design.draws <= EXACT
    scales = _scales(experiment, outputs)
    spans = [
        part_of_columns(
            experiment.columns(first, min(first + SPAN, stop), outputs), first, scales, targets, keep=keep
        )
        for first in range(start, stop, SPAN)
    ]
    return merged(spans)


def merged(parts: Sequence[Part]) -> Part:
    """Parts whose ranges follow each other, as one."""
    ordered = sorted(parts, key=lambda part: part.start)
    first = ordered[0]
    for one, following in pairwise(ordered):
        if one.stop != following.start:
            raise ValueError(f"the draws from {one.stop} to {following.start} are missing or there twice")
    return Part(
        start=first.start,
        stop=ordered[-1].stop,
        usable=_total([part.usable for part in ordered]),
        several_rates=sum(part.several_rates for part in ordered),
        first_failure=next((p.first_failure for p in ordered if p.first_failure is not None), None),
        hits={name: _total([part.hits[name] for part in ordered]) for name in first.hits},
        outputs={name: _joined([part.outputs[name] for part in ordered]) for name in first.outputs},
    )


def _joined(parts: Sequence[OutputPart]) -> OutputPart:
    return OutputPart(
        scale=parts[0].scale,
        moments=np.concatenate([part.moments for part in parts]),
        early=np.concatenate([part.early for part in parts]),
        infinite=_total([part.infinite for part in parts]),
        least=min(part.least for part in parts),
        greatest=max(part.greatest for part in parts),
        values=np.concatenate([part.values for part in parts]),
        histogram=_total([part.histogram for part in parts]),
    )


def _total(counts: Sequence[Counts]) -> Counts:
    total: Counts = np.sum(counts, axis=0, dtype=np.int64)
    return total


def _scales(experiment: Experiment, outputs: Sequence[Output]) -> dict[Output, Scale]:
    """From the sample's first block."""
    first = experiment.columns(0, min(BLOCK, experiment.design.draws), outputs)
    return {output: _scale(values) for output, values in first.values.items()}


def _scale(values: Numbers) -> Scale:
    return Scale.of(values[np.isfinite(values)])


def part_of_columns(
    columns: Columns, start: int, scales: Mapping[Output, Scale], targets: Targets, *, keep: bool
) -> Part:
    """The part of one span that begins with draw `start`; an output without a scale makes its own."""
    size = len(columns.usable)
    return Part(
        start=start,
        stop=start + size,
        usable=by_replicate(columns.usable),
        several_rates=columns.several_rates,
        first_failure=columns.first_failure,
        hits=_hits(columns, targets),
        outputs={
            output: summed_up(values, scales.get(output) or _scale(values), first=start == 0, keep=keep)
            for output, values in columns.values.items()
        },
    )


def _hits(columns: Columns, targets: Targets) -> dict[str, Counts]:
    """NaN and infinity never meet a target."""
    found = {"npv_positive": columns.values["npv"] > 0}
    if targets.roi is not None:
        found["roi_target"] = columns.values["roi"] >= targets.roi
    if targets.payback_months is not None:
        found["payback_target"] = columns.values["payback_months"] <= targets.payback_months
    return {name: by_replicate(met) for name, met in found.items()}


def summed_up(values: Numbers, scale: Scale, *, first: bool, keep: bool) -> OutputPart:
    """One output's numbers of a span, the sample's `first` or not; kept whole, or as a histogram."""
    early = [size for size in checkpoints(len(values)) if size < len(values)] if first else []
    every = _Sums.of(values, scale, 0 if keep else BINS)
    return OutputPart(
        scale=scale,
        moments=every.moments[np.newaxis],
        early=np.array([_Sums.of(values[:size], scale, 0).moments for size in early]).reshape(
            -1, 3, REPLICATES
        ),
        infinite=every.infinite,
        least=float(every.ends[0]),
        greatest=float(every.ends[1]),
        values=values if keep else np.empty(0),
        histogram=every.histogram,
    )


@dataclass(frozen=True)
class _Sums:
    """What `Loops.sum_up` finds."""

    moments: Numbers
    infinite: Counts
    ends: Numbers
    histogram: Counts

    @staticmethod
    def of(values: Numbers, scale: Scale, bins: int) -> "_Sums":
        found = _Sums(
            np.empty((3, REPLICATES)),
            np.empty(REPLICATES, dtype=np.int64),
            np.empty(2),
            np.empty((REPLICATES, bins), dtype=np.int64),
        )
        loops().sum_up(
            values,
            scale.centre,
            scale.width,
            found.moments,
            found.infinite,
            found.ends,
            found.histogram,
        )
        return found


def checkpoints(draws: int) -> list[int]:
    """128, 256, 512, … and all draws."""
    sizes: list[int] = []
    size = _FIRST_CHECKPOINT
    while size < draws:
        sizes.append(size)
        size *= 2
    return [*sizes, draws]

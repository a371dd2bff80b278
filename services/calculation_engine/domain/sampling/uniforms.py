"""Uniform numbers for uncertain inputs, addressed by seed, input name and the index of the draw.

Draw g belongs to replicate g mod 8 and is number g // 8 there. The replicates are independent, and each is a
sample of the whole distribution: how much they differ tells how sure a figure is. Blocks of BLOCK draws begin
at multiples of BLOCK; a block's numbers depend on the seed, the input and the block alone, not on which other
blocks are computed, where, or in what order.

- `sobol`: each replicate is Owen's scrambling of Sobol' points, under a key of its own; an input's dimension
  is its place among the drawn names in alphabetical order.
- `latin_hypercube`: each replicate cuts (0, 1) into as many equal strata as it has draws and meets each once.
  The order is a permutation that is computed by index (A. Kensler, Correlated multi-jittered sampling, Pixar
  Technical Memo 13-01, 2013).
- `random`: independent numbers, streams of the counter-based generator Philox (Salmon et al., Parallel random
  numbers: as easy as 1, 2, 3, SC11), keyed by a hash of seed and name.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.replicates import REPLICATES
from services.calculation_engine.domain.sampling import sobol
from services.calculation_engine.domain.sampling.laws import LEAST, MOST, Numbers
from services.calculation_engine.domain.sampling.sobol import Words
from services.schemas.simulation import Sampler

_PER_REPLICATE = BLOCK // REPLICATES


class Stream(NamedTuple):
    """The numbers of one input: `dimension` counts for `sobol`, the whole sample's size `draws` for
    `latin_hypercube`."""

    seed: int
    name: str
    dimension: int
    draws: int

    def key(self, purpose: str) -> bytes:
        """Eight words, one a replicate, that belong to this seed, name and purpose."""
        return hashlib.sha256(f"{self.seed}:{self.name}:{purpose}".encode()).digest()

    def words(self, purpose: str) -> Words:
        """Those of the key."""
        return np.frombuffer(self.key(purpose), dtype="<u4").astype(np.uint32)


def block_of_uniforms(sampler: Sampler, stream: Stream, start: int) -> Numbers:
    """BLOCK numbers strictly between 0 and 1: those of the draws from `start`, a multiple of BLOCK. Those of
    `sobol` are made by `Loops.draw`, from Points."""
    return _SAMPLERS[sampler](stream, start)


class Points(NamedTuple):
    """What `Loops.draw` makes the numbers of several inputs of, a row an input."""

    low: Words
    words: Words

    @staticmethod
    def of(streams: Sequence[Stream]) -> "Points":
        low, directions = _low_points(tuple([stream.dimension for stream in streams]))
        keys = np.frombuffer(b"".join([stream.key("sobol") for stream in streams]), dtype="<u4")
        return Points(low, np.concatenate((directions, keys.reshape(-1, REPLICATES)), axis=1))


@lru_cache(maxsize=8)
def _low_points(dimensions: tuple[int, ...]) -> tuple[Words, Words]:
    """The first block's points, of which all others are made, and the direction numbers."""
    directions = sobol.directions()[list(dimensions)]
    return sobol.low_points(directions, _PER_REPLICATE), directions


_NONE = np.empty((0, sobol.DIGITS), dtype=np.uint32)
NO_POINTS = Points(_NONE, _NONE)


def _random(stream: Stream, start: int) -> Numbers:
    digest = hashlib.sha256(f"{stream.seed}:{stream.name}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8")
    # A step of the counter makes four numbers.
    generator = np.random.Generator(np.random.Philox(key=key, counter=[start // 4, 0, 0, 0]))
    return np.clip(generator.random(BLOCK), LEAST, MOST)


def _latin_hypercube(stream: Stream, start: int) -> Numbers:
    sizes = (np.uint32(stream.draws) + np.arange(REPLICATES - 1, -1, -1, dtype=np.uint32)) // REPLICATES
    # Draws of the last block beyond the sample's end are made, and nobody reads them.
    indices = (start // REPLICATES + np.arange(_PER_REPLICATE, dtype=np.uint32))[:, np.newaxis]
    strata = _permuted(np.minimum(indices, sizes - 1), sizes, stream.words("order"))
    inside = _hashed(indices ^ stream.words("inside"))
    numbers: Numbers = (strata + (inside + 0.5) * sobol.STEP) / sizes
    return numbers.reshape(-1)


def _permuted(indices: Words, sizes: Words, keys: Words) -> Words:
    """Kensler's permutation of 0 … size - 1: one of the next power of two, walked until it falls inside."""
    mask = sizes - 1
    for shift in (1, 2, 4, 8, 16):
        mask |= mask >> np.uint32(shift)
    found = _permuted_digits(indices, mask, keys)
    while (found >= sizes).any():
        found = np.where(found >= sizes, _permuted_digits(found, mask, keys), found)
    return (found + keys) % sizes


def _permuted_digits(x: Words, mask: Words, key: Words) -> Words:
    x = x ^ key
    x *= np.uint32(0xE170893D)
    x ^= key >> np.uint32(16)
    x ^= (x & mask) >> np.uint32(4)
    x ^= key >> np.uint32(8)
    x *= np.uint32(0x0929EB3F)
    x ^= key >> np.uint32(23)
    x ^= (x & mask) >> np.uint32(1)
    x *= np.uint32(1) | key >> np.uint32(27)
    x *= np.uint32(0x6935FA69)
    x ^= (x & mask) >> np.uint32(11)
    x *= np.uint32(0x74DCB303)
    x ^= (x & mask) >> np.uint32(2)
    x *= np.uint32(0x9E501CC3)
    x ^= (x & mask) >> np.uint32(2)
    x *= np.uint32(0xC860A3DF)
    x &= mask
    return x ^ x >> np.uint32(5)


def _hashed(x: Words) -> Words:
    """A well mixed word for each word (the finaliser of A. Appleby's MurmurHash3)."""
    x = (x ^ x >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    x = (x ^ x >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return x ^ x >> np.uint32(16)


_SAMPLERS: Mapping[Sampler, Callable[[Stream, int], Numbers]] = {
    "latin_hypercube": _latin_hypercube,
    "random": _random,
}

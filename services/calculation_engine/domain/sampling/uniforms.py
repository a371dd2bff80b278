"""Uniform numbers for uncertain inputs, addressed by seed, input name and block of draws.

Draws come in blocks of BLOCK. A block's numbers for an input depend on the seed, the input's name and the
block's index alone: not on the other inputs, their order, or how many draws follow. Each is a stream of the
counter-based generator Philox (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC11), keyed by a
hash of seed and name.
"""

import hashlib
from collections.abc import Callable
from typing import Literal

import numpy as np

from services.calculation_engine.domain.sampling.laws import LEAST, MOST, Numbers

Sampler = Literal["random", "latin_hypercube"]

BLOCK = 4096


def uniforms(sampler: Sampler, seed: int, name: str, block: int, size: int) -> Numbers:
    """`size` numbers strictly between 0 and 1 for one input in one block.

    `random` draws them independently. `latin_hypercube` cuts (0, 1) into `size` equal strata and draws one
    number from each, in random order: every block is a Latin hypercube of its own.
    """
    return np.clip(_SAMPLERS[sampler](_generator(seed, name, block), size), LEAST, MOST)


def _random(generator: np.random.Generator, size: int) -> Numbers:
    return generator.random(size)


def _latin_hypercube(generator: np.random.Generator, size: int) -> Numbers:
    return (generator.permutation(size) + generator.random(size)) / size


_SAMPLERS: dict[Sampler, Callable[[np.random.Generator, int], Numbers]] = {
    "random": _random,
    "latin_hypercube": _latin_hypercube,
}


def _generator(seed: int, name: str, block: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    key = np.frombuffer(digest[:16], dtype="<u8")
    # The block stands in the counter's highest word, so blocks cannot run into each other.
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, block]))

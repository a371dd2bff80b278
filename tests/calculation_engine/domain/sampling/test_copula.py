import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.calculation_engine.domain.sampling.copula import copula, nearest_correlation
from services.schemas.value_model import Correlation


def pair(first: str, second: str, rank: float) -> Correlation:
    return Correlation(first=first, second=second, rank=rank)


def test_a_pair_gets_pearson_s_correlation_for_its_rank() -> None:
    found = copula((pair("y", "x", 0.5),), frozenset("xy"))
    assert found.names == ("x", "y")
    assert found.factor[1][0] == pytest.approx(2 * math.sin(math.pi / 12))
    assert found.repaired == ()


def test_ranks_that_are_possible_may_have_no_normal_inputs_and_are_repaired() -> None:
    """Three ranks of -1/2 are a valid matrix, with a root at zero; as 2 sin(pi rank / 6) = -0.518 it is lost.
    The nearest that is one has -1/2 again, which is a rank of 6 asin(-1/4) / pi."""
    ranks = np.full((3, 3), -0.5) + 1.5 * np.eye(3)
    assert np.linalg.eigvalsh(ranks)[0] == pytest.approx(0, abs=1e-12)
    found = copula((pair("x", "y", -0.5), pair("y", "z", -0.5), pair("x", "z", -0.5)), frozenset("xyz"))
    assert [each.first + each.second for each in found.repaired] == ["xy", "xz", "yz"]
    for each in found.repaired:
        assert each.wanted == pytest.approx(-0.5)
        assert each.used == pytest.approx(6 / math.pi * math.asin(-0.25), abs=1e-6)


def test_only_pairs_that_are_drawn_count() -> None:
    assert copula((pair("x", "y", 0.5),), frozenset("xz")).names == ()


def test_higham_s_example() -> None:
    """N. J. Higham, Computing the nearest correlation matrix, IMA J. Numer. Anal. 22 (2002), section 1."""
    found = nearest_correlation(np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]]))
    assert found == pytest.approx(
        np.array([[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]), abs=5e-5
    )


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_any_ranks_give_a_factor_of_a_correlation_matrix(ranks: list[float]) -> None:
    names = [(a, b) for i, a in enumerate("abcd") for b in "abcd"[i + 1 :]]
    found = copula(
        tuple(pair(a, b, rank) for (a, b), rank in zip(names, ranks, strict=True)), frozenset("abcd")
    )
    for row in found.factor:
        assert math.fsum(value * value for value in row) == pytest.approx(1)

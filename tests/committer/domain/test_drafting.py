"""What does not fit together in a contract is found before anybody signs it."""

from decimal import Decimal
from typing import Any

import pytest

from services.committer.domain.drafting import findings
from services.schemas.terms import GainShare
from tests.committer.domain.terms import GO_LIVE, SUBSCRIPTION


def _shared(**fields: Any) -> GainShare:
    document = {"kind": "gain_share", "key": "shared", "label": "Shared", "commitments": ["saved"], **fields}
    return GainShare.model_validate(document)


def _pointers(*terms: Any, commitments: tuple[str, ...] = ("saved",)) -> set[str]:
    found = findings(terms, commitments=commitments, milestones=["go_live"], digits=2)
    return {error.pointer for error in found}


def test_what_fits_has_no_findings() -> None:
    assert (
        _pointers(SUBSCRIPTION, GO_LIVE, _shared(share="0.2", floor_per_period="1", cap_per_period="9"))
        == set()
    )


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"share": "0.1", "commitments": ["other"]}, "/terms/0/commitments/0"),
        ({"share": "0.1", "floor_per_period": "9", "cap_per_period": "1"}, "/terms/0/floor_per_period"),
        ({"share": "0.1", "cap_per_period": "0.001"}, "/terms/0/cap_per_period"),
        ({"marginal_tiers": [{"up_to": "10", "rate": "0.1"}]}, "/terms/0/marginal_tiers"),
        (
            {"marginal_tiers": [{"up_to": n, "rate": "0.1"} for n in ("10", "5", None)]},
            "/terms/0/marginal_tiers",
        ),
        ({"whole_tiers": [{"from_gain": n, "rate": "0.1"} for n in ("5", "5")]}, "/terms/0/whole_tiers"),
        ({"share": "0.1", "earn_back": {"committed_gain": "1", "at_least": "0.9"}}, "/terms/0/earn_back"),
    ],
)
def test_a_gain_share_that_does_not_fit(fields: dict[str, Any], pointer: str) -> None:
    assert _pointers(_shared(**fields)) == {pointer}


def test_keys_are_unique_and_a_milestone_is_paid_once() -> None:
    assert _pointers(GO_LIVE, GO_LIVE) == {"/terms"}
    assert _pointers(commitments=("saved", "saved")) == {"/commitments"}


def test_a_payment_names_a_milestone_of_the_contract() -> None:
    unknown = GO_LIVE.model_copy(update={"milestone": "other"})
    assert _pointers(unknown) == {"/terms/0/milestone"}


def test_amounts_are_in_whole_minor_units() -> None:
    uneven = SUBSCRIPTION.model_copy(update={"amount_per_period": Decimal("0.005")})
    assert _pointers(uneven) == {"/terms/0/amount_per_period"}

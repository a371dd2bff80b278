"""The life of a contract: nothing is in force that two times two people did not agree to."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.committer.domain.lifecycle import (
    TRANSITIONS,
    AlreadySigned,
    Contract,
    NotAllowed,
    Party,
    SamePerson,
    State,
    WrongState,
)

DRAFT = Contract(owner="dora", authors=frozenset({"dora"}))
people = st.sampled_from(["dora", "eve", "grace", "carl"])
parties: st.SearchStrategy[Party] = st.sampled_from(["vendor", "customer"])


class Lives(RuleBasedStateMachine):
    """Anybody tries anything; what is refused changes nothing, and the rest is in the table."""

    def __init__(self) -> None:
        super().__init__()
        self.contract = DRAFT

    def _try(self, change: Callable[[], Contract]) -> None:
        before = self.contract
        with suppress(NotAllowed):
            self.contract = change()
        steps = {(source, target) for (source, _), target in TRANSITIONS.items()}
        assert before.state == self.contract.state or (before.state, self.contract.state) in steps

    @rule(by=people)
    def edit(self, by: str) -> None:
        self._try(lambda: self.contract.edit(by))

    @rule(by=people)
    def request_review(self, by: str) -> None:
        self._try(lambda: self.contract.request_review(by))

    @rule()
    def send_back(self) -> None:
        self._try(self.contract.send_back)

    @rule(by=people)
    def approve(self, by: str) -> None:
        self._try(lambda: self.contract.approve(by))

    @rule(party=parties, by=people)
    def sign(self, party: Party, by: str) -> None:
        self._try(lambda: self.contract.sign(party, by))

    @rule(action=st.sampled_from(["activate", "give_up", "confirm", "complete", "terminate"]))
    def step(self, action: str) -> None:
        self._try(lambda: self.contract.step(action))  # type: ignore[arg-type]  # sampled from the literal

    @rule(party=parties, by=people)
    def go_on(self, party: Party, by: str) -> None:
        """The next thing towards an agreement: left to chance, few contracts come as far as a signature."""
        match self.contract.state:
            case "draft":
                self.request_review(by)
            case "in_review":
                self.approve(by)
            case "approved":
                self.sign(party, by)
            case "signed" | "activation_failed":
                self.step("activate")
            case "activating":
                self.step("confirm")

    @invariant()
    def what_is_approved_had_a_second_person(self) -> None:
        life = self.contract
        if life.state not in {"draft", "in_review"}:
            assert life.approved_by is not None
            assert life.approved_by not in {life.owner, life.requested_by, *life.authors}

    @invariant()
    def what_is_signed_was_signed_by_two(self) -> None:
        life = self.contract
        signers = {life.vendor_signer, life.customer_signer}
        if life.state not in {"draft", "in_review", "approved"}:
            assert None not in signers
            assert len(signers) == 2

    @invariant()
    def nobody_has_signed_what_can_still_change(self) -> None:
        if self.contract.state in {"draft", "in_review"}:
            assert (self.contract.vendor_signer, self.contract.customer_signer) == (None, None)


TestLives = Lives.TestCase


def test_every_state_but_the_last_leads_on() -> None:
    reached = set(TRANSITIONS.values()) | {"draft"}
    left = {state for state, _ in TRANSITIONS}
    assert reached - left == {"completed", "terminated"}
    assert left <= reached


def _approved() -> Contract:
    return DRAFT.request_review("dora").approve("eve")


def test_a_party_signs_once() -> None:
    with pytest.raises(AlreadySigned, match="vendor"):
        _approved().sign("vendor", "dora").sign("vendor", "grace")


def test_nobody_signs_for_both() -> None:
    with pytest.raises(SamePerson):
        _approved().sign("vendor", "dora").sign("customer", "dora")


@pytest.mark.parametrize("state", ["draft", "in_review", "signed", "active", "completed"])
def test_only_what_is_approved_is_signed(state: State) -> None:
    with pytest.raises(WrongState):
        Contract(owner="dora", authors=frozenset(), state=state).sign("vendor", "dora")


def test_an_activation_that_failed_is_tried_again() -> None:
    signed = _approved().sign("customer", "carl").sign("vendor", "dora")
    again = signed.step("activate").step("give_up").step("activate").step("confirm")
    assert again.state == "active"

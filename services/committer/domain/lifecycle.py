"""The life of a contract, as one table; the rule of four eyes, and that of two parties.

    draft --request_review--> in_review --approve--> approved --sign (both)--> signed --activate--> activating
      ^                           |                                                                  |  ^  |
      +---------return------------+                        activation_failed <--give_up--------------+  |  |
                                                                   +-----------activate-----------------+  |
    completed <--complete-- active <--confirm------------------------------------------------------------+
                              +--terminate--> terminated

One signature leaves a contract approved; the second, by the other party, makes it signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

State = Literal[
    "draft",
    "in_review",
    "approved",
    "signed",
    "activating",
    "activation_failed",
    "active",
    "completed",
    "terminated",
]
Action = Literal[
    "request_review", "return", "approve", "sign", "activate", "give_up", "confirm", "complete", "terminate"
]
Party = Literal["vendor", "customer"]

TRANSITIONS: Mapping[tuple[State, Action], State] = {
    ("draft", "request_review"): "in_review",
    ("in_review", "return"): "draft",
    ("in_review", "approve"): "approved",
    ("approved", "sign"): "signed",
    ("signed", "activate"): "activating",
    ("activating", "give_up"): "activation_failed",
    ("activation_failed", "activate"): "activating",
    ("activating", "confirm"): "active",
    ("active", "complete"): "completed",
    ("active", "terminate"): "terminated",
}


class NotAllowed(Exception):
    """The state, or who asks, does not allow the action.

    NotAllowed
     ├── WrongState
     ├── AlreadySigned
     └── SamePerson
    """


class WrongState(NotAllowed):
    """The contract's state has no such action."""

    def __init__(self, action: Action | Literal["edit"], state: State) -> None:
        asked = action.replace("_", " ")
        super().__init__(f"A contract that is {state.replace('_', ' ')} does not allow: {asked}.")


class AlreadySigned(NotAllowed):
    """The party has signed before."""

    def __init__(self, party: Party) -> None:
        super().__init__(f"The {party} has signed already.")


class SamePerson(NotAllowed):
    """It takes a second person."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract, as far as its life goes. People are named by `sub`: the `owner`, the `authors` who wrote on
    it, and those who signed for either party."""

    owner: str
    authors: frozenset[str]
    state: State = "draft"
    requested_by: str | None = None
    approved_by: str | None = None
    vendor_signer: str | None = None
    customer_signer: str | None = None

    def _after(self, action: Action) -> State:
        try:
            return TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState(action, self.state) from None

    def edit(self, by: str) -> Self:
        """The contract with one more author.

        Raises:
            WrongState: only a draft may change.
        """
        if self.state != "draft":
            raise WrongState("edit", self.state)
        return replace(self, authors=self.authors | {by})

    def request_review(self, by: str) -> Self:
        """Raises:
        WrongState: it is no draft.
        """
        return replace(self, state=self._after("request_review"), requested_by=by)

    def send_back(self) -> Self:
        """The contract as a draft again.

        Raises:
            WrongState: it is not in review.
        """
        return replace(self, state=self._after("return"), requested_by=None)

    def approve(self, by: str) -> Self:
        """Raises:
        WrongState: it is not in review.
        SamePerson: the approver owns it, wrote on it or asked for its review.
        """
        state = self._after("approve")
        if by in {self.owner, self.requested_by, *self.authors}:
            raise SamePerson("Approval takes a second person, who neither owns, wrote nor submitted this.")
        return replace(self, state=state, approved_by=by)

    def sign(self, party: Party, by: str) -> Self:
        """The contract with one party's signature; signed once both are there.

        Raises:
            WrongState: it is not approved.
            AlreadySigned: this party's is there already.
            SamePerson: the same person signed for the other party.
        """
        state = self._after("sign")
        signers: dict[Party, str | None] = {"vendor": self.vendor_signer, "customer": self.customer_signer}
        if signers[party] is not None:
            raise AlreadySigned(party)
        if by in signers.values():
            raise SamePerson("Nobody signs for both parties.")
        signers[party] = by
        return replace(
            self,
            state=state if None not in signers.values() else self.state,
            vendor_signer=signers["vendor"],
            customer_signer=signers["customer"],
        )

    def step(self, action: Literal["activate", "give_up", "confirm", "complete", "terminate"]) -> Self:
        """The contract after an action that asks nothing of who does it.

        Raises:
            WrongState: its state has no such action.
        """
        return replace(self, state=self._after(action))

"""The life of a model's version, as one table, and the rule of four eyes.

    draft --request_review--> in_review --approve--> approved --supersede--> superseded
      ^                           |
      +---------return------------+

An approved version never changes. Its successor starts as a draft of its own (`revise`) and, once approved,
supersedes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

State = Literal["draft", "in_review", "approved", "superseded"]
Action = Literal["request_review", "return", "approve", "supersede"]

TRANSITIONS: Mapping[tuple[State, Action], State] = {
    ("draft", "request_review"): "in_review",
    ("in_review", "return"): "draft",
    ("in_review", "approve"): "approved",
    ("approved", "supersede"): "superseded",
}


class NotAllowed(Exception):
    """The state, or who asks, does not allow the action.

    NotAllowed
     ├── WrongState
     └── SamePerson
    """


class WrongState(NotAllowed):
    """The version's state has no such action."""

    def __init__(self, action: Action | Literal["edit", "revise"], state: State) -> None:
        super().__init__(f"A version that is {state.replace('_', ' ')} does not allow: {action}.")


class SamePerson(NotAllowed):
    """Approval takes somebody who neither owns the model, nor wrote on it, nor asked for its review."""

    def __init__(self) -> None:
        super().__init__("Approval takes a second person, who neither owns, wrote nor submitted this.")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model, as far as its life goes. People are named by `sub`: the model's `owner`, and
    the `authors` who wrote on this version."""

    number: int
    owner: str
    authors: frozenset[str]
    state: State = "draft"
    requested_by: str | None = None
    approved_by: str | None = None

    def _after(self, action: Action) -> State:
        try:
            return TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState(action, self.state) from None

    def request_review(self, by: str) -> Self:
        """Raises:
        WrongState: it is no draft.
        """
        return replace(self, state=self._after("request_review"), requested_by=by)

    def send_back(self) -> Self:
        """The version as a draft again.

        Raises:
            WrongState: it is not in review.
        """
        return replace(self, state=self._after("return"), requested_by=None)

    def approve(self, by: str) -> Self:
        """Raises:
        WrongState: it is not in review.
        SamePerson: the approver owns the model, wrote on this version or asked for its review.
        """
        state = self._after("approve")
        if by in {self.owner, self.requested_by, *self.authors}:
            raise SamePerson
        return replace(self, state=state, approved_by=by)

    def supersede(self) -> Self:
        """Raises:
        WrongState: it is not approved.
        """
        return replace(self, state=self._after("supersede"))

    def revise(self, by: str) -> Self:
        """The next version, a draft.

        Raises:
            WrongState: this one is not approved.
        """
        if self.state != "approved":
            raise WrongState("revise", self.state)
        return replace(
            self,
            number=self.number + 1,
            authors=frozenset({by}),
            state="draft",
            requested_by=None,
            approved_by=None,
        )

    def edit(self, by: str) -> Self:
        """The version with one more author.

        Raises:
            WrongState: only a draft may change.
        """
        if self.state != "draft":
            raise WrongState("edit", self.state)
        return replace(self, authors=self.authors | {by})

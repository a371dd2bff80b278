"""A version's life: every path that the table allows, driven at random, and the rule of four eyes."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.architect.domain.lifecycle import NotAllowed, SamePerson, Version, WrongState

PEOPLE = st.sampled_from(["ada", "ben", "cyd", "dee"])


class ModelsLife(RuleBasedStateMachine):
    """A model and its versions, of which the last is the one being worked on."""

    def __init__(self) -> None:
        super().__init__()
        self.versions = [Version(number=1, owner="ada", authors=frozenset({"ada"}))]

    @property
    def current(self) -> Version:
        return self.versions[-1]

    def _try(self, change: object, **arguments: str) -> bool:
        before = self.current
        try:
            self.versions[-1] = change(**arguments)  # type: ignore[operator]  # a bound method of Version
        except NotAllowed:
            assert self.current == before
            return False
        return True

    @rule(by=PEOPLE)
    def edit(self, by: str) -> None:
        was = self.current.state
        assert self._try(self.current.edit, by=by) == (was == "draft")

    @rule(by=PEOPLE)
    def request_review(self, by: str) -> None:
        was = self.current.state
        assert self._try(self.current.request_review, by=by) == (was == "draft")

    @rule()
    def send_back(self) -> None:
        was = self.current.state
        assert self._try(self.current.send_back) == (was == "in_review")

    @rule(by=PEOPLE)
    def approve(self, by: str) -> None:
        before = self.current
        involved = {before.owner, before.requested_by, *before.authors}
        allowed = before.state == "in_review" and by not in involved
        assert self._try(self.current.approve, by=by) == allowed
        if allowed and len(self.versions) > 1:
            self.versions[-2] = self.versions[-2].supersede()

    @precondition(lambda self: self.current.state == "approved")
    @rule(by=PEOPLE)
    def revise(self, by: str) -> None:
        self.versions.append(self.current.revise(by))

    @invariant()
    def at_most_one_version_is_approved(self) -> None:
        assert sum(version.state == "approved" for version in self.versions) <= 1

    @invariant()
    def numbers_are_dense_and_only_the_last_is_open(self) -> None:
        assert [version.number for version in self.versions] == list(range(1, len(self.versions) + 1))
        assert all(version.state in {"approved", "superseded"} for version in self.versions[:-1])

    @invariant()
    def whoever_approved_was_a_second_person(self) -> None:
        for version in self.versions:
            if version.state in {"approved", "superseded"}:
                assert version.approved_by is not None
                assert version.approved_by not in {version.owner, version.requested_by, *version.authors}


TestModelsLife = ModelsLife.TestCase


def _in_review() -> Version:
    return Version(1, "ada", frozenset({"ada"})).edit("ben").request_review("cyd")


@pytest.mark.parametrize("by", ["ada", "ben", "cyd"])
def test_nobody_who_took_part_approves(by: str) -> None:
    with pytest.raises(SamePerson):
        _in_review().approve(by)


def test_a_second_person_approves() -> None:
    assert _in_review().approve("dee").state == "approved"


def test_a_draft_cannot_be_approved() -> None:
    with pytest.raises(WrongState, match="draft does not allow: approve"):
        Version(1, "ada", frozenset()).approve("dee")


def test_an_approved_version_cannot_be_edited() -> None:
    with pytest.raises(WrongState, match="approved does not allow: edit"):
        _in_review().approve("dee").edit("ada")


def test_only_an_approved_version_is_revised() -> None:
    with pytest.raises(WrongState):
        _in_review().revise("ada")

"""Who is told about which event."""

from typing import Any

import pytest

from services.chassis.roles import ROLES
from services.notification.domain.routing import PEOPLE, RULES, Audience, audience_of, people_in
from services.schemas import examples
from services.schemas.events import EVENTS, EventPayload
from services.schemas.events.architect import (
    HypothesisAccepted,
    HypothesisRejected,
    ModelApproved,
    ModelReviewRequested,
    ModelSuperseded,
)
from services.schemas.events.committer import ContractActivationFailed, ContractApprovalRequested
from services.schemas.events.executor import MilestoneAccepted
from services.schemas.events.platform import TenantProvisioned

each_rule = pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)


def payload(kind: type[EventPayload], **fields: Any) -> EventPayload:
    return kind.model_validate_json(
        kind.model_validate(examples.event(kind).data).model_dump_json()
    ).model_copy(update=fields)


def test_every_event_that_comes_here_has_a_rule() -> None:
    # A new tenant has nobody yet who could be told; every service lets it in alike.
    consumed = {spec.payload for spec in EVENTS if "notification" in spec.consumers}
    assert set(RULES) == consumed - {TenantProvisioned}


@each_rule
def test_a_rule_names_fields_of_the_event(kind: type[EventPayload]) -> None:
    rule = RULES[kind]
    assert {*rule.people, *rule.but_not} <= kind.model_fields.keys()
    assert {*rule.people, *rule.but_not} <= set(PEOPLE)
    assert rule.people or rule.roles


@each_rule
def test_a_rule_names_roles_of_the_house_but_never_customers(kind: type[EventPayload]) -> None:
    assert set(RULES[kind].roles) <= ROLES.keys() - {"customer"}


def test_a_review_is_asked_of_approvers_but_not_of_whoever_may_not_approve() -> None:
    event = payload(ModelReviewRequested, requested_by="bob", owner="ada")
    audience = audience_of(event, actor="bob")
    assert audience == Audience(frozenset(), frozenset({"approver"}), frozenset({"ada", "bob"}))


@pytest.mark.parametrize("kind", [ModelApproved, ModelSuperseded])
def test_the_owner_learns_what_became_of_the_model(kind: type[EventPayload]) -> None:
    audience = audience_of(payload(kind, owner="ada"), actor="grace")
    assert audience == Audience(frozenset({"ada"}), frozenset(), frozenset({"grace"}))


@pytest.mark.parametrize("kind", [HypothesisAccepted, HypothesisRejected])
def test_the_other_value_engineers_learn_of_decisions(kind: type[EventPayload]) -> None:
    audience = audience_of(payload(kind, decided_by="ada"), actor="ada")
    assert audience == Audience(frozenset(), frozenset({"value-engineer"}), frozenset({"ada"}))


def test_a_contract_s_approval_is_asked_of_those_who_do_not_own_it() -> None:
    event = payload(ContractApprovalRequested, requested_by="dan", owner="dean")
    audience = audience_of(event, actor="dan")
    assert audience == Audience(frozenset(), frozenset({"approver"}), frozenset({"dan", "dean"}))


def test_a_failed_activation_reaches_its_owner_and_those_who_can_retry_it() -> None:
    audience = audience_of(payload(ContractActivationFailed, owner="dean"), actor="selma")
    assert audience == Audience(frozenset({"dean"}), frozenset({"operator"}), frozenset({"selma"}))


def test_an_acceptance_reaches_those_whose_payment_or_value_follows() -> None:
    audience = audience_of(payload(MilestoneAccepted, owner="dana", accepted_by="katrin"), actor="katrin")
    told = frozenset({"deal-manager", "success-lead"})
    assert audience == Audience(frozenset({"dana"}), told, frozenset({"katrin"}))


@each_rule
def test_nobody_is_told_of_what_they_did(kind: type[EventPayload]) -> None:
    event = payload(kind, **dict.fromkeys(people_in(payload(kind)), "ada"))
    audience = audience_of(event, actor="ada")
    assert "ada" in audience.without
    assert "ada" not in audience.subs


def test_people_are_found_by_the_fields_that_name_them() -> None:
    event = payload(ModelApproved, owner="ada", approved_by="grace")
    assert people_in(event) == {"owner": "ada", "approved_by": "grace"}

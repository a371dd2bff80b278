"""A contract comes into force when a second person approved it, both parties signed, and all take part."""

import httpx2
import pytest

from services.schemas.envelope import Reply
from services.schemas.events.architect import ModelSuperseded
from tests.architect.api.cases import if_match
from tests.committer.api.cases import CONTRACTS, Deal
from tests.committer.outbox import events_of


async def _refused(person: httpx2.AsyncClient, contract: dict[str, object], action: str) -> tuple[int, str]:
    path = f"{CONTRACTS}/{contract['id']}/{action}"
    body = {"reason": "Why?"} if action in {"return", "terminate"} else None
    answer = await person.post(path, json=body, headers=if_match(contract))
    return answer.status_code, answer.json()["code"]


async def test_a_second_person_approves(deal: Deal) -> None:
    contract = await deal.step(deal.manager, await deal.draft(), "request-review")
    both = deal.company.person("dora", "deal-manager", "approver")
    assert await _refused(both, contract, "approve") == (403, "second_person_needed")
    approved = await deal.step(deal.approver, contract, "approve")
    assert (approved["state"], approved["approved_by"]) == ("approved", "eve")
    (asked,) = await events_of(deal, "contract.approval-requested")
    assert asked.payload["requested_by"] == "dora"


async def test_a_returned_contract_is_a_draft_with_the_reason(deal: Deal) -> None:
    contract = await deal.step(deal.manager, await deal.draft(), "request-review")
    returned = await deal.step(deal.approver, contract, "return", {"reason": "The cap is too high."})
    assert (returned["state"], returned["returned_reason"]) == ("draft", "The cap is too high.")


async def test_a_contract_on_a_superseded_version_is_not_agreed_on(deal: Deal) -> None:
    contract = await deal.draft()
    superseded = ModelSuperseded(
        model_id=contract["model_id"],
        account_id=contract["account_id"],
        name="Stops",
        version=contract["model_version"],
        version_hash=contract["version_hash"],
        owner="ada",
        superseded_by_version=2,
    )
    await deal.tell(superseded)
    assert await _refused(deal.manager, contract, "request-review") == (409, "superseded_model")


async def test_both_parties_sign_in_any_order_and_nobody_for_both(deal: Deal) -> None:
    contract = await deal.approved()
    customer = deal.customer(contract["account_id"])
    once = await deal.step(customer, contract, "sign")
    assert (once["state"], once["customer_signature"]["by"]) == ("approved", "carl")
    assert await _refused(customer, once, "sign") == (409, "wrong_state")
    for_both = deal.company.person("carl", "deal-manager")
    assert await _refused(for_both, once, "sign") == (403, "second_person_needed")
    signed = await deal.step(deal.manager, once, "sign")
    assert (signed["state"], signed["vendor_signature"]["by"]) == ("activating", "dora")
    (event,) = await events_of(deal, "contract.signed")
    assert event.payload["signed_by"] == ["dora", "carl"]


async def test_only_the_parties_sign(deal: Deal) -> None:
    contract = await deal.approved()
    assert await _refused(deal.engineer, contract, "sign") == (403, "missing_scope")
    reader = deal.company.person("carl", scopes=["committer:read"], account=contract["account_id"])
    assert await _refused(reader, contract, "sign") == (403, "missing_scope")
    assert await _refused(deal.manager, await deal.draft(), "sign") == (409, "wrong_state")


async def test_it_is_in_force_once_all_took_part(deal: Deal) -> None:
    registry = deal.runtime.metrics.registry
    before = registry.get_sample_value("value_committed_total", {"currency": "EUR"}) or 0.0
    contract = await deal.in_force()
    assert contract["state"] == "active"
    (event,) = await events_of(deal, "contract.activated")
    assert event.payload["committed_value"] == {"amount": "3600.00", "currency": "EUR"}
    assert registry.get_sample_value("value_committed_total", {"currency": "EUR"}) == before + 3600
    saga = await deal.saga(contract)
    assert saga["status"] == "done"


async def test_a_refusal_is_compensated_said_and_tried_again(deal: Deal) -> None:
    contract = await deal.signed()
    refusal = Reply.refused("There is no room in the plan.")
    await deal.answer(contract, Reply.done(), refusal, Reply.done())
    failed = await deal.read(contract)
    assert (failed["state"], failed["failure"]) == ("activation_failed", "There is no room in the plan.")
    (event,) = await events_of(deal, "contract.activation-failed")
    assert event.payload["reason"] == "There is no room in the plan."
    again = await deal.step(deal.manager, failed, "activate")
    assert again["state"] == "activating"
    await deal.answer(again, *[Reply.done()] * 3)
    active = await deal.read(again)
    assert (active["state"], active["failure"]) == ("active", None)


async def test_a_contract_in_force_is_terminated_with_a_reason(deal: Deal) -> None:
    contract = await deal.in_force()
    ended = await deal.step(deal.manager, contract, "terminate", {"reason": "The plant was sold."})
    assert (ended["state"], ended["termination_reason"]) == ("terminated", "The plant was sold.")
    (event,) = await events_of(deal, "contract.terminated")
    assert event.payload["reason"] == "The plant was sold."


@pytest.mark.parametrize("action", ["approve", "return", "sign", "activate", "terminate"])
async def test_a_draft_allows_none_of_these(deal: Deal, action: str) -> None:
    anybody = deal.company.person("eve", "approver", "deal-manager")
    assert await _refused(anybody, await deal.draft(), action) == (409, "wrong_state")

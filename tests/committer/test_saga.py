"""The activation of a contract, step by step: what is asked of whom, and what is undone after a refusal."""

from datetime import date
from uuid import UUID

from services.committer.saga import ACTIVATION, Activation
from services.schemas.commands import (
    CancelPlan,
    CreatePlan,
    CreateSuccessPlan,
    LockModel,
    UnlockModel,
)
from services.schemas.periods import periods
from tests.harness.sagas import given

CONTRACT = UUID("0197c1c5-0000-7000-8000-000000000001")
MODEL = UUID("0197c1c5-0000-7000-8000-000000000002")

DATA = Activation(
    contract_id=CONTRACT,
    account_id=UUID("0197c1c5-0000-7000-8000-000000000003"),
    name="Fewer stops",
    owner="dora",
    model_id=MODEL,
    version_hash="a" * 64,
    currency="EUR",
    effective_on=date(2026, 1, 1),
    time_zone="Europe/Berlin",
    periods=tuple(periods(date(2026, 1, 1), "quarter", 4)),
    milestones=(),
    commitments=(),
)


def test_all_take_part() -> None:
    run = given(ACTIVATION, DATA)
    run.expect(LockModel(contract_id=CONTRACT, model_id=MODEL, version_hash="a" * 64)).reply_done()
    run.expect(CreatePlan).reply_done().expect(CreateSuccessPlan).reply_done().expect_done()


def test_a_refused_lock_leaves_nothing_to_undo() -> None:
    given(ACTIVATION, DATA).expect(LockModel).reply_refused("Superseded.").expect_failed("Superseded.")


def test_a_refused_success_plan_undoes_plan_and_lock() -> None:
    run = given(ACTIVATION, DATA).expect(LockModel).reply_done().expect(CreatePlan).reply_done()
    run.expect(CreateSuccessPlan).reply_refused("Unknown metric.")
    run.expect(CancelPlan(contract_id=CONTRACT)).reply_done()
    run.expect(UnlockModel(contract_id=CONTRACT, model_id=MODEL)).reply_done()
    run.expect_failed("Unknown metric.")


def test_whoever_never_answers_is_undone_too() -> None:
    run = given(ACTIVATION, DATA).expect(LockModel).reply_done().expect(CreatePlan).no_reply()
    run.expect(CancelPlan).reply_done().expect(UnlockModel).reply_done()

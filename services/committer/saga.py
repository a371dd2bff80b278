"""Activation: a signed contract comes into force once model, delivery plan and success plan stand."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.chassis.sagas import Saga, Sagas, step
from services.chassis.unit_of_work import UnitOfWork
from services.committer.metrics import VALUE_COMMITTED
from services.committer.store.contracts import ContractRow, Contracts
from services.committer.store.settling import open_account
from services.schemas.base import Currency, Document, Id, Label
from services.schemas.commands import (
    CancelPlan,
    CancelSuccessPlan,
    CreatePlan,
    CreateSuccessPlan,
    LockModel,
    PlannedMilestone,
    UnlockModel,
)
from services.schemas.commitments import Commitment
from services.schemas.events.committer import ContractActivated, ContractActivationFailed
from services.schemas.periods import Period


class Activation(Document):
    """What a contract says to those who take part in its activation."""

    contract_id: Id
    account_id: Id
    name: Label
    owner: str
    model_id: Id
    version_hash: str
    currency: Currency
    effective_on: date = Field(strict=False)
    time_zone: str
    periods: Annotated[tuple[Period, ...], Field(strict=False)]
    milestones: Annotated[tuple[PlannedMilestone, ...], Field(strict=False)]
    commitments: Annotated[tuple[Commitment, ...], Field(strict=False)]


def _lock_model(data: Activation) -> LockModel:
    return LockModel(contract_id=data.contract_id, model_id=data.model_id, version_hash=data.version_hash)


def _unlock_model(data: Activation) -> UnlockModel:
    return UnlockModel(contract_id=data.contract_id, model_id=data.model_id)


def _create_plan(data: Activation) -> CreatePlan:
    return CreatePlan(
        contract_id=data.contract_id,
        account_id=data.account_id,
        name=data.name,
        owner=data.owner,
        effective_on=data.effective_on,
        time_zone=data.time_zone,
        milestones=data.milestones,
    )


def _cancel_plan(data: Activation) -> CancelPlan:
    return CancelPlan(contract_id=data.contract_id)


def _create_success_plan(data: Activation) -> CreateSuccessPlan:
    return CreateSuccessPlan(
        contract_id=data.contract_id,
        account_id=data.account_id,
        name=data.name,
        owner=data.owner,
        model_id=data.model_id,
        version_hash=data.version_hash,
        currency=data.currency,
        time_zone=data.time_zone,
        periods=data.periods,
        commitments=data.commitments,
    )


def _cancel_success_plan(data: Activation) -> CancelSuccessPlan:
    return CancelSuccessPlan(contract_id=data.contract_id)


async def _in_force(uow: UnitOfWork, data: Activation) -> None:
    contract = await Contracts(uow).held(data.contract_id)
    contract.live(contract.life.step("confirm"))
    contract.failure = None
    await Contracts(uow).touch(contract)
    event = ContractActivated(
        **contract.said_by_events(),
        effective_on=contract.effective_on,
        model_id=contract.model_id,
        committed_value=contract.money(contract.committed_value),
    )
    await uow.emit(event, subject=contract.id)
    await open_account(uow, contract)
    uow.count(VALUE_COMMITTED, by=max(float(contract.committed_value), 0.0), currency=contract.currency)


async def _not_in_force(uow: UnitOfWork, data: Activation, reason: str) -> None:
    contract = await Contracts(uow).held(data.contract_id)
    contract.live(contract.life.step("give_up"))
    contract.failure = reason
    await Contracts(uow).touch(contract)
    event = ContractActivationFailed(**contract.said_by_events(), reason=reason)
    await uow.emit(event, subject=contract.id)


ACTIVATION = Saga(
    "activate-contract",
    owner="committer",
    data=Activation,
    steps=[
        step("lock model", _lock_model, compensation=_unlock_model),
        step("create delivery plan", _create_plan, compensation=_cancel_plan),
        step("create success plan", _create_success_plan, compensation=_cancel_success_plan),
    ],
    on_done=_in_force,
    on_failed=_not_in_force,
)


async def activate(uow: UnitOfWork, contract: ContractRow) -> None:
    """Begins a contract's activation, in this transaction.

    Raises:
        WrongState: it is neither signed nor did an activation fail.
    """
    contract.live(contract.life.step("activate"))
    agreement = contract.agreement
    data = Activation(
        contract_id=contract.id,
        account_id=contract.account_id,
        name=contract.name,
        owner=contract.owner,
        model_id=contract.model_id,
        version_hash=contract.version_hash,
        currency=contract.currency,
        effective_on=contract.effective_on,
        time_zone=contract.time_zone,
        periods=tuple(agreement.calendar.periods),
        milestones=agreement.milestones,
        commitments=tuple(promise.commitment for promise in agreement.promises),
    )
    await Sagas(uow).start(ACTIVATION, data, subject=contract.id)

"""Saga commands: what one service asks of another over `valueverse.commands`.

Each command has a compensation that undoes it. A participant handles a command at most once by its id,
answers the same again when asked again, and answers a compensation of something it never did as done.
"""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from services.schemas.base import Currency, Document, Id, Key, Label
from services.schemas.commitments import Commitment
from services.schemas.periods import Period


class CommandPayload(Document):
    """The `data` of one command type; `participant` is the key of the service that handles it."""

    command_type: ClassVar[str]
    participant: ClassVar[str]


class LockModel(CommandPayload):
    """Hold an approved version of a model for a contract: it is not superseded silently from now on."""

    command_type: ClassVar[str] = "architect.lock-model.v1"
    participant: ClassVar[str] = "architect"

    contract_id: Id
    model_id: Id
    version_hash: str = Field(pattern=r"^[0-9a-f]{64}$")


class UnlockModel(CommandPayload):
    """Undo `LockModel`."""

    command_type: ClassVar[str] = "architect.unlock-model.v1"
    participant: ClassVar[str] = "architect"

    contract_id: Id
    model_id: Id


class PlannedMilestone(Document):
    """A milestone of a contract: `term_id` is the key of the payment it releases, if any."""

    key: Key
    label: Label
    due: date = Field(strict=False)
    driver_keys: Annotated[tuple[Key, ...], Field(strict=False)] = ()
    commitment_ids: Annotated[tuple[Id, ...], Field(strict=False)] = ()
    term_id: Key | None = None


class CreatePlan(CommandPayload):
    """Make the delivery plan of a contract, with its milestones; customers of `account_id` see it."""

    command_type: ClassVar[str] = "executor.create-plan.v1"
    participant: ClassVar[str] = "executor"

    contract_id: Id
    account_id: Id | None = None
    name: Label
    owner: str
    effective_on: date = Field(strict=False)
    time_zone: str
    milestones: Annotated[tuple[PlannedMilestone, ...], Field(strict=False)]


class CancelPlan(CommandPayload):
    """Undo `CreatePlan`."""

    command_type: ClassVar[str] = "executor.cancel-plan.v1"
    participant: ClassVar[str] = "executor"

    contract_id: Id


class CreateSuccessPlan(CommandPayload):
    """Make the success plan of a contract: its commitments, measured by its periods; customers of
    `account_id` see it."""

    command_type: ClassVar[str] = "amplifier.create-success-plan.v1"
    participant: ClassVar[str] = "amplifier"

    contract_id: Id
    account_id: Id | None = None
    name: Label
    owner: str
    model_id: Id
    version_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    currency: Currency
    time_zone: str
    periods: Annotated[tuple[Period, ...], Field(strict=False)]
    commitments: Annotated[tuple[Commitment, ...], Field(strict=False)]


class CancelSuccessPlan(CommandPayload):
    """Undo `CreateSuccessPlan`."""

    command_type: ClassVar[str] = "amplifier.cancel-success-plan.v1"
    participant: ClassVar[str] = "amplifier"

    contract_id: Id


COMMANDS: tuple[type[CommandPayload], ...] = (
    LockModel,
    UnlockModel,
    CreatePlan,
    CancelPlan,
    CreateSuccessPlan,
    CancelSuccessPlan,
)

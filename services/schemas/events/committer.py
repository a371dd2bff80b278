"""Events that the committer emits."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from services.schemas.base import Document, Id, Key, Label, Text
from services.schemas.events.base import EventPayload
from services.schemas.money import Money


class _ContractEvent(EventPayload):
    contract_id: Id
    account_id: Id
    name: Label
    owner: str


class ContractApprovalRequested(_ContractEvent):
    """A contract waits for its approval."""

    event_type: ClassVar[str] = "committer.contract.approval-requested.v1"

    requested_by: str


class ContractSigned(_ContractEvent):
    """Both parties have signed; activation follows."""

    event_type: ClassVar[str] = "committer.contract.signed.v1"

    signed_by: Annotated[tuple[str, ...], Field(strict=False)]


class ContractActivated(_ContractEvent):
    """Model, delivery plan and success plan stand: the contract is in force."""

    event_type: ClassVar[str] = "committer.contract.activated.v1"

    effective_on: date = Field(strict=False)
    model_id: Id
    committed_value: Money


class ContractActivationFailed(_ContractEvent):
    """A participant refused; everything was compensated."""

    event_type: ClassVar[str] = "committer.contract.activation-failed.v1"

    reason: Text


class ContractCompleted(_ContractEvent):
    """The last period is settled."""

    event_type: ClassVar[str] = "committer.contract.completed.v1"


class ContractTerminated(_ContractEvent):
    """The contract ends before its last period."""

    event_type: ClassVar[str] = "committer.contract.terminated.v1"

    reason: Text


class SettlementLine(Document):
    """One line of a settlement, with the key of the term that it follows from."""

    term: Key
    label: Label
    amount: Money


class SettlementIssued(_ContractEvent):
    """A period's settlement; a negative net is a credit to the customer."""

    event_type: ClassVar[str] = "committer.settlement.issued.v1"

    settlement_id: Id
    period: str
    lines: Annotated[tuple[SettlementLine, ...], Field(strict=False)]
    net: Money


class SettlementDisputed(_ContractEvent):
    """The customer disputes a settlement."""

    event_type: ClassVar[str] = "committer.settlement.disputed.v1"

    settlement_id: Id
    period: str
    disputed_by: str
    reason: Text

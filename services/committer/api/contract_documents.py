"""What the routes of contracts take and answer."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.committer.domain.agreement import Promise
from services.committer.domain.lifecycle import State
from services.schemas.base import Currency, Document, Id, Key, Label, Timestamp
from services.schemas.commands import PlannedMilestone
from services.schemas.money import Money
from services.schemas.periods import Period
from services.schemas.terms import Term
from services.schemas.time_zone import TimeZone
from services.schemas.value_model import PeriodLength

_EXAMPLE: JsonDict = {
    "name": "Nordwerk Pumps: service desk assistant",
    "effective_on": "2026-01-01",
    "time_zone": "Europe/Berlin",
    "period_length": "quarter",
    "periods": 4,
    "commitments": ["01935b2c-7a50-7c4e-9b1a-3f6d2e8c4a11"],
    "terms": [
        {
            "kind": "subscription",
            "key": "subscription",
            "label": "Subscription",
            "amount_per_period": "12000.00",
        },
        {
            "kind": "milestone",
            "key": "go_live_fee",
            "label": "Go-live",
            "milestone": "go_live",
            "amount": "15000.00",
            "due": "2026-03-31",
        },
        {
            "kind": "gain_share",
            "key": "gain_share",
            "label": "Share of the gain",
            "commitments": ["agent_time"],
            "share": "0.2",
            "floor_per_period": "1000.00",
            "cap_per_period": "40000.00",
        },
    ],
    "milestones": [
        {
            "key": "go_live",
            "label": "The assistant answers its first tickets",
            "due": "2026-03-15",
            "driver_keys": ["agent_time"],
            "commitments": ["agent_time"],
        }
    ],
}


class NewMilestone(Document):
    """What is to be delivered; `commitments` are the keys of those that it makes possible."""

    key: Key
    label: Label
    due: date = Field(strict=False)
    driver_keys: Annotated[tuple[Key, ...], Field(strict=False, max_length=200)] = ()
    commitments: Annotated[tuple[Key, ...], Field(strict=False, max_length=200)] = ()


class ContractFields(Document):
    """What a contract says. `commitments` are ids, all drawn from one version of one model: the account and
    the currency are the model's. The first of `periods` begins at `effective_on`, which may lie in the past,
    a local day of `time_zone`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Label
    effective_on: date = Field(strict=False, ge=date(1970, 1, 1), le=date(2100, 12, 31))
    time_zone: TimeZone
    period_length: PeriodLength
    periods: Annotated[int, Field(ge=1, le=120)]
    commitments: Annotated[tuple[Id, ...], Field(strict=False, min_length=1, max_length=100)]
    terms: Annotated[tuple[Term, ...], Field(strict=False, min_length=1, max_length=50)]
    milestones: Annotated[tuple[NewMilestone, ...], Field(strict=False, max_length=200)] = ()


class Return(Document):
    """Why a contract goes back to its author."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The cap is above our limit."}]})

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Termination(Document):
    """Why a contract ends before its last period."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The plant was sold."}]})

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Signature(Document):
    """Who signed for a party, by `sub`."""

    by: str
    at: Timestamp


class ContractSummary(Document):
    """A contract; `revision` is what `If-Match` takes, in quotes.

    `settled_periods` are those whose settlement was issued. `failure` says why its activation failed;
    `delivered`, that every milestone is accepted.
    """

    id: Id
    revision: int
    name: Label
    state: State
    account_id: Id
    model_id: Id
    model_version: int
    version_hash: str
    currency: Currency
    owner: str
    effective_on: date
    time_zone: str
    period_length: PeriodLength
    periods: int
    committed_value: Money
    settled_periods: int
    delivered: bool
    requested_by: str | None
    returned_reason: str | None
    approved_by: str | None
    approved_at: Timestamp | None
    vendor_signature: Signature | None
    customer_signature: Signature | None
    failure: str | None
    termination_reason: str | None
    created_at: Timestamp
    updated_at: Timestamp


class CommittedPeriod(Document):
    """A period of a contract with all that is promised for it."""

    period: Period
    committed: Money


class Contract(ContractSummary):
    """A contract with what it says; each commitment's amounts are in the calendar's order."""

    calendar: tuple[CommittedPeriod, ...]
    commitments: tuple[Promise, ...]
    terms: tuple[Term, ...]
    milestones: tuple[PlannedMilestone, ...]

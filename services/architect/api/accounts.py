"""Accounts: the customers whose value is being looked for, and what is known of them."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from services.architect.api.access import Expected
from services.architect.domain.templates import Tags
from services.architect.store.accounts import AccountRow, Accounts
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.schemas.base import Currency, Document, Id, Key, Label, Timestamp
from services.schemas.money import Money, rounded

router = resource("/accounts")

_EXAMPLE: JsonDict = {
    "name": "Nordwerk Pumps",
    "industry": "manufacturing",
    "currency": "EUR",
    "employees": 1800,
    "annual_revenue": {"amount": "420000000.00", "currency": "EUR"},
    "pains": ["downtime", "energy_cost", "quality"],
    "stakeholders": [{"name": "Jana Lindqvist", "persona": "plant_manager"}],
}


class Stakeholder(Document):
    """Somebody at the account who has a say; `persona` is what drivers name them by."""

    name: Label
    persona: Key


class AccountFields(Document):
    """What is known of an account. `pains` are what it has stated, in the drivers' words; an unknown size is
    left out. Its currency is that of every model made for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Label
    industry: Key
    currency: Currency
    employees: int | None = Field(default=None, ge=1, le=10_000_000)
    annual_revenue: Money | None = None
    pains: Tags = ()
    stakeholders: Annotated[tuple[Stakeholder, ...], Field(strict=False, max_length=100)] = ()

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if self.annual_revenue is None:
            return self
        if self.annual_revenue.currency != self.currency:
            raise PydanticCustomError("currency", "annual_revenue is in the account's currency")
        if not 0 < self.annual_revenue.amount < 10**15:
            raise PydanticCustomError("bounds", "annual_revenue is positive and less than 10^15")
        if rounded(self.annual_revenue.amount, self.currency).amount != self.annual_revenue.amount:
            raise PydanticCustomError("minor_units", "annual_revenue is in whole minor units of its currency")
        return self


class Account(AccountFields):
    """An account; `revision` is what `If-Match` takes, in quotes."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    id: Id
    revision: int
    created_at: Timestamp
    updated_at: Timestamp


@router.post("", status_code=201, dependencies=[requires("architect:write")], summary="Add an account")
async def create_account(body: AccountFields, uow: IdempotentWork, response: Response) -> Account:
    row = await Accounts(uow).add(**_columns(body))
    set_etag(response, row.version)
    return _shown(row)


@router.get("", dependencies=[requires("architect:read")], summary="List accounts")
async def list_accounts(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    name: Annotated[str | None, Query(max_length=200)] = None,
    industry: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[Account]:
    """Newest first; `name` and `industry` are exact."""
    rows = await Accounts(uow, own).page(page, name=name, industry=industry)
    return page.page(rows, _shown, lambda row: row.id)


@router.get("/{account_id}", dependencies=[requires("architect:read")], summary="Read an account")
async def get_account(account_id: UUID, uow: Work, own: OwnAccount, response: Response) -> Account:
    row = await Accounts(uow, own).get(account_id)
    set_etag(response, row.version)
    return _shown(row)


@router.put(
    "/{account_id}",
    dependencies=[requires("architect:write")],
    summary="Replace an account",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def replace_account(
    account_id: UUID, body: AccountFields, uow: Work, expected: Expected, response: Response
) -> Account:
    """Every field anew. The currency stays while models are made in it."""
    accounts = Accounts(uow)
    row = await accounts.get(account_id)
    expected.check(row.version)
    if body.currency != row.currency:
        await accounts.require_unused(row)
    await accounts.replace(row, **_columns(body))
    set_etag(response, row.version)
    return _shown(row)


@router.delete(
    "/{account_id}",
    status_code=204,
    dependencies=[requires("architect:write")],
    summary="Delete an account",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def delete_account(account_id: UUID, uow: Work, expected: Expected) -> None:
    """Refused while hypotheses or models stand on it."""
    accounts = Accounts(uow)
    row = await accounts.get(account_id)
    expected.check(row.version)
    await accounts.require_unused(row)
    await accounts.remove(row)


def _columns(fields: AccountFields) -> dict[str, object]:
    return {
        "name": fields.name,
        "industry": fields.industry,
        "currency": fields.currency,
        "employees": fields.employees,
        "annual_revenue": None if fields.annual_revenue is None else fields.annual_revenue.amount,
        "pains": list(fields.pains),
        "stakeholders": [each.model_dump(mode="json") for each in fields.stakeholders],
    }


def _shown(row: AccountRow) -> Account:
    revenue = row.annual_revenue
    return Account(
        id=row.id,
        revision=row.version,
        name=row.name,
        industry=row.industry,
        currency=row.currency,
        employees=row.employees,
        annual_revenue=None if revenue is None else Money(amount=revenue, currency=row.currency),
        pains=tuple(row.pains),
        stakeholders=tuple(Stakeholder.model_validate(each) for each in row.stakeholders),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )

"""How rows of contracts become what the routes answer."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from services.committer.api.contract_documents import CommittedPeriod, Contract, ContractSummary, Signature
from services.committer.domain.agreement import Agreement
from services.committer.store.contracts import ContractRow

_AS_THEY_STAND = (
    "id",
    "name",
    "state",
    "account_id",
    "model_id",
    "model_version",
    "version_hash",
    "currency",
    "owner",
    "effective_on",
    "time_zone",
    "period_length",
    "periods",
    "settled_periods",
    "delivered",
    "requested_by",
    "returned_reason",
    "approved_by",
    "approved_at",
    "failure",
    "termination_reason",
    "created_at",
    "updated_at",
)


def summary(row: ContractRow) -> ContractSummary:
    return ContractSummary(**_summarised(row))


def full(row: ContractRow) -> Contract:
    agreement = row.agreement
    return Contract(
        **_summarised(row),
        calendar=_calendar(row, agreement),
        commitments=agreement.promises,
        terms=agreement.terms,
        milestones=agreement.milestones,
    )


def _summarised(row: ContractRow) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _AS_THEY_STAND},
        "revision": row.version,
        "committed_value": row.money(row.committed_value),
        "vendor_signature": _signature(row.vendor_signer, row.vendor_signed_at),
        "customer_signature": _signature(row.customer_signer, row.customer_signed_at),
    }


def _signature(by: str | None, at: datetime | None) -> Signature | None:
    return None if by is None or at is None else Signature(by=by, at=at)


def _calendar(row: ContractRow, agreement: Agreement) -> tuple[CommittedPeriod, ...]:
    return tuple(
        CommittedPeriod(
            period=period,
            committed=row.money(
                sum((promise.committed[place] for promise in agreement.promises), Decimal(0))
            ),
        )
        for place, period in enumerate(agreement.calendar.periods)
    )

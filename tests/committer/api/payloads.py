"""What the executor and the amplifier would say of a contract."""

from typing import Any
from uuid import UUID, uuid4

from services.schemas.events.amplifier import PeriodClosed, PeriodRestated
from services.schemas.events.executor import MilestoneAccepted, MilestoneRejected


def _values(contract: dict[str, Any], realised: str) -> dict[str, Any]:
    (promise,) = contract["commitments"]
    return {
        "success_plan_id": str(uuid4()),
        "contract_id": contract["id"],
        "name": contract["name"],
        "owner": "somebody",
        "values": [
            {
                "commitment_id": promise["id"],
                "commitment": promise["key"],
                "driver_key": promise["driver_key"],
                "measured": "120",
                "committed": {"amount": "900.00", "currency": "EUR"},
                "realised": {"amount": realised, "currency": "EUR"},
            }
        ],
    }


def closed(contract: dict[str, Any], period: str, realised: str = "900.00") -> PeriodClosed:
    body = {**_values(contract, realised), "period": period, "closed_by": "grace"}
    return PeriodClosed.model_validate(body)


def restated(contract: dict[str, Any], period: str, realised: str) -> PeriodRestated:
    body = {**_values(contract, realised), "period": period, "restated_by": "grace"}
    return PeriodRestated.model_validate(body)


def of_plan(contract: dict[str, Any]) -> dict[str, Any]:
    return {
        "plan_id": uuid4(),
        "contract_id": UUID(contract["id"]),
        "name": contract["name"],
        "owner": "somebody",
    }


def accepted(contract: dict[str, Any], on: str) -> MilestoneAccepted:
    return MilestoneAccepted.model_validate(
        {
            **of_plan(contract),
            "milestone_id": uuid4(),
            "milestone": "go_live",
            "label": "The line is watched",
            "accepted_on": on,
            "accepted_by": "carl",
            "driver_keys": (),
            "term_id": "go_live_fee",
        }
    )


def rejected(contract: dict[str, Any]) -> MilestoneRejected:
    return MilestoneRejected.model_validate(
        {
            **of_plan(contract),
            "milestone_id": uuid4(),
            "milestone": "go_live",
            "label": "The line is watched",
            "rejected_by": "carl",
            "reason": "Two sensors are missing.",
        }
    )

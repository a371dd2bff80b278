"""Who appears in the story, and how the platform gets to know them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.launcher.demo.gateway import Gateway, Person

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "lifecycle"
_RECIPIENTS = "/api/v1/notification/recipients"


def example(name: str) -> Any:
    """A file of `examples/lifecycle/`."""
    return json.loads((EXAMPLE / name).read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Customer:
    """Those who speak for the customer's account."""

    cfo: Person
    plant_manager: Person


@dataclass(frozen=True, slots=True)
class People:
    """The vendor's people: who owns the model, who approves as the second person, who keeps the deal, the
    delivery and the success, and who keeps the platform."""

    gateway: Gateway
    engineer: Person
    approver: Person
    deal_manager: Person
    delivery_manager: Person
    success_lead: Person
    operator: Person

    @classmethod
    def of(cls, gateway: Gateway) -> "People":
        vendor = example("people.json")["vendor"]
        return cls(
            gateway, **{name: gateway.person(each["sub"], *each["roles"]) for name, each in vendor.items()}
        )

    def of_customer(self, account: Any) -> Customer:
        """The customer's people, once the account is known that their tokens name."""
        customer = example("people.json")["customer"]
        return Customer(
            **{
                name: self.gateway.person(each["sub"], *each["roles"], account=account["id"])
                for name, each in customer.items()
            }
        )


async def make_known(people: People) -> None:
    """Lets notification find the vendor's people by their roles; again is harmless."""
    known = {each["sub"] for each in await people.operator.all(_RECIPIENTS)}
    for each in example("people.json")["vendor"].values():
        if each["sub"] not in known:
            await people.operator.post(_RECIPIENTS, each)

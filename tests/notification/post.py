"""A company whose people get e-mail and whose systems get webhooks, and what its operator sees of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text

from services.chassis.actor import Actor
from services.chassis.ids import new_id
from services.chassis.runtime import Runtime
from services.launcher.receivers import Mailbox, WebhookReceiver
from services.notification.sender import Sender
from services.schemas.events import EventPayload
from services.schemas.events.executor import MilestoneAccepted
from tests.harness.platform import Company
from tests.harness.waiting import eventually
from tests.notification.happenings import Happenings, happening

API = "/api/v1/notification"


class Post:
    """The outside world of one company: its mailbox, its webhook's receiver, its operator."""

    def __init__(
        self, company: Company, happenings: Happenings, mailbox: Mailbox, receiver: WebhookReceiver
    ) -> None:
        self.company = company
        self.happenings = happenings
        self.mailbox = mailbox
        self.receiver = receiver
        # Beside the app's own, which only comes by now and then.
        self.sender = Sender(self.runtime)
        self.operator = company.person("olga", "operator")
        self.address = f"dana-{new_id().hex[-12:]}@vendor.example"

    @property
    def runtime(self) -> Runtime:
        return self.happenings.runtime

    async def recipient(self, **fields: Any) -> dict[str, Any]:
        """Dana, who owns the plan of the examples, with an address of this test's own."""
        body = {"sub": "dana", "name": "Dana Weber", "email": self.address, **fields}
        return await self.posted("recipients", body)

    async def endpoint(self, **fields: Any) -> dict[str, Any]:
        """An endpoint for everything; the answer holds its secret."""
        return await self.posted("endpoints", {"url": self.receiver.url, **fields})

    async def posted(
        self, path: str, body: dict[str, Any] | None = None, *, etag: str = '"1"'
    ) -> dict[str, Any]:
        answer = await self.operator.post(f"{API}/{path}", json=body, headers={"If-Match": etag})
        assert answer.is_success, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def got(self, path: str, **query: str) -> dict[str, Any]:
        answer = await self.operator.get(f"{API}/{path}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def happen(self, kind: type[EventPayload] = MilestoneAccepted, **fields: Any) -> None:
        """An event about Dana's plan."""
        event = happening(
            self.company, kind, message_id=new_id(), actor="katrin", **{"owner": "dana", **fields}
        )
        await self.happenings.receive(event)

    async def deliveries(self, channel: str, **query: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.got("deliveries", channel=channel, **query))["items"]
        return items

    async def delivery(self, channel: str, state: str) -> dict[str, Any]:
        """The only delivery of a channel, once it is in a state."""

        async def reached() -> dict[str, Any] | None:
            await self.sender.run_once()
            [delivery] = await self.deliveries(channel)
            return delivery if delivery["state"] == state else None

        return await eventually(reached)

    async def came(self, look: Callable[[], Any]) -> Any:
        """What the receivers hold, once there is something."""

        async def there() -> Any:
            await self.sender.run_once()
            return look() or None

        awaited: Awaitable[Any] = eventually(there)
        return await awaited

    async def changed(self, statement: str, **values: Any) -> None:
        """Moves what only time would move: due times, leases, failures."""
        async with self.runtime.database.unit_of_work(Actor(self.company.tenant, "test")) as uow:
            await uow.session.execute(text(statement), values)
            await uow.commit()

    async def let_pauses_pass(self) -> None:
        """Whatever waits for its next attempt or its lease's end waits no longer."""
        await self.changed("UPDATE deliveries SET due_at = now() WHERE due_at IS NOT NULL")

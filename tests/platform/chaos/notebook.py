"""A client that survives the platform: it keeps what it was answered, and repeats what it was not, with the
same key."""

from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2

from tests.harness.embedded_process import EmbeddedProcess

Told = Counter[tuple[str, str]]
"""The messages in somebody's inbox, by event type and subject."""


@dataclass(frozen=True)
class Person:
    """Somebody of the tenant."""

    sub: str
    roles: tuple[str, ...]


OWNER = Person("ada", ("value-engineer",))
APPROVER = Person("grace", ("approver",))
COLLEAGUE = Person("linus", ("value-engineer",))
OPERATOR = Person("olga", ("operator",))


class Interrupted(Exception):
    """The platform ended before it answered."""


class Notebook:
    """What one tenant's people have asked, by name, and what they were answered."""

    def __init__(self, platform: EmbeddedProcess, tenant: UUID) -> None:
        self.platform = platform
        self.tenant = tenant
        self.replayed: set[str] = set()
        self._answers: dict[str, Any] = {}
        self._unanswered: dict[str, str] = {}
        self._resources: dict[str, Mapping[str, Any]] = {}
        self._clients: dict[Person, httpx2.AsyncClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def post(
        self, name: str, person: Person, path: str, body: Any = None, *, revision: int | None = None
    ) -> Any:
        """The answer to the request of this name: the one that is kept, else by asking for it.

        Raises:
            Interrupted: there is none; whether the request had its effect is not known.
        """
        if name in self._answers:
            return self._answers[name]
        headers = {"Idempotency-Key": name.replace(" ", "-")}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        self._unanswered[name] = path
        try:
            client = await self._client(person)
            answer = await client.post(path, json=body, headers=headers)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
            raise Interrupted(name) from error
        assert answer.is_success, f"{name}: {answer.status_code} {answer.text}"
        if answer.headers.get("idempotency-replayed"):
            self.replayed.add(name)
        self._keep(name, path, answer.json())
        return self._answers[name]

    async def get(self, person: Person, path: str, **query: Any) -> Any:
        answer = await (await self._client(person)).get(path, params=query)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def check_accepted(self) -> None:
        """Every effect that was answered is there as it was answered; where a request went unanswered its
        resource may be one step further."""
        for path, answered in self._resources.items():
            person = OPERATOR if "/notification/" in path else OWNER
            seen = await self.get(person, path)
            is_open = any(each.startswith(path) for each in self._unanswered.values())
            assert seen == answered or (is_open and seen["revision"] == answered["revision"] + 1), path

    async def inbox(self, person: Person) -> Told:
        """All messages that somebody has."""
        told: Told = Counter()
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(person, "/api/v1/notification/inbox", limit=200, **cursor)
            told.update((message["event_type"], message["subject"]) for message in page["items"])
            if page["next"] is None:
                return told
            cursor = {"cursor": page["next"]}

    def _keep(self, name: str, path: str, answer: Any) -> None:
        del self._unanswered[name]
        self._answers[name] = answer
        collection = "/".join(path.split("/")[:5])
        for item in answer.get("items", [answer]):
            self._resources[f"{collection}/{item['id']}"] = item

    async def _client(self, person: Person) -> httpx2.AsyncClient:
        if person not in self._clients:
            client = await self.platform.client(self.tenant, person.sub, person.roles)
            self._stack.push_async_callback(client.aclose)
            self._clients[person] = client
        return self._clients[person]

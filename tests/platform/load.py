"""People at work on a platform whose servers come and go: they repeat what was refused for now, with the
same key, and keep what every request was answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from services.chassis.problems import MEDIA_TYPE
from tests.harness.platform import Company

_ACCOUNTS = "/api/v1/architect/accounts"
_PATIENCE_S = 60
_PAUSE_S = 0.02


@dataclass
class Load:
    """So many people who add one account after the other."""

    company: Company
    people: int = 6
    asked: int = 0
    answers: dict[int, httpx2.Response] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """They work for the length of the block; what they have begun they finish."""
        leaving = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(self.people):
                group.create_task(self._work(f"person-{number}", leaving))
            try:
                yield
            finally:
                leaving.set()

    async def _work(self, sub: str, leaving: asyncio.Event) -> None:
        client = self.company.person(sub, "value-engineer")
        number = 0
        while not leaving.is_set():
            number += 1
            name = f"{sub}-{number}"
            await self._until_accepted(client, name)
            self.accepted.append(name)

    async def _until_accepted(self, client: httpx2.AsyncClient, name: str) -> None:
        body = {"name": name, "industry": "manufacturing", "currency": "EUR"}
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                self.asked = number = self.asked + 1
                answer = await client.post(_ACCOUNTS, json=body, headers={"Idempotency-Key": name})
                self.answers[number] = answer
                if answer.status_code == 201:
                    return
                await asyncio.sleep(_PAUSE_S)

    def refusals(self, *, after: int = 0) -> list[httpx2.Response]:
        """The answers that say to try again later, to what was asked after the first so many."""
        return [
            answer for number, answer in self.answers.items() if number > after and answer.status_code == 503
        ]

    def check_answers(self) -> None:
        """Whatever was not accepted was refused as passing. Keys that a request could not give back while the
        database was away are in flight until their short lease has run out."""
        for answer in self.answers.values():
            assert answer.status_code in {201, 503, 409}, answer.text
            if answer.status_code == 503:
                assert answer.headers["content-type"] == MEDIA_TYPE
                assert int(answer.headers["retry-after"]) > 0
                assert answer.json()["code"] == "unavailable"
            if answer.status_code == 409:
                assert answer.json()["code"] == "idempotency_key_in_flight"

    async def check_accepted_once(self) -> None:
        """Every account that was accepted is there, and no other."""
        client = self.company.person("auditor", "value-engineer")
        names: list[str] = []
        cursor: dict[str, Any] = {}
        while True:
            page = (await client.get(_ACCOUNTS, params={"limit": 200, **cursor})).json()
            names += [each["name"] for each in page["items"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert sorted(names) == sorted(self.accepted)

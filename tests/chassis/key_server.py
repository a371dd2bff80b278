"""An identity provider's key endpoint, over real HTTP; it rotates, breaks and hangs as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.chassis.http_server import serving

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class KeyServer:
    """The endpoint. `asked` counts requests; `answer`, if set, is said instead of the keys."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked = 0
        self.asking = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answer: Response | None = None
        self.url = ""

    def publish(self, kid: str, key: PrivateKey, **fields: Any) -> None:
        self.keys.append({**_public(key), "kid": kid, "use": "sig", **fields})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with serving(Starlette(routes=[Route("/keys", self._respond)])) as address:
            self.url = f"{address.url}/keys"
            yield

    async def _respond(self, _request: Request) -> Response:
        self.asked += 1
        self.asking.set()
        await self.may_answer.wait()
        return self.answer or JSONResponse({"keys": self.keys})


def _public(key: PrivateKey) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True)

"""What must hold at a gateway before the six services, whoever it is: what does not is told, a line each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import httpx2

from services.chassis.clock import SystemClock
from services.chassis.tokens import mint_development_token, mint_internal_token
from services.schemas.directory import SERVICES, ServiceIdentity

_NO_TOKEN = 401
_CLOSED = (("", "GET"), ("/drivers", "GET"), ("/health/x", "GET"), ("/health", "POST"), ("/docs", "DELETE"))


def token(secret: str, issued: datetime | None = None) -> str:
    """Somebody's, signed with this secret, for ten minutes."""
    return mint_development_token(
        secret=secret,
        tenant=uuid4(),
        sub="ada",
        roles=["value-engineer"],
        ttl=timedelta(minutes=10),
        now=issued or SystemClock().now(),
    )


def faults(base_url: str, secret: str, services: Iterable[ServiceIdentity] = SERVICES.values()) -> list[str]:
    """Asks these services as nobody, as somebody, and as somebody who lies."""
    with httpx2.Client(base_url=base_url, timeout=30, trust_env=False) as client:
        return [fault for identity in services for fault in _faults_of(client, identity, secret)]


def _faults_of(client: httpx2.Client, identity: ServiceIdentity, secret: str) -> Iterator[str]:
    asking = _Asking(client, identity)
    yield from _places(asking)
    yield from _doors(asking)
    for lie, bearer in _lies(identity, secret):
        if asking("/drivers", bearer).status_code != _NO_TOKEN:
            yield f"{identity.prefix} takes {lie}"
    for path in ("/drivers", "foo"):
        refused = asking(path)
        if not refused.json().get("request_id") or (
            refused.json()["request_id"] != refused.headers.get("x-request-id")
        ):
            yield f"{identity.prefix}{path} is refused without a request id"
    answer = asking("/drivers", token(secret))
    if answer.status_code == _NO_TOKEN:
        yield f"{identity.prefix} refuses a good token"
    if "ratelimit-limit" not in answer.headers:
        yield f"{identity.prefix} has no limit"


@dataclass(frozen=True)
class _Asking:
    client: httpx2.Client
    identity: ServiceIdentity

    def __call__(self, path: str, bearer: str | None = None, method: str = "GET") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.client.request(method, self.identity.prefix + path, headers=headers)


def _places(asking: _Asking) -> Iterator[str]:
    identity = asking.identity
    description = asking("/openapi.json")
    if not description.is_success or description.json()["info"]["title"] != f"ValueVerse {identity.title}":
        yield f"{identity.prefix} is not where {identity.title} is found"
    if asking("foo").json().get("code") != "no_route":
        yield f"{identity.prefix}foo is routed"


def _doors(asking: _Asking) -> Iterator[str]:
    prefix = asking.identity.prefix
    for path in ("/health", "/health/ready", "/docs"):
        if not asking(path).is_success:
            yield f"{prefix}{path} is not open"
    for path, method in _CLOSED:
        if asking(path, method=method).status_code != _NO_TOKEN:
            yield f"{method} {prefix}{path} needs no token"


def _lies(identity: ServiceIdentity, secret: str) -> Iterator[tuple[str, str]]:
    now = SystemClock().now()
    own = mint_internal_token(
        secret=secret,
        audience=identity.name,
        tenant=uuid4(),
        actor="ada",
        scope="architect:read",
        now=now,
    )
    yield "another's signature", token("another-secret-0123456789-0123456789")
    yield "a service's own token", own
    yield "a token that has expired", token(secret, now - timedelta(hours=1))

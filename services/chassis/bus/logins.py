"""The services' logins at the broker, made by the migrate step through the management plug-in's HTTP API."""

import asyncio
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

import httpx2

from services.chassis.bus.permissions import BrokerPermissions, broker_permissions
from services.chassis.bus.topology import EVENTS_EXCHANGE
from services.chassis.plain_http import no_tls
from services.chassis.retries import describe

_PATIENCE_S = 30.0
_PAUSE_S = 0.5
_NOTHING = "^$"


class CannotMakeLogins(Exception):
    """The broker's management does not answer or refuses; the message is one line."""


async def make_logins(management_url: str, broker_url: str, logins: Iterable[str]) -> None:
    """Makes or renews each of `logins` (AMQP addresses with name and password), with a service's rights.

    `broker_url` is the administrator's address; its virtual host is where the rights hold. A service that
    neither emits nor consumes gets a login without any right. Again changes nothing.

    Raises:
        CannotMakeLogins: the management plug-in does not answer within half a minute, or refuses.
    """
    administrator = urlsplit(broker_url)
    rights = {each.user: each for each in broker_permissions()}
    try:
        async with (
            asyncio.timeout(_PATIENCE_S),
            httpx2.AsyncClient(
                base_url=f"{management_url.rstrip('/')}/api/",
                auth=(unquote(administrator.username or ""), unquote(administrator.password or "")),
                verify=True if management_url.startswith("https://") else no_tls(),
                trust_env=False,
            ) as client,
        ):
            await _until_it_answers(client)
            for login in map(urlsplit, logins):
                user = unquote(login.username or "")
                vhost = unquote(administrator.path.removeprefix("/")) or "/"
                await _make(client, user, unquote(login.password or ""))
                await _grant(client, vhost, rights.get(user, _no_rights(user)))
    except (httpx2.HTTPError, TimeoutError) as failure:
        raise CannotMakeLogins(f"The broker's management cannot be used: {describe(failure)}") from failure


def _no_rights(user: str) -> BrokerPermissions:
    return BrokerPermissions(user, write=_NOTHING, read=_NOTHING, routing_keys=_NOTHING)


async def _until_it_answers(client: httpx2.AsyncClient) -> None:
    """The plug-in listens a moment later than the broker itself."""
    while True:
        try:
            (await client.get("whoami")).raise_for_status()
        except httpx2.TransportError:
            await asyncio.sleep(_PAUSE_S)
        else:
            return


async def _make(client: httpx2.AsyncClient, user: str, password: str) -> None:
    await _put(client, f"users/{quote(user, safe='')}", {"password": password, "tags": ""})


async def _grant(client: httpx2.AsyncClient, vhost: str, rights: BrokerPermissions) -> None:
    place = f"{quote(vhost, safe='')}/{quote(rights.user, safe='')}"
    await _put(
        client,
        f"permissions/{place}",
        {"configure": rights.configure, "write": rights.write, "read": rights.read},
    )
    await _put(
        client,
        f"topic-permissions/{place}",
        {"exchange": EVENTS_EXCHANGE, "write": rights.routing_keys, "read": _NOTHING},
    )


async def _put(client: httpx2.AsyncClient, path: str, body: dict[str, str]) -> None:
    (await client.put(path, json=body)).raise_for_status()

"""What each service's broker login may do: write its own types, read its own queues, declare nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.bus.topology import COMMANDS_EXCHANGE, EVENTS_EXCHANGE, consumer_exchange
from services.schemas.events import EVENTS, EventSpec

_NOTHING = "^$"


@dataclass(frozen=True, slots=True)
class BrokerPermissions:
    """One login's rights: regular expressions on names, and on routing keys of the events exchange."""

    user: str
    write: str
    read: str
    routing_keys: str
    configure: str = _NOTHING

    def as_ctl(self, vhost: str) -> tuple[tuple[str, ...], ...]:
        """The arguments of `rabbitmqctl`, call by call, that set these rights for an existing user."""
        return (
            ("set_permissions", "-p", vhost, self.user, self.configure, self.write, self.read),
            (
                "set_topic_permissions",
                "-p",
                vhost,
                self.user,
                EVENTS_EXCHANGE,
                self.routing_keys,
                _NOTHING,
            ),
        )


def broker_permissions(catalogue: Sequence[EventSpec] = EVENTS) -> tuple[BrokerPermissions, ...]:
    """The rights of every service that emits or consumes; the logins are named by the services' keys."""
    users = sorted({user for spec in catalogue for user in (spec.producer, *spec.consumers)})
    return tuple(_of(user, catalogue) for user in users)


def _of(user: str, catalogue: Sequence[EventSpec]) -> BrokerPermissions:
    own = re.escape(consumer_exchange(user))
    emitted = sorted({re.escape(spec.routing_key) for spec in catalogue if spec.producer == user})
    return BrokerPermissions(
        user=user,
        write=f"^({re.escape(EVENTS_EXCHANGE)}|{re.escape(COMMANDS_EXCHANGE)}|{own})$",
        read=rf"^{own}(\..*)?$",
        routing_keys=f"^({'|'.join(emitted)})$" if emitted else _NOTHING,
    )

"""The one table of roles: what each may do, as scopes `<service>:<read|write|approve|operate>`.

`calculation-engine:write` is computing: it costs time and changes nothing. `notification:write` reaches the
caller's own inbox and profile alone. `operate` is for those who run the platform: deliveries, replays,
recipients. Nobody both writes and approves: four eyes begin here, and the services compare `sub` besides.
"""

from collections.abc import Iterable

from services.schemas import directory

SERVICES = tuple(identity.slug for identity in directory.SERVICES.values())

_READ_ALL = frozenset(f"{service}:read" for service in SERVICES)
_OWN_INBOX = frozenset({"notification:read", "notification:write"})

ROLES: dict[str, frozenset[str]] = {
    "value-engineer": _READ_ALL
    | _OWN_INBOX
    | {
        "architect:write",
        "calculation-engine:write",
    },
    "approver": _READ_ALL
    | _OWN_INBOX
    | {"architect:approve", "committer:approve", "executor:approve", "amplifier:approve"},
    "deal-manager": _READ_ALL | _OWN_INBOX | {"committer:write", "calculation-engine:write"},
    "delivery-manager": _READ_ALL | _OWN_INBOX | {"executor:write", "calculation-engine:write"},
    "success-lead": _READ_ALL | _OWN_INBOX | {"amplifier:write", "calculation-engine:write"},
    "operator": _READ_ALL | _OWN_INBOX | {f"{service}:operate" for service in SERVICES},
    "customer": _OWN_INBOX
    | {"architect:read", "committer:read", "executor:read", "amplifier:read"}
    | {"committer:approve", "executor:approve"},
}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """All scopes of some roles; a role that the table does not know gives none."""
    return frozenset(scope for role in roles for scope in ROLES.get(role, ()))

"""Development tokens: what `token` prints. Refused outside development."""

import os
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from services.chassis.clock import SystemClock
from services.chassis.principal import tenant_id
from services.chassis.roles import ROLES
from services.chassis.tokens import mint_development_token
from services.launcher import secrets_file
from services.launcher.errors import CannotStart

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=7)


def mint(data: Path, *, tenant: str, sub: str, roles: Sequence[str], ttl: str) -> str:
    """A signed token for the platform of a data folder, or of `JWT_SECRET` where that is set.

    Raises:
        CannotStart: this is not development, nothing was started here yet, there is no such role, or `ttl`
            is not a duration.
    """
    require_development("Development tokens exist")
    if unknown := set(roles) - set(ROLES):
        raise CannotStart(f"There is no role {min(unknown)}: one of {', '.join(ROLES)}.")
    return mint_development_token(
        secret=secret_of(data),
        tenant=tenant_id(tenant),
        sub=sub,
        roles=roles,
        ttl=duration(ttl),
        now=SystemClock().now(),
    )


def require_development(what: str) -> None:
    """Raises CannotStart outside development: `what` says what is for development alone."""
    if os.environ.get("ENVIRONMENT", "development") != "development":
        raise CannotStart(f"{what} only with ENVIRONMENT=development.")


def duration(text: str) -> timedelta:
    """The duration of `90s`, `30m`, `1h` or `7d`, the longest.

    Raises:
        CannotStart: it is none of these.
    """
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", text)
    length = timedelta(**{_UNITS[found.group(2)]: int(found.group(1))}) if found else None
    if length is None or length > _LONGEST:
        raise CannotStart(f"{text} is not a duration up to 7d: say 90s, 30m, 1h or 7d.")
    return length


def secret_of(data: Path) -> str:
    """By what the platform of a data folder, or of `JWT_SECRET` where that is set, knows its own tokens.

    Raises:
        CannotStart: nothing was started here yet.
    """
    given = os.environ.get("JWT_SECRET")
    if given:
        return given
    known = secrets_file.read(data)
    if known is None:
        raise CannotStart(f"No platform was started with {data} yet: start one, or set JWT_SECRET.")
    return known.jwt_secret

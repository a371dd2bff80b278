"""Time zones by their IANA names."""

from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

# All are read when the module is, in some milliseconds: looking one up later would read the disk.
_ZONES = {name: ZoneInfo(name) for name in available_timezones() - {"localtime", "Factory"}}


def is_time_zone(name: str) -> bool:
    """Whether the IANA time zone database has the zone."""
    return name in _ZONES


def zone(name: str) -> ZoneInfo:
    """The zone of a name.

    Raises:
        KeyError: there is none.
    """
    return _ZONES[name]


def _known(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError("must be an IANA time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known)]
"""The name of a zone of the IANA time zone database."""

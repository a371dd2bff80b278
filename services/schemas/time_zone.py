"""Time zones by their IANA names."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

# Read once, when the module is: looking a zone up reads the disk.
_KNOWN = frozenset(available_timezones()) - {"localtime", "Factory"}


def _known(name: str) -> str:
    if name not in _KNOWN:
        raise ValueError("must be an IANA time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known)]
"""The name of a zone of the IANA time zone database."""

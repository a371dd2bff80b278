"""For whom and by whom work is done."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """The tenant that work is done for, and the `sub` of whoever (or the name of whatever) does it."""

    tenant: UUID
    sub: str

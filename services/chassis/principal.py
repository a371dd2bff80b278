"""Who is asking: the principal that a verified token stands for."""

from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

_TENANTS = uuid5(NAMESPACE_DNS, "tenants.valueverse")


@dataclass(frozen=True, slots=True)
class Principal:
    """A person, or a service acting for one (`internal`), in one tenant."""

    sub: str
    tenant: UUID
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    account: str | None = None
    internal: bool = False

    def has(self, scope: str) -> bool:
        """Whether the principal may do what the scope names."""
        return scope in self.scopes


def tenant_id(name: str) -> UUID:
    """The id of a tenant: a uuid stays as it is, any other name maps to one and always the same."""
    try:
        return UUID(name)
    except ValueError:
        return uuid5(_TENANTS, name)

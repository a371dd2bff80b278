"""What a verified token says, typed: a claim that is not what it must be is refused by its name."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.chassis.principal import Principal
from services.chassis.roles import scopes_of
from services.schemas.base import Finite, Id


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that cannot be shown")
    return text


# Names go into logs, events and text columns: no line breaks, no NUL.
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]


class Claims(BaseModel):
    """The claims that the services read; whatever else a provider puts into a token is left alone."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)

    sub: Name
    tenant: Id
    exp: Finite
    nbf: Finite | None = None
    scope: str | list[str] = ""
    roles: list[str] = Field(default_factory=list)
    account: Name | None = None

    def principal(self) -> Principal:
        """Who the token stands for: its own scopes, and those of its roles. Unknown roles bring nothing."""
        return Principal(
            sub=self.sub,
            tenant=self.tenant,
            scopes=self._own_scopes() | scopes_of(self.roles),
            roles=frozenset(self.roles),
            account=self.account,
        )

    def internal_principal(self) -> Principal:
        """Who a service acts for: with the scope of that one call, whatever the person may do besides."""
        return Principal(sub=self.sub, tenant=self.tenant, scopes=self._own_scopes(), internal=True)

    def _own_scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split() if isinstance(self.scope, str) else self.scope)

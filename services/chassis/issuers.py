"""Production issuers: the identity providers whose tokens a platform takes, as its settings name them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl


class IssuerSettings(BaseModel):
    """One identity provider: who it is, where its keys are, and under which names it puts our claims.

    A name may lead into an object: Keycloak puts realm roles under `realm_access.roles`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Annotated[str, Field(min_length=1)]
    jwks_url: HttpUrl
    audience: Annotated[str, Field(min_length=1)] = "valueverse"
    algorithms: tuple[Literal["RS256", "ES256"], ...] = Field(("RS256",), min_length=1)
    tenant_claim: str = "tenant"
    roles_claim: str = "roles"
    scope_claim: str = "scope"
    account_claim: str = "account"

    def mapped(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims under our own names; what stands under our names by chance does not count."""
        names = {
            "sub": "sub",
            "exp": "exp",
            "nbf": "nbf",
            "tenant": self.tenant_claim,
            "roles": self.roles_claim,
            "scope": self.scope_claim,
            "account": self.account_claim,
        }
        found = {ours: _at(claims, theirs) for ours, theirs in names.items()}
        return {name: value for name, value in found.items() if value is not None}


def _at(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this very name, else the one at the end of its dotted path; None where neither is."""
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    inner = claims.get(first)
    return _at(inner, rest) if rest and isinstance(inner, Mapping) else None

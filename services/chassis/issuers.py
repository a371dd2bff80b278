"""Production issuers: the identity providers whose tokens a platform takes, as its settings name them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl


class IssuerSettings(BaseModel):
    """One identity provider: who it is, where its keys are, and under which names it puts our claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Annotated[str, Field(min_length=1)]
    jwks_url: HttpUrl
    audience: str = "valueverse"
    algorithms: tuple[Literal["RS256", "ES256"], ...] = Field(("RS256",), min_length=1)
    tenant_claim: str = "tenant"
    roles_claim: str = "roles"
    scope_claim: str = "scope"

    def mapped(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The claims under our own names."""
        ours = {
            name: claims[theirs]
            for name, theirs in (
                ("tenant", self.tenant_claim),
                ("roles", self.roles_claim),
                ("scope", self.scope_claim),
            )
            if theirs in claims
        }
        return {"sub": claims.get("sub"), "account": claims.get("account"), **ours}

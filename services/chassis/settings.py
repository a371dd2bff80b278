"""What a service reads from its environment, typed; a placeholder secret does not pass in production."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.issuers import IssuerSettings
from services.chassis.registry import Address
from services.schemas.directory import SERVICES, ServiceIdentity

_PLACEHOLDERS = ("change-me", "changeme", "placeholder", "secret", "generated-at-first-start")
_SHORTEST_SECRET = 32

_Peer = Annotated[Address, BeforeValidator(Address.parse)]


class ServiceSettings(BaseSettings):
    """The settings of one service.

    Shared names (`ENVIRONMENT`, `REDIS_URL`, …) carry no prefix; a service's own logins carry its key
    (`ARCHITECT_DATABASE_URL`), so that one file can hold the settings of all. An empty `REDIS_URL`,
    `RABBITMQ_URL` or `CONSUL_HTTP_ADDR` chooses the in-process adapter. Without Consul a peer is reached
    where `PEERS` says, a JSON object from service names to `host:port`, else by its name and its own port.
    """

    model_config = SettingsConfigDict(
        populate_by_name=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    identity: ClassVar[ServiceIdentity]

    environment: Literal["development", "production"] = Field("development", validation_alias="ENVIRONMENT")
    jwt_secret: SecretStr = Field(SecretStr(""), validation_alias="JWT_SECRET")
    internal_jwt_secret: SecretStr = Field(SecretStr(""), validation_alias="INTERNAL_JWT_SECRET")
    jwt_issuers: tuple[IssuerSettings, ...] = Field((), validation_alias="JWT_ISSUERS")
    redis_url: str = Field("", validation_alias="REDIS_URL")
    consul_http_addr: str = Field("", validation_alias="CONSUL_HTTP_ADDR")
    peers: dict[str, _Peer] = Field(default_factory=dict, validation_alias="PEERS")
    otel_exporter_otlp_endpoint: str = Field("", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    advertise_host: str = Field("", validation_alias="ADVERTISE_HOST")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias="LOG_LEVEL")
    requests_per_minute: int = Field(6000, ge=1, validation_alias="TENANT_REQUESTS_PER_MINUTE")
    allow_private_networks: bool = Field(False, validation_alias="ALLOW_PRIVATE_NETWORKS")

    database_url: SecretStr
    system_database_url: SecretStr
    rabbitmq_url: SecretStr = SecretStr("")
    database_pool_size: int = Field(10, ge=1, le=50)

    @property
    def development(self) -> bool:
        return self.environment == "development"

    @field_validator("peers")
    @classmethod
    def _refuse_strangers(cls, peers: dict[str, Address]) -> dict[str, Address]:
        if strangers := peers.keys() - {identity.name for identity in SERVICES.values()}:
            raise ValueError(f"no service has the name {', '.join(sorted(strangers))}")
        return peers

    @model_validator(mode="after")
    def _refuse_placeholders(self) -> Self:
        for name in ("jwt_secret", "internal_jwt_secret"):
            secret = getattr(self, name).get_secret_value()
            if name == "jwt_secret" and not self.development and self.jwt_issuers:
                continue
            if len(secret) < _SHORTEST_SECRET or secret.lower().startswith(_PLACEHOLDERS):
                raise ValueError(
                    f"{name.upper()} is missing, a placeholder or shorter than {_SHORTEST_SECRET} characters"
                )
        return self

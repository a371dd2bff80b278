"""What notification reads from its environment."""

from email.utils import parseaddr
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServiceSettings
from services.schemas.directory import SERVICES


class Settings(ServiceSettings):
    """The shared settings, with this service's own logins and its way out.

    `SMTP_URL` is `smtp://[user:password@]host[:port]`, or `smtps://` for TLS from the first byte; empty:
    there is no e-mail. With a password STARTTLS is required, without one it is used where it is offered.
    `MAIL_FROM` is who e-mails come from, an address with or without a name. `PUBLIC_URL` is where people
    reach the gateway: links in e-mails begin so.
    """

    identity = SERVICES["notification"]
    model_config = SettingsConfigDict(env_prefix=SERVICES["notification"].env_prefix)

    smtp_url: SecretStr = Field(SecretStr(""), validation_alias="SMTP_URL")
    mail_from: str = Field("", validation_alias="MAIL_FROM")
    public_url: str = Field("http://127.0.0.1:8000", validation_alias="PUBLIC_URL")

    @property
    def has_mail(self) -> bool:
        return bool(self.smtp_url.get_secret_value())

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if url.get_secret_value() and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
            raise ValueError("SMTP_URL is smtp://[user:password@]host[:port] or smtps://…")
        return url

    @field_validator("public_url")
    @classmethod
    def _ends_without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Self:
        if self.has_mail and "@" not in parseaddr(self.mail_from)[1]:
            raise ValueError("MAIL_FROM is missing or no address: SMTP_URL needs who e-mails come from")
        return self

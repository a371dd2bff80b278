"""What calculation-engine reads from its environment."""

from fastapi import Request
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.chassis.runtime import runtime_of
from services.chassis.settings import ServiceSettings
from services.schemas.directory import SERVICES


class Settings(ServiceSettings):
    """The shared settings, with this service's own logins, and what one tenant may have at once: jobs that
    have not ended, and streams of their events on one replica."""

    identity = SERVICES["calculation_engine"]
    model_config = SettingsConfigDict(env_prefix=SERVICES["calculation_engine"].env_prefix)

    tenant_jobs: int = Field(100, ge=1)
    tenant_streams: int = Field(20, ge=1)


def settings_of(request: Request) -> Settings:
    """The settings of the app that serves this request."""
    settings = runtime_of(request).settings
    assert isinstance(settings, Settings)  # noqa: S101  # the app is built with its own
    return settings

"""What the architect reads from its environment."""

from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServiceSettings
from services.schemas.directory import SERVICES


class Settings(ServiceSettings):
    """The shared settings, with the architect's own logins."""

    identity = SERVICES["architect"]
    model_config = SettingsConfigDict(env_prefix=SERVICES["architect"].env_prefix)

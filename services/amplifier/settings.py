"""What the amplifier reads from its environment."""

from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServiceSettings
from services.schemas.directory import SERVICES


class Settings(ServiceSettings):
    """The shared settings, with this service's own logins."""

    identity = SERVICES["amplifier"]
    model_config = SettingsConfigDict(env_prefix=SERVICES["amplifier"].env_prefix)

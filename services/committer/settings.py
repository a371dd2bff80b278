"""What the committer reads from its environment."""

from pydantic_settings import SettingsConfigDict

from services.chassis.settings import ServiceSettings
from services.schemas.directory import SERVICES


class Settings(ServiceSettings):
    """The shared settings, with the committer's own logins."""

    identity = SERVICES["committer"]
    model_config = SettingsConfigDict(env_prefix=SERVICES["committer"].env_prefix)

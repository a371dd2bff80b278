"""`.env.example` names every setting that a service reads, and nothing that nobody reads."""

from pathlib import Path

from pydantic.fields import FieldInfo

from services.launcher import rooms
from services.schemas.directory import SERVICES

ROOT = Path(__file__).resolve().parents[2]

# Read by the migrate step and by what the platform's containers need besides the services.
NOT_A_SERVICES_OWN = {"DATABASE_URL", "RABBITMQ_URL", "KAFKA_BROKER"}


def _named_in_the_example() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def _variable(prefix: str, name: str, field: FieldInfo) -> str:
    return field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()


def _read_by_services() -> set[str]:
    return {
        _variable(identity.env_prefix, name, field)
        for key, identity in SERVICES.items()
        for name, field in rooms.settings_class(key).model_fields.items()
    }


def test_the_example_names_every_setting_and_no_other() -> None:
    assert _named_in_the_example() - NOT_A_SERVICES_OWN == _read_by_services()


def test_no_secret_stands_in_the_example() -> None:
    for line in (ROOT / ".env.example").read_text().splitlines():
        name, _, value = line.partition("=")
        if name.endswith("_SECRET"):
            assert value == "change-me"

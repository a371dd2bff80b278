"""Secrets from files: `JWT_SECRET_FILE=/run/secrets/jwt` stands for `JWT_SECRET`, as in servers' images."""

from collections.abc import MutableMapping
from pathlib import Path

from services.launcher.errors import CannotStart

_ENDINGS = ("_URL_FILE", "_SECRET_FILE", "JWT_ISSUERS_FILE")


def read_secret_files(environment: MutableMapping[str, str]) -> None:
    """Sets each secret that the environment names a file of; a line's end at the file's end is none of it.

    Raises:
        CannotStart: a file cannot be read, or the secret is given by value, too.
    """
    for name in [name for name in environment if name.endswith(_ENDINGS)]:
        secret = name.removesuffix("_FILE")
        if environment.get(secret):
            raise CannotStart(f"Both {secret} and {name} are set: give one of them.")
        try:
            environment[secret] = Path(environment[name]).read_text().rstrip("\r\n")
        except OSError as error:
            raise CannotStart(f"{name}: {environment[name]} cannot be read ({error.strerror}).") from error

"""Signatures of webhooks by Standard Webhooks (symmetric, `v1`): whoever sends makes them, whoever receives
checks them.

What is signed is `{id}.{timestamp}.{payload}` in UTF-8, by HMAC-SHA256 with the secret's bytes; timestamps
are Unix seconds.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

TOLERANCE_S = 300

_PREFIX = "whsec_"
_SECRET_BYTES = 32
_VERSION = "v1"


class BadSignature(Exception):
    """What came is not signed with the secret, not in time, or not whole."""


def new_secret() -> str:
    """A secret as its receiver is told it: `whsec_` and base64 of 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, payload: bytes) -> str:
    """One signature of a payload, with its version.

    Raises:
        ValueError: the secret is not base64.
    """
    return f"{_VERSION},{base64.b64encode(_digest(secret, message_id, timestamp, payload)).decode()}"


def signed_headers(signing: Iterable[str], message_id: str, timestamp: int, payload: bytes) -> dict[str, str]:
    """The headers that go with a payload: signatures with each secret, as a receiver may hold either."""
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp),
        SIGNATURE: " ".join(sign(secret, message_id, timestamp, payload) for secret in signing),
    }


def verify(secret: str, headers: Mapping[str, str], payload: bytes, *, now: float) -> None:
    """Returns if the payload came whole from somebody with the secret, at most 300 s before or after `now`.

    `headers` are named in lower case.

    Raises:
        BadSignature: it did not; the message says why, without the secret.
    """
    try:
        message_id, told, signatures = headers[ID], headers[TIMESTAMP], headers[SIGNATURE]
    except KeyError as missing:
        raise BadSignature(f"The header {missing.args[0]} is missing.") from None
    if not told.isascii() or not told.isdigit():
        raise BadSignature("The timestamp is not a number of seconds.")
    if abs(now - int(told)) > TOLERANCE_S:
        raise BadSignature(f"The timestamp is more than {TOLERANCE_S} s away.")
    wanted = _digest(secret, message_id, int(told), payload)
    matches = [hmac.compare_digest(wanted, got) for version, got in parsed(signatures) if version == _VERSION]
    if not any(matches):
        raise BadSignature("No signature matches.")


def parsed(signatures: str) -> Iterator[tuple[str, bytes]]:
    """The signatures of a header by version; what is not base64 is left out."""
    for each in signatures.split():
        version, _, text = each.partition(",")
        try:
            yield version, base64.b64decode(text, validate=True)
        except ValueError:
            continue


def _digest(secret: str, message_id: str, timestamp: int, payload: bytes) -> bytes:
    text = secret.removeprefix(_PREFIX)
    key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    return hmac.new(key, f"{message_id}.{timestamp}.".encode() + payload, hashlib.sha256).digest()

"""Unsubscribing from within an e-mail: a link that says who wants no more of what, and only we can make."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

_PURPOSE = b"links that unsubscribe"  # a key of their own, from a secret that signs other things too
_MAC_BYTES = 32
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """Somebody, and the type of event that is to come to them by e-mail no longer."""

    tenant: UUID
    recipient_id: UUID
    event_type: str


class BadLink(Exception):
    """It was not made here, or not whole."""


class Links:
    """Makes and reads the opaque ids of links; they hold as long as the secret does."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def id_of(self, wanted: Unsubscription) -> str:
        """The id of the link, safe in a path."""
        content = wanted.tenant.bytes + wanted.recipient_id.bytes + wanted.event_type.encode()
        return base64.urlsafe_b64encode(self._mac(content) + content).rstrip(b"=").decode()

    def read(self, link_id: str) -> Unsubscription:
        """Raises:
        BadLink: it is none of ours.
        """
        try:
            raw = base64.b64decode(link_id + "=" * (-len(link_id) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise BadLink from None
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(content)):
            raise BadLink
        tenant, recipient, event_type = (
            content[:_ID_BYTES],
            content[_ID_BYTES : 2 * _ID_BYTES],
            content[2 * _ID_BYTES :],
        )
        return Unsubscription(UUID(bytes=tenant), UUID(bytes=recipient), event_type.decode())

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)

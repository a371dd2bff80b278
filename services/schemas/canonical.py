"""The identity of a document: the SHA-256 of its canonical JSON (RFC 8785).

The canonical form is of the whole document as every answer shows it, defaults written out, so that anybody
who holds the JSON can compute the same identity.
"""

import hashlib

import rfc8785

from services.schemas.base import Document


def canonical_json(document: Document) -> bytes:
    """The document in RFC 8785 form: sorted keys, shortest numbers, UTF-8."""
    return bytes(rfc8785.dumps(document.model_dump(mode="json")))


def content_hash(document: Document) -> str:
    """64 hexadecimal digits that two documents share only if they say the same."""
    return hashlib.sha256(canonical_json(document)).hexdigest()

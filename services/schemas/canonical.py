"""The identity of a document: the SHA-256 of its canonical JSON (RFC 8785).

The canonical form is of the whole document as every answer shows it, defaults written out, so that anybody
who holds the JSON can compute the same identity.
"""

import hashlib
import json
from typing import Any

import rfc8785

from services.schemas.base import Document

# Several times as fast as rfc8785, for the numbers and keys that nearly every document has.
_COMMON = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
_LARGEST_COMMON = 2**53
_SMALLEST_COMMON = 1e-4

_KNOWN: dict[bytes, str] = {}
_MOST_KNOWN = 4096


class _UncommonError(Exception):
    """Python writes this otherwise than the RFC."""


def canonical_json(document: Document) -> bytes:
    """The document in RFC 8785 form: sorted keys, shortest numbers, UTF-8."""
    content = document.model_dump(mode="json")
    try:
        return _COMMON.encode(_common(content)).encode()
    except _UncommonError:
        return bytes(rfc8785.dumps(content))


def content_hash(document: Document) -> str:
    """64 hexadecimal digits that two documents share only if they say the same."""
    # The same document is asked for again and again, and written in its own order it is known at once.
    written = hashlib.sha256(document.model_dump_json().encode()).digest()
    identity = _KNOWN.get(written)
    if identity is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        identity = _KNOWN[written] = hashlib.sha256(canonical_json(document)).hexdigest()
    return identity


def _common(value: Any) -> Any:
    """The value, its whole numbers integers, which Python writes as the RFC does."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        if not all(map(str.isascii, value)):
            raise _UncommonError
        return {key: _common(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_common(each) for each in value]
    size = abs(value)
    if size >= _LARGEST_COMMON:
        raise _UncommonError
    if isinstance(value, int):
        return value
    if value.is_integer():
        return int(value)
    if size < _SMALLEST_COMMON:
        raise _UncommonError
    return value

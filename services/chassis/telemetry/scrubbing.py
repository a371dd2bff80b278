"""Secrets out of what is told: by the name that a value stands under, and by its form wherever it stands."""

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"authorization|cookie|passw(or)?d|secret|signature|credential|api[-_]?key|private[-_]?key"
    r"|(^|[-_.])(token|jwt|pwd)$",
    re.IGNORECASE,
)
_FORMS = (
    # The password of an address: postgresql://user:password@host
    (
        re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]+(?=@)", re.IGNORECASE),
        rf"\g<keep>{REDACTED}",
    ),
    # An authorization header, and a token by itself
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE), rf"\g<keep>{REDACTED}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),
    # A secret that signs webhooks
    (re.compile(r"\bwhsec_[\w+/=-]+"), REDACTED),
)
_QUERY_VALUE = re.compile(r"(?P<name>[^=&?#]+)=[^&#]*")


def scrub(value: Any) -> Any:
    """The value without its secrets: mappings and lists are walked, texts searched, the rest left alone."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {key: REDACTED if is_secret(key) else scrub(held) for key, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(held) for held in value]
    return value


def scrub_text(text: str) -> str:
    """A text without what looks like a password in an address, an authorization header, a token or a
    webhook's secret."""
    for form, replacement in _FORMS:
        text = form.sub(replacement, text)
    return text


def scrub_query(query: str) -> str:
    """A query string with its names and without its values, any of which a caller may hold secret."""
    return _QUERY_VALUE.sub(rf"\g<name>={REDACTED}", query)


def is_secret(name: object) -> bool:
    """Whether what stands under this name is never to be told."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None

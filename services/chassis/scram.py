"""What PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803), so that no statement holds the password.

Statements are logged by servers and stand in a driver's error messages.
"""

import hashlib
import hmac
import os
from base64 import b64encode

_ITERATIONS = 4096
_SALT_BYTES = 16


def verifier(password: str) -> str:
    """The verifier of an ASCII password, by which `CREATE ROLE … PASSWORD` takes it unread.

    Raises:
        ValueError: the password has other characters, which servers and drivers prepare differently.
    """
    if not password.isascii():
        raise ValueError("a database password is ASCII")
    salt = os.urandom(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored_key = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    server_key = _hmac(salted, b"Server Key")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()

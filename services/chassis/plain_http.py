"""What clients need that speak plain HTTP alone, as services do with each other inside their own network."""

import ssl


def no_tls() -> ssl.SSLContext:
    """A context that trusts nobody, made without reading the system's certificates from disk: the default of
    HTTP clients does that, in the event loop, where nobody will ever ask for https."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

"""Which addresses a tenant may make us call: URLs by their form, and IP addresses by where they lead.

The networks are those of IANA's special-purpose registries (RFC 6890, 5735, 6052, 3056) that are not globally
reachable. They stand here and not in `ipaddress`, whose answers differ between versions of Python.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import idna

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\]")
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_URL = 2000
_LONGEST_HOST = 253

_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by carriers; some clouds' metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a cloud's agent, reachable from its machines only
            "169.254.0.0/16",  # link-local; most clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "2001::/23",  # protocol assignments, Teredo
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
        ),
    )
)
_GLOBAL_UNICAST_6 = ipaddress.ip_network("2000::/3")
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutboundRefused(Exception):
    """The address is not one that we call; the message says why and may be shown to the tenant."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL as it is called: the host in ASCII, lower case and without a trailing dot; the path encoded."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def ip_address_of(text: str) -> IPAddress | None:
    """The IP address that a text is; None for anything else, zone ids included."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_target(url: str) -> Target:
    """The target of a URL.

    Raises OutboundRefused for other schemes than http and https, user information, control characters, and
    hosts that are neither a name nor an IP address in its usual form.
    """
    if len(url) > _LONGEST_URL or _FORBIDDEN_CHARACTERS.search(url):
        raise OutboundRefused("The URL is too long or has spaces, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise OutboundRefused("The URL cannot be read.") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise OutboundRefused("Only http and https are called.")
    if "@" in parts.netloc:
        raise OutboundRefused("The URL carries user information.")
    path = quote(parts.path or "/", safe="/%:!$&'()*+,;=~@")
    query = "?" + quote(parts.query, safe="/%:?!$&'()*+,;=~@") if parts.query else ""
    return Target(
        scheme=parts.scheme,
        host=_host(parts.hostname or ""),
        port=port if port is not None else _DEFAULT_PORTS[parts.scheme],
        path=path + query,
    )


def check_address(address: IPAddress, *, allow_private: bool = False) -> None:
    """Raises OutboundRefused unless the address is globally reachable unicast.

    An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is what counts. `allow_private` lets loopback and
    private networks pass, for receivers on a developer's machine; never link-local, where metadata lives.
    """
    reached = _embedded(address) or address
    if allow_private and any(reached in network for network in _PRIVATE):
        return
    if not _is_public(reached):
        raise OutboundRefused(f"{address} is not an address on the public Internet.")


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def _embedded(address: IPAddress) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to, if it is of such a kind."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _host(host: str) -> str:
    if ":" in host:
        address = ip_address_of(host)
        if address is None:
            raise OutboundRefused("The host is not an IPv6 address.")
        return str(address)
    name = _ascii(host).removesuffix(".")
    if len(name) > _LONGEST_HOST or not _HOST_NAME.fullmatch(name):
        raise OutboundRefused("The host is not a name.")
    # What ends in a number is an IPv4 address by the URL standard; only its usual form is taken.
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and ip_address_of(name) is None:
        raise OutboundRefused("The host is not an IPv4 address in its usual form.")
    return name


def _ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise OutboundRefused("The host is not a name.") from None

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.outbound_policy import OutboundRefused, check_address, parse_target

PRIVATE = ["10.0.0.5", "127.0.0.1", "172.16.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:10.0.0.5"]
NEVER = [
    *("169.254.169.254", "168.63.129.16", "100.100.100.200", "0.0.0.1", "224.0.0.1", "255.255.255.255"),
    *("fe80::1", "ff02::1", "::", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::ffff:169.254.169.254"),
    *("2001::1", "::169.254.169.254", "64:ff9b:1::1", "5f00::1", "3fff::1"),
]
PUBLIC = [
    "93.184.215.14",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "64:ff9b::5db8:d70e",
    "::ffff:93.184.215.14",
]


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER])
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(OutboundRefused):
        check_address(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_passes(address: str) -> None:
    check_address(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [*PRIVATE, *PUBLIC])
def test_a_developers_machine_may_be_called_if_that_is_allowed(address: str) -> None:
    check_address(ipaddress.ip_address(address), allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_the_like_are_never_called(address: str) -> None:
    with pytest.raises(OutboundRefused):
        check_address(ipaddress.ip_address(address), allow_private=True)


@given(st.ip_addresses())
def test_nothing_passes_that_python_does_not_know_as_global(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Python's own table may be older or newer than ours: it is never stricter but for what we unwrap."""
    try:
        check_address(address)
    except OutboundRefused:
        return
    unwrapped = isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address in ipaddress.ip_network("64:ff9b::/96")
    )
    assert address.is_global or unwrapped
    assert not address.is_multicast


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://Hooks.Example.net", "hooks.example.net", 443, "/", "hooks.example.net"),
        ("http://hooks.example.net.:8080/a b".replace(" ", "%20"), "hooks.example.net", 8080, "/a%20b", ""),
        ("https://hooks.example.net/p?q=1&r=%2F#fragment", "hooks.example.net", 443, "/p?q=1&r=%2F", ""),
        ("https://b\u00fccher.example/\u00fc", "xn--bcher-kva.example", 443, "/%C3%BC", ""),
        ("http://[2606:2800::1]:81/", "2606:2800::1", 81, "/", "[2606:2800::1]:81"),
    ],
)
def test_a_url_becomes_what_is_called(url: str, host: str, port: int, path: str, authority: str) -> None:
    target = parse_target(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert not authority or target.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example.net", "//hooks.example.net/", "http://", "http:///path", "http://:80/"),
        *("http://a b/", "http://a\tb/", "http://hooks\\@127.0.0.1/", "http://user@host/", "http://@host/"),
        *("http://host:port/", "http://host:99999/", "http://[::1", "http://[::1%25lo]/", "http://-host/"),
        *("http://0x7f.1/", "http://1.2.3/", "http://1.2.3.4.5/", "http://01.2.3.4/", "http://a..b/"),
        "http://" + "a" * 3000 + "/",
    ],
)
def test_a_url_that_may_mean_something_else_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        parse_target(url)

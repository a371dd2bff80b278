from services.chassis.registry import Address, StaticRegistry


async def test_a_service_is_where_the_table_says_or_at_its_host_name() -> None:
    registry = StaticRegistry({"value-architect": [Address("10.0.0.1", 8001), Address("10.0.0.2", 8001)]})
    assert [address.url for address in await registry.resolve("value-architect")] == [
        "http://10.0.0.1:8001",
        "http://10.0.0.2:8001",
    ]
    assert await registry.resolve("calculation-engine") == [Address("calculation-engine", 8005)]


def test_an_address_of_ipv6_is_bracketed() -> None:
    assert Address("fd00::1", 80).url == "http://[fd00::1]:80"

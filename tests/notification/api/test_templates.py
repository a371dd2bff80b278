"""The product's words, to be read by anybody."""

from services.notification.domain.routing import RULES
from tests.harness.platform import Company


async def test_the_templates_can_be_read(company: Company) -> None:
    items = (await company.person("ada", "customer").get("/api/v1/notification/templates")).json()["items"]
    assert [each["event_type"] for each in items] == sorted(kind.event_type for kind in RULES)
    assert {each["locale"] for each in items} == {"en"}

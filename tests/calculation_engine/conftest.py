"""Who asks the engine."""

import httpx2
import pytest

from tests.harness.platform import Company


@pytest.fixture
def engineer(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")

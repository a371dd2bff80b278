"""Who is at the table."""

import pytest

from tests.committer.api.cases import Deal
from tests.harness.platform import Company


@pytest.fixture
def deal(company: Company) -> Deal:
    """A company of a deal's people, and nothing agreed yet."""
    return Deal(company)

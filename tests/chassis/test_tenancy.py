"""Tenants: made at first use in development, refused elsewhere until they are provisioned, seeded once."""

import pytest

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.problems import Forbidden
from services.chassis.tenancy import Tenancy, provision
from services.chassis.unit_of_work import UnitOfWork


class Seeding:
    """Counts how often a tenant is seeded."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, _uow: UnitOfWork) -> None:
        self.times += 1


async def test_in_development_the_first_use_makes_a_tenant_and_seeds_it_once(
    probe_database: Database, ada: Actor
) -> None:
    seeding = Seeding()
    for _ in range(2):  # the second time by another process, which remembers nothing
        tenancy = Tenancy(probe_database, first_use_provisions=True, seed=seeding)
        await tenancy.admit(ada)
        await tenancy.admit(ada)
    assert seeding.times == 1


async def test_elsewhere_an_unknown_tenant_is_refused_until_it_is_provisioned(
    probe_database: Database, ada: Actor
) -> None:
    tenancy = Tenancy(probe_database, first_use_provisions=False)
    with pytest.raises(Forbidden) as refusal:
        await tenancy.admit(ada)
    assert refusal.value.problem_code == "unknown_tenant"
    async with probe_database.unit_of_work(ada) as uow:
        assert await provision(uow, name="Acme")
        await uow.commit()
    await tenancy.admit(ada)


async def test_provisioning_again_changes_nothing(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        assert await provision(uow, name="Acme")
        assert not await provision(uow, name="Acme")

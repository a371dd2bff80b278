"""What every test may ask for, and what holds for all of them."""

from hypothesis import settings

pytest_plugins = ["tests.servers.plugin", "tests.harness.discipline", "tests.harness.fixtures"]

# Laws are checked without a deadline: how long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

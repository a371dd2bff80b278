"""deploy-microservices.sh with containers: the real script, with a docker that notes what it is to change."""

import shutil
import socket
from pathlib import Path

import pytest

from services.launcher.ports import free_port
from tests.platform.house import House

_HERE = Path(__file__).parent
_PORTS = (
    *("GATEWAY_PORT", "KONG_ADMIN_PORT", "ARCHITECT_DIRECT_PORT", "COMMITTER_DIRECT_PORT"),
    *("EXECUTOR_DIRECT_PORT", "AMPLIFIER_DIRECT_PORT", "CALCULATION_ENGINE_DIRECT_PORT"),
    *("NOTIFICATION_DIRECT_PORT", "POSTGRES_PORT", "REDIS_PORT", "RABBITMQ_PORT"),
    *("RABBITMQ_MANAGEMENT_PORT", "CONSUL_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT", "JAEGER_PORT"),
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with Docker and Compose, where every published port is free."""
    house = House(tmp_path)
    shutil.copy(_HERE / "fake_docker.sh", house.path / "docker")
    house.environment |= {name: str(free_port()) for name in _PORTS}
    return house


def settings_of(house: House) -> dict[str, str]:
    lines = (house.root / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def refusal(house: House, *arguments: str, **environment: str) -> str:
    """The one line with which a command is refused; nothing was changed."""
    told = house.run(*arguments, cwd=None, **environment)
    assert told.returncode == 1, told.stderr
    assert house.asked() == []
    return told.stderr.splitlines()[-1]


def test_the_first_build_writes_secrets_of_its_own(house: House) -> None:
    assert house.run("build").returncode == 0
    assert house.asked() == ["docker: compose build migrate", "docker: compose build value-architect"]
    settings = settings_of(house)
    assert settings.keys() == settings_of_example(house).keys()
    assert "change-me" not in (house.root / ".env").read_text()
    secrets = [value for name, value in settings.items() if name.endswith(("_SECRET", "_PASSWORD"))]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) == 48 for secret in secrets)
    assert (house.root / ".env").stat().st_mode & 0o077 == 0


def settings_of_example(house: House) -> dict[str, str]:
    lines = (house.root / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_settings_that_are_there_stay(house: House) -> None:
    (house.root / ".env").write_text("JWT_SECRET=mine\n")
    house.run("build", "value-architect")
    assert (house.root / ".env").read_text() == "JWT_SECRET=mine\n"
    assert house.asked() == ["docker: compose build value-architect"]


def test_start_waits_until_all_is_healthy(house: House) -> None:
    told = house.run("start")
    assert told.returncode == 0, told.stderr
    assert house.asked() == ["docker: compose up --detach --remove-orphans"]
    assert f"http://127.0.0.1:{house.environment['GATEWAY_PORT']}" in told.stderr


def test_start_builds_what_is_missing(house: House) -> None:
    house.run("start", FAKE_IMAGE="1")
    assert house.asked()[0] == "docker: compose build migrate"


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"FAKE_DAEMON": "1"}, "Docker does not answer: start it"),
        ({"FAKE_DOCKER": "19.03.15"}, "Docker is 19.03.15; the platform needs 20.10 or newer"),
        ({"FAKE_COMPOSE": "none"}, "There is no Compose: install the docker compose plug-in"),
        ({"FAKE_COMPOSE": "1.29.2"}, "Compose is 1.29.2; the platform needs version 2 or newer"),
        ({"FAKE_MEMORY": "2000000000"}, "Docker has 2000 MB of memory; the platform needs 4000 MB"),
        ({"FAKE_NETWORKS": "lab 172.16.0.0/16\\n"}, "is taken by Docker's network lab: set"),
        (
            {"FAKE_NETWORKS": "lab 172.16.87.64/26\\n"},
            "is taken by Docker's network lab: set",
        ),
        ({"FAKE_NETWORKS": "lab 172.16.87.0/24 lab\\n"}, "is taken by Docker's network lab: set"),
    ],
)
def test_what_is_missing_is_said_before_anything_starts(
    house: House, environment: dict[str, str], reason: str
) -> None:
    assert reason in refusal(house, "start", **environment)


@pytest.mark.parametrize(
    "environment",
    [
        {"FAKE_DOCKER": "28.5.1"},
        {"FAKE_COMPOSE": "v2.0.0"},
        {"FAKE_NETWORKS": "lab 172.16.86.0/24\\n6 fd00::/80\\n"},
        # What is left of containers that were stopped, not removed.
        {"FAKE_NETWORKS": "valueverse_services 172.16.87.0/24 valueverse\\n"},
        {"COMPOSE_PROJECT_NAME": "own", "FAKE_NETWORKS": "own_services 172.16.87.0/24 own\\n"},
    ],
)
def test_what_suffices_is_taken(house: House, environment: dict[str, str]) -> None:
    assert house.run("start", cwd=None, **environment).returncode == 0


@pytest.mark.parametrize(("free", "suffices"), [(4999, False), (5000, True)])
def test_the_disk_needs_room_where_docker_keeps_its_data(house: House, free: int, suffices: bool) -> None:
    disk = house.path / "df"
    disk.unlink()
    disk.write_text(
        '#!/bin/sh\n[ "$*" = "-Pm /var/lib/docker" ] || exit 1\n'
        "echo Filesystem 1048576-blocks Used Available Capacity Mounted on\n"
        f"echo /dev/vda 90000 1 {free} 1% /var\n"
    )
    disk.chmod(0o755)
    if suffices:
        assert house.run("start", FAKE_ROOT="/var/lib/docker").returncode == 0
    else:
        reason = "There are 4999 MB free at /var/lib/docker; the platform needs 5000 MB: make room"
        assert reason in refusal(house, "start", FAKE_ROOT="/var/lib/docker")


def test_a_taken_port_is_named_with_its_setting(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} is taken: stop what holds it, or set REDIS_PORT in .env." in refusal(
            house, "start", REDIS_PORT=port
        )


def test_ports_of_containers_that_run_are_theirs(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = str(own.getsockname()[1])
        assert house.run("start", REDIS_PORT=port, FAKE_RUNNING="0123").returncode == 0


def test_placeholders_are_named(house: House) -> None:
    (house.root / ".env").write_text("JWT_SECRET=change-me\nLOG_LEVEL=info\nA_URL=x://y:change-me@z\n")
    assert "still has placeholders: set JWT_SECRET A_URL" in refusal(house, "start")


def test_health_names_what_is_not_healthy(house: House) -> None:
    house.run("build")
    states = "migrate exited - 0\\nvalue-architect running unhealthy 0\\n"
    told = house.run("health", FAKE_STATES=states)
    assert (told.returncode, told.stdout) == (1, "value-architect: running, unhealthy\n")
    told = house.run("health", FAKE_STATES="value-architect paused healthy 0\\n")
    assert told.stdout == "value-architect: paused, healthy\nmigrate: not started\n"
    told = house.run("health")
    assert (told.returncode, told.stdout) == (0, "All healthy: 2 containers.\n")


def test_what_does_not_become_healthy_is_named(house: House) -> None:
    states = "migrate exited - 0\\nvalue-architect running starting 0\\n"
    told = house.run("start", FAKE_STATES=states, HEALTHY_WITHIN_S="0")
    assert told.returncode == 1
    assert "value-architect: running, starting" in told.stderr


def test_a_migrate_job_that_failed_ends_the_start(house: House) -> None:
    told = house.run("start", FAKE_STATES="migrate exited - 1\\nvalue-architect created - 0\\n")
    assert told.returncode == 1
    assert "The migrate job failed" in told.stderr.splitlines()[-1]


def test_scale_runs_so_many_replicas(house: House) -> None:
    house.run("build")
    house.asked()
    assert house.run("scale", "calculation-engine", "5").returncode == 0
    expected = "up --detach --no-deps --no-recreate --scale calculation-engine=5 calculation-engine"
    assert house.asked() == [f"docker: compose {expected}"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "scale takes a service and how many"),
        (("calculation-engine",), "scale takes a service and how many"),
        (("postgres", "2"), "postgres cannot be scaled"),
        (("calculation-engine", "0"), "0 is no number of replicas: 1 to 20"),
        (("calculation-engine", "21"), "21 is no number of replicas"),
        (("calculation-engine", "two"), "two is no number of replicas"),
    ],
)
def test_scale_takes_a_service_of_ours_and_a_number(
    house: House, arguments: tuple[str, ...], reason: str
) -> None:
    house.run("build")
    house.asked()
    assert reason in refusal(house, "scale", *arguments)


def test_stop_keeps_the_data_and_reset_asks_before_it_deletes(house: House) -> None:
    house.run("build")
    house.asked()
    house.run("stop")
    assert house.asked() == ["docker: compose down --remove-orphans"]
    assert "Nothing was deleted." in refusal(house, "reset")
    house.run("reset", "--yes")
    assert house.asked() == ["docker: compose down --volumes --remove-orphans"]


def test_restart_takes_one_service_or_all(house: House) -> None:
    house.run("build")
    house.asked()
    house.run("restart", "value-architect")
    assert house.asked() == ["docker: compose restart value-architect"]
    house.run("restart")
    assert [line.split()[2] for line in house.asked()] == ["down", "up"]
    assert "There is no service nobody" in refusal(house, "restart", "nobody")


def test_logs_of_all_or_of_one(house: House) -> None:
    house.run("build")
    house.asked()
    house.run("logs")
    house.run("logs", "value-architect", "-f")
    assert house.asked() == [
        "docker: compose logs --tail 200",
        "docker: compose logs --tail 200 value-architect --follow",
    ]
    assert "logs takes a service and -f, not --loud." in refusal(house, "logs", "--loud")


@pytest.mark.parametrize("command", ["stop", "health", "logs", "reset", "restart"])
def test_before_anything_was_built_there_is_nothing_to_ask(house: House, command: str) -> None:
    assert "Nothing was built here yet" in refusal(house, command)


def test_urls_name_every_address_and_the_name_of_its_password(house: House) -> None:
    house.run("build")
    told = house.run("urls", FAKE_RUNNING="0123").stdout
    for name in _PORTS:
        assert f":{house.environment[name]}" in told, name
    assert settings_of(house)["GRAFANA_ADMIN_PASSWORD"] not in told
    assert "admin, GRAFANA_ADMIN_PASSWORD" in told
    open_to_all = {line.split("  ")[0] for line in told.splitlines() if line.endswith(" no login")}
    assert open_to_all == {"Kong's admin", "Consul", "Prometheus", "Jaeger"}


def test_tokens_are_the_containers_while_they_run(house: House) -> None:
    house.add_python("python3.12")
    house.run("install")
    house.run("build")
    told = house.run("token", FAKE_RUNNING="0123", FAKE_SHOW="JWT_SECRET")
    assert told.stdout.splitlines()[-1] == settings_of(house)["JWT_SECRET"]


def test_stack_tests_are_asked_for_by_name(house: House) -> None:
    house.add_python("python3.12")
    assert house.run("test", "--stack").stdout.startswith("<-m><pytest><tests/stack><-m><stack>")
    full = house.run("test", "--stack", "--full").stdout
    assert full.startswith("<-m><pytest><tests/stack><-m><stack or stack_full>")


def test_another_settings_file_may_be_named(house: House, tmp_path: Path) -> None:
    house.run("build", VALUEVERSE_ENV=str(tmp_path / "other.env"))
    assert (tmp_path / "other.env").exists()
    assert not (house.root / ".env").exists()

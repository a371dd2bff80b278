"""deploy-microservices.sh: the real script, with a Python that notes what it is asked."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.launcher.ports import free_port
from tests.launcher.processes import until_ended
from tests.platform.house import House

_COMMANDS = (
    *("demo", "test", "token", "urls", "start", "stop", "restart", "health", "logs", "new-service"),
    *("install", "help", "build", "scale", "reset"),
)
_INSTALLATION = ("3.12: -m venv", "3.12: -m ensurepip", "3.12: -m pip install")


@pytest.fixture
def bare(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def house(bare: House) -> Iterator[House]:
    """A house with Python 3.12; what a test leaves running in it is ended."""
    bare.add_python("python3.12")
    yield bare
    bare.run("stop")


def _one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text.strip()


def test_help_names_every_command(bare: House) -> None:
    told = bare.run("help")
    assert told.returncode == 0
    for command in _COMMANDS:
        assert f"\n  {command}" in told.stdout
    assert bare.run().stdout == told.stdout


def test_an_unknown_command_is_an_error_with_the_usage(bare: House) -> None:
    told = bare.run("dance")
    assert told.returncode == 2
    assert "there is no command dance" in told.stderr
    assert "Usage:" in told.stderr
    assert told.stdout == ""


def test_no_python_is_one_line_that_says_what_to_install(bare: House) -> None:
    told = bare.run("demo")
    assert told.returncode == 1
    assert "Python 3.11 or newer is needed (found: none): install it" in _one_line(told.stderr)


def test_an_old_python_is_one_line_that_says_what_to_install(bare: House) -> None:
    bare.add_python("python3")
    told = bare.run("demo", FAKE_DEFAULT_VERSION="3.9")
    assert told.returncode == 1
    assert "Python 3.11 or newer is needed (found: 3.9): install it" in _one_line(told.stderr)


def test_a_python_without_ensurepip_is_one_line_that_names_the_package(house: House) -> None:
    told = house.run("demo", FAKE_ENSUREPIP="no")
    assert told.returncode == 1
    assert "apt-get install python3.12-venv" in _one_line(told.stderr)
    assert not (house.root / ".venv").exists()


def test_the_newest_python_makes_the_environment(house: House) -> None:
    house.add_python("python3")
    house.add_python("python3.11")
    house.add_python("python3.13")
    house.run("install")
    assert house.asked() == ["3.13: -m venv", "3.13: -m ensurepip", "3.13: -m pip install"]


def test_a_python_that_is_newer_still_is_better_than_an_old_one(bare: House) -> None:
    bare.add_python("python3")
    bare.add_python("python3.14")
    bare.run("install", FAKE_DEFAULT_VERSION="3.9")
    assert bare.asked()[-1] == "3.14: -m pip install"


def test_the_environment_is_made_once_and_again_when_the_lock_changes(house: House) -> None:
    assert house.run("token").returncode == 0
    assert house.asked() == [*_INSTALLATION, "3.12: -m services token"]
    house.run("token")
    assert house.asked() == ["3.12: -m services token"]
    (house.root / "requirements.txt").write_text("requirements of tomorrow\n")
    house.run("token")
    assert house.asked() == ["3.12: -m pip install", "3.12: -m services token"]


def test_the_tests_environment_serves_the_platform_too(house: House) -> None:
    house.run("install", "--dev")
    house.asked()
    house.run("token")
    assert house.asked() == ["3.12: -m services token"]


def test_the_installation_keeps_standard_output_for_the_command(house: House) -> None:
    told = house.run("token")
    assert told.stdout.startswith("<-m><services><token>")
    assert "Installing the dependencies" in told.stderr


def test_no_network_is_one_line_that_names_the_log(house: House) -> None:
    told = house.run("demo", FAKE_PIP="offline")
    assert told.returncode == 1
    progress, reason = told.stderr.splitlines()
    assert "Installing" in progress
    assert "no connection to the package index. See .venv/pip.log" in reason
    assert "NewConnectionError" in (house.root / ".venv/pip.log").read_text()
    assert house.run("token").returncode == 0


def test_another_failure_of_the_installation_is_one_line_too(house: House) -> None:
    told = house.run("demo", FAKE_PIP="refuses")
    assert told.returncode == 1
    assert "cannot be installed: see the end of .venv/pip.log" in told.stderr.splitlines()[-1]


@pytest.mark.parametrize("end", ["half killed", "half interrupted", "killed", "refuses", "offline"])
def test_an_installation_that_did_not_end_well_is_begun_anew(house: House, end: str) -> None:
    assert house.run("demo", FAKE_PIP=end).returncode != 0
    house.asked()
    assert house.run("token").returncode == 0
    assert house.asked() == [*_INSTALLATION, "3.12: -m services token"]


def test_ctrl_c_during_the_installation_is_one_line(house: House) -> None:
    told = house.run("demo", FAKE_PIP="interrupted")
    assert told.returncode == 130
    assert told.stderr.splitlines()[-1] == "Interrupted: the next call begins the installation anew."


def test_arguments_reach_the_platforms_command_as_they_are(house: House) -> None:
    told = house.run("token", "--sub", "ada lovelace", "--role", "approver", "--ttl", "2h")
    expected = "<-m><services><token><--sub><ada lovelace><--role><approver><--ttl><2h>"
    assert told.stdout.split(" /")[0] == expected
    assert house.run("new-service", "price_book").stdout.startswith("<-m><services><new-service><price_book>")


@pytest.mark.parametrize("spelling", [("--data", "kept here"), ("--data=kept here",)])
def test_a_relative_data_folder_counts_from_where_one_stands(
    house: House, tmp_path: Path, spelling: tuple[str, ...]
) -> None:
    (tmp_path / "desk").mkdir()
    told = house.run("demo", *spelling, "--exit", cwd=tmp_path / "desk")
    assert told.stdout == f"<-m><services><demo><--exit> {tmp_path}/desk/kept here\n"


@pytest.mark.parametrize("command", ["demo", "stop", "logs"])
def test_a_data_option_without_a_folder_is_one_line(house: House, command: str) -> None:
    told = house.run(command, "--data")
    assert told.returncode == 1
    assert _one_line(told.stderr) == "deploy-microservices.sh: --data needs a value."


def test_pytest_gets_its_arguments_and_nothing_else(house: House) -> None:
    told = house.run("test", "-k", "one or two", "-x")
    assert told.stdout.startswith("<-m><pytest><-k><one or two><-x>")
    assert house.run("token").returncode == 0


def test_without_arguments_the_tests_run_in_parallel_and_without_chaos(house: House) -> None:
    told = house.run("test")
    assert told.stdout.startswith("<-m><pytest><--numprocesses><")
    assert "<-m><not chaos and not chaos_full and not fuzz and not stack and not stack_full>" in told.stdout


def test_the_lifecycle_is_tested_on_what_runs(house: House) -> None:
    told = house.run("test", "--live", "-x")
    lifecycle = "<-m><pytest><tests/platform/test_lifecycle.py><--base-url>"
    assert told.stdout.startswith(f"{lifecycle}<http://127.0.0.1:8000><-x>")
    told = house.run("test", "--live", "https://value.example", "--traces", "otlp://127.0.0.1:4318")
    assert told.stdout.startswith(f"{lifecycle}<https://value.example><--traces><otlp://127.0.0.1:4318>")


def test_start_without_docker_says_how_to_start_embedded(bare: House) -> None:
    told = bare.run("start")
    assert told.returncode == 1
    assert "./deploy-microservices.sh start --embedded" in _one_line(told.stderr)


def test_the_platform_starts_in_the_background_and_stops(house: House) -> None:
    port = str(free_port())
    told = house.run("start", "--embedded", "--port", port)
    assert told.returncode == 0, told.stderr
    assert f"ValueVerse is up: http://127.0.0.1:{port}" in told.stderr
    again = house.run("start", "--embedded", "--port", port)
    assert again.returncode == 1
    assert "Already running" in _one_line(again.stderr)
    assert f"<health><--port><{port}>" in house.run("health").stdout
    assert f"<urls><--port><{port}>" in house.run("urls").stdout
    assert "<health><--port><1>" in house.run("health", "--port", "1").stdout
    assert '"GET /api/v1/architect/health/ready HTTP/1.0" 200' in house.run("logs").stdout
    pid = _pid(house)
    told = house.run("stop")
    assert (told.returncode, _one_line(told.stderr)) == (0, "Stopped.")
    until_ended(pid)
    assert _one_line(house.run("stop").stderr) == "Nothing is running in the background."


def _pid(house: House) -> int:
    return int((Path(house.environment["VALUEVERSE_DATA"]) / "background").read_text().split()[0])


def test_restart_keeps_the_port(house: House) -> None:
    port = str(free_port())
    house.run("start", "--embedded", "--port", port)
    first = _pid(house)
    told = house.run("restart")
    assert told.returncode == 0, told.stderr
    assert f"http://127.0.0.1:{port}" in told.stderr
    until_ended(first)
    assert _pid(house) != first


def test_a_platform_that_refuses_to_start_is_one_line_with_its_reason(house: House) -> None:
    house.run("install")
    told = house.run(
        "start", "--embedded", "--port", str(free_port()), FAKE_REFUSAL="✗ The moon is not full."
    )
    assert told.returncode == 1
    assert _one_line(told.stderr).endswith("It did not start: The moon is not full.")


def test_a_taken_port_is_one_line(house: House) -> None:
    port = str(free_port())
    house.run("start", "--embedded", "--port", port)
    told = house.run("start", "--embedded", "--port", port, "--data", "other")
    assert told.returncode == 1
    assert f"Port {port} is taken" in _one_line(told.stderr)


def test_a_process_that_only_has_the_same_number_is_left_alone(house: House) -> None:
    house.run("install")
    data = Path(house.environment["VALUEVERSE_DATA"])
    data.mkdir()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (data / "background").write_text(f"{stranger.pid} 8000\n")
        told = house.run("stop")
        assert stranger.poll() is None
        stranger.kill()
    assert _one_line(told.stderr) == "Nothing is running in the background."


def test_no_log_yet_is_one_line(house: House) -> None:
    house.run("install")
    told = house.run("logs")
    assert told.returncode == 1
    assert "There is no log at" in _one_line(told.stderr)

"""A RabbitMQ broker of the tests' own, with an epmd of its own beside it."""

import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from urllib.parse import quote

from services.launcher.child import Child, spawn
from services.launcher.ports import LOOPBACK, free_port
from tests.servers.missing import MissingServer
from tests.servers.waiting import answers, wait_ready

_DEBIAN_PROGRAMS = Path("/usr/lib/rabbitmq/bin")  # those on Debian's PATH change the user
_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01\x00\x00"  # a Connection.Start on channel 0
_CTL_ATTEMPTS = 3
_CTL_TIMEOUT_S = 60

_CONFIGURATION = """\
default_user = {user}
default_pass = {password}
default_user_tags.administrator = true
disk_free_limit.absolute = 50MB
management.tcp.ip = 127.0.0.1
management.tcp.port = {management_port}
"""


@dataclass(frozen=True, slots=True)
class RabbitServer:
    """A running broker as its clients see it: a virtual host, the administrator's login, and rabbitmqctl."""

    folder: Path
    programs: Path
    port: int
    dist_port: int
    epmd_port: int
    management_port: int
    user: str
    password: str
    vhost: str = "/"

    @property
    def url(self) -> str:
        """The administrator's address of the virtual host."""
        return self.url_of(self.user, self.password)

    def url_of(self, user: str, password: str) -> str:
        """Another user's address of the virtual host."""
        return f"amqp://{user}:{password}@{LOOPBACK}:{self.port}/{quote(self.vhost, safe='')}"

    def ctl(self, *arguments: str) -> str:
        """Runs rabbitmqctl (about half a second) and returns what it prints; raises AssertionError with its
        complaint. Where it says that it did not reach the broker, it is asked again: it is an Erlang node
        itself, and now and then the two do not find each other at once."""
        for _ in range(_CTL_ATTEMPTS):
            told = subprocess.run(
                [self.programs / "rabbitmqctl", "--quiet", *arguments],
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=_CTL_TIMEOUT_S,
                check=False,
            )
            if told.returncode != os.EX_UNAVAILABLE:
                break
        assert told.returncode == 0, (
            f"rabbitmqctl {arguments[0]}: {told.returncode} {told.stderr}{told.stdout}"
        )
        return told.stdout

    def with_vhost(self, vhost: str) -> Self:
        """The same broker in a new virtual host, where the administrator has all rights."""
        self.ctl("add_vhost", vhost)
        server = replace(self, vhost=vhost)
        server.grant(self.user)
        return server

    def add_user(self, user: str, password: str) -> None:
        """A new login, with no rights yet."""
        self.ctl("add_user", user, password)

    def grant(self, user: str, configure: str = ".*", write: str = ".*", read: str = ".*") -> None:
        """Sets a user's rights in the virtual host: regular expressions on names of queues and exchanges."""
        self.ctl("set_permissions", "-p", self.vhost, user, configure, write, read)

    @property
    def environment(self) -> dict[str, str]:
        folder = self.folder
        settings = {
            "NODENAME": f"rabbit-{self.port}@localhost",
            "NODE_IP_ADDRESS": LOOPBACK,
            "NODE_PORT": str(self.port),
            "DIST_PORT": str(self.dist_port),
            "MNESIA_BASE": str(folder / "mnesia"),
            "LOG_BASE": str(folder / "log"),
            "LOGS": "-",
            "PID_FILE": str(folder / "pid"),
            "CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "CONF_ENV_FILE": os.devnull,
            "ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "GENERATED_CONFIG_DIR": str(folder / "generated"),
            "SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        }
        return {
            **{f"RABBITMQ_{name}": value for name, value in settings.items()},
            "RUNNING_UNDER_SYSTEMD": "true",  # the start script becomes the broker instead of waiting for it
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "HOME": str(folder),
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
        }


class RabbitProcess:
    """A broker in a folder, on one port for all its starts. What is durable survives stop and kill."""

    def __init__(self, folder: Path) -> None:
        self._epmd: Child | None = None
        self._broker: Child | None = None
        self.server = RabbitServer(
            folder=folder,
            programs=_programs(),
            port=free_port(),
            dist_port=free_port(),
            epmd_port=free_port(),
            management_port=free_port(),
            user="administrator",
            password=secrets.token_urlsafe(12),
        )
        (folder / "enabled_plugins").write_text("[rabbitmq_management].")
        configuration = _CONFIGURATION.format(
            user=self.server.user,
            password=self.server.password,
            management_port=self.server.management_port,
        )
        (folder / "rabbitmq.conf").write_text(configuration)

    def start(self) -> None:
        """Returns when it takes connections, after about 5 seconds."""
        server = self.server
        log_path = server.folder / "rabbitmq.log"
        with log_path.open("ab") as log:
            if self._epmd is None:
                command = ["epmd", "-port", str(server.epmd_port), "-address", LOOPBACK]
                self._epmd = spawn(command, dies_by=signal.SIGKILL, log=log)
            self._broker = spawn(
                [server.programs / "rabbitmq-server"],
                dies_by=signal.SIGKILL,
                log=log,
                env=server.environment,
                cwd=server.folder,
            )
        wait_ready(
            lambda: answers(server.port, _AMQP_HEADER, _METHOD_FRAME), self._broker, log=log_path, timeout=120
        )

    def stop(self) -> None:
        """Stops the broker as an operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kills the broker where it stands; `start` brings it back."""
        self._end(signal.SIGKILL)

    def dispose(self) -> None:
        """Ends everything; nothing is to be started again."""
        self.kill()
        if self._epmd is not None:
            self._epmd.stop(signal.SIGKILL, grace=10)
            self._epmd = None

    def _end(self, number: signal.Signals) -> None:
        if self._broker is not None:
            self._broker.stop(number, grace=60)
            self._broker = None


def _programs() -> Path:
    on_path = shutil.which("rabbitmq-server")
    if (_DEBIAN_PROGRAMS / "rabbitmq-server").exists():
        return _DEBIAN_PROGRAMS
    if on_path is None:
        raise MissingServer("no rabbitmq-server here: install it (Debian: apt-get install rabbitmq-server)")
    return Path(on_path).parent

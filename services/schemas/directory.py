"""The directory of the house: each service's names, port and path prefix, in one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """The names by which one service is known.

    `key` is its folder, PostgreSQL schema and login role; `name` its Compose service, Consul service and
    host; `port` where its container listens; `direct_port` where the embedded platform and Compose publish
    it. `shares_work`: its replicas share out long work by a queue.
    """

    key: str
    name: str
    port: int
    title: str
    shares_work: bool = False

    @property
    def direct_port(self) -> int:
        return self.port + 10

    @property
    def slug(self) -> str:
        return self.key.replace("_", "-")

    @property
    def prefix(self) -> str:
        return f"/api/v1/{self.slug}"

    @property
    def env_prefix(self) -> str:
        return f"{self.key.upper()}_"


SERVICES: dict[str, ServiceIdentity] = {
    identity.key: identity
    for identity in (
        ServiceIdentity("architect", "value-architect", 8001, "Value Architect"),
        ServiceIdentity("committer", "value-committer", 8002, "Value Committer"),
        ServiceIdentity("executor", "value-executor", 8003, "Value Executor"),
        ServiceIdentity("amplifier", "value-amplifier", 8004, "Value Amplifier"),
        ServiceIdentity(
            "calculation_engine", "calculation-engine", 8005, "Calculation Engine", shares_work=True
        ),
        ServiceIdentity("notification", "notification-service", 8006, "Notification"),
    )
}

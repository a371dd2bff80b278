"""Where the house lists its services, and how a new one is added there: by text, so that comments stay."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

from services.schemas.directory import SERVICES, ServiceIdentity

_Edit = Callable[[str, ServiceIdentity], str]


class CannotRegister(Exception):
    """A file of the house does not look as expected; nothing after it was changed."""


def register(identity: ServiceIdentity, root: Path) -> list[Path]:
    """Adds a service to the directory, the gateway, the roles, the layering contracts, `.env.example`, the
    makers, and what runs and watches it in containers.

    Raises:
        CannotRegister: one of the files has lost the place where services are listed.
    """
    changed = []
    for name, edit in _EDITS.items():
        path = root / name
        path.write_text(edit(path.read_text(), identity))
        changed.append(Path(name))
    return [*changed, *_requirements(identity, root), _image(identity, root)]


def _before(text: str, marker: str, addition: str) -> str:
    head, found, tail = text.rpartition(marker)
    if not found:
        raise CannotRegister(f"the line {marker.strip()!r} is missing")
    return f"{head}{addition}{found}{tail}"


def _directory(text: str, identity: ServiceIdentity) -> str:
    names = f'"{identity.key}", "{identity.name}", {identity.port}, "{identity.title}"'
    row = f"        ServiceIdentity({names}),\n"
    return _before(text, "    )\n}\n", row)


def _gateway(text: str, identity: ServiceIdentity) -> str:
    return (
        text
        + f"""
- name: {identity.name}
  <<: *service
  host: {identity.name}.service.consul
  port: {identity.port}
  routes:
  - name: {identity.slug}-api
    paths: ['~{identity.prefix}(/|$)']
    strip_path: false
    plugins: [*token, *limit]
  - name: {identity.slug}-open
    paths: ['~{identity.prefix}/(health(/ready)?|docs(/[a-z0-9.-]+)?|openapi\\.json)$']
    methods: [GET, HEAD]
    strip_path: false
    regex_priority: 10
    plugins: [*limit-open]
"""
    )


def _roles(text: str, identity: ServiceIdentity) -> str:
    """Everybody of the vendor reads what a service holds; who writes there, its author decides: at first the
    value engineer, whose tokens `token` prints."""
    return _before(text, '        "calculation-engine:write",\n', f'        "{identity.slug}:write",\n')


def _contracts(text: str, identity: ServiceIdentity) -> str:
    service = f"services.{identity.key}"
    for listed in ('"services.notification"]', 'services.notification",\n'):
        if listed not in text:
            raise CannotRegister(f"the contract that lists {listed.strip()!r} is missing")
    text = text.replace('"services.notification"]', f'"services.notification", "{service}"]')
    return text.replace('| services.notification",\n', f'| services.notification | {service}",\n')


def _environment(text: str, identity: ServiceIdentity) -> str:
    prefix = identity.env_prefix
    return (
        text
        + f"""{prefix}DATABASE_URL=postgresql://{identity.key}:change-me@postgres:5432/valueverse
{prefix}SYSTEM_DATABASE_URL=postgresql://{identity.key}_system:change-me@postgres:5432/valueverse
{prefix}RABBITMQ_URL=amqp://{identity.key}:change-me@rabbitmq:5672/valueverse
{prefix}DATABASE_POOL_SIZE=10
{prefix}DIRECT_PORT={identity.direct_port}
"""
    )


def _makers(text: str, identity: ServiceIdentity) -> str:
    return (
        text
        + f"""

@MAKERS.of("{identity.prefix}/notes/")
async def make_{identity.key}_note(company: Company) -> dict[str, str]:
    writer = company.person("maker", scopes=["{identity.slug}:write"])
    made = await writer.post("{identity.prefix}/notes", json={{"text": "A note."}})
    assert made.status_code == 201, made.text
    return {{"note_id": made.json()["id"]}}
"""
    )


def _compose(text: str, identity: ServiceIdentity) -> str:
    prefix, port = identity.env_prefix, identity.direct_port
    logins = [f"{prefix}{login}" for login in ("DATABASE_URL", "SYSTEM_DATABASE_URL", "RABBITMQ_URL")]
    given = "".join(f"  {login}: ${{{login}:-}}\n" for login in logins)
    text = _before(text, "\nservices:\n", given)
    service = f"""  {identity.name}:
    <<: *service
    image: valueverse/{identity.name}
    build: {{context: ., dockerfile: services/{identity.key}/Dockerfile}}
    environment:
      <<: *settings
{indent(given, "    ")}      {prefix}DATABASE_POOL_SIZE: ${{{prefix}DATABASE_POOL_SIZE:-10}}
    deploy: {{resources: {{limits: {{cpus: "0.75", memory: 512m}}}}}}

"""
    text = _before(text, "  # Roles, tables, exchanges, queues and logins", service)
    published = f"      - 127.0.0.1:${{{prefix}DIRECT_PORT:-{port}}}:{port}\n"
    return _before(text, '    healthcheck: {test: [CMD, wget, -qO-, "http://127.0.0.1:8010/"]', published)


def _direct_ports(text: str, identity: ServiceIdentity) -> str:
    return (
        text
        + f"""
listen {identity.name}
    bind :{identity.direct_port}
    server-template replica 20 {identity.name}:{identity.port}
"""
    )


def _scraped(text: str, identity: ServiceIdentity) -> str:
    marker = "    relabel_configs:\n      - source_labels: [__meta_consul_service]\n"
    return _before(text, marker, f"          - {identity.name}\n")


def _script(text: str, identity: ServiceIdentity) -> str:
    variable = identity.env_prefix.removesuffix("_")
    port = f" {variable}_DIRECT_PORT:{identity.direct_port}"
    address = f" \\\n    {identity.name}:{identity.slug}:{variable}:{identity.direct_port}"
    text = _before(text, '"\nreadonly PUBLISHED_PORTS=', f" {identity.name}")
    text = _before(text, "\n  POSTGRES_PORT:5432", port)
    return _before(text, "; do\n    IFS=: read -r name each variable number", address)


_EDITS: dict[str, _Edit] = {
    "services/schemas/directory.py": _directory,
    "gateway/kong.yml": _gateway,
    "services/chassis/roles.py": _roles,
    "pyproject.toml": _contracts,
    ".env.example": _environment,
    "tests/platform/makers.py": _makers,
    "docker-compose.microservices.yml": _compose,
    "infra/haproxy/haproxy.cfg": _direct_ports,
    "infra/prometheus/prometheus.yml": _scraped,
    "infra/docker/containers.sh": _script,
}


def _requirements(identity: ServiceIdentity, root: Path) -> list[Path]:
    """A new service starts with what the chassis needs, which is what the committer has."""
    made = []
    for name in ("requirements.in", "requirements.txt"):
        target = Path("services") / identity.key / name
        (root / target).write_text((root / "services/committer" / name).read_text())
        made.append(target)
    return made


def _image(identity: ServiceIdentity, root: Path) -> Path:
    """Every service is built by the same Dockerfile."""
    other = SERVICES["notification"]
    text = (root / "services" / other.key / "Dockerfile").read_text()
    for theirs, own in ((other.name, identity.name), (str(other.port), str(identity.port))):
        text = text.replace(theirs, own)
    text = re.sub(rf"\b{other.key}\b", identity.key, text)
    sizes = {path.stat().st_size for path in root.glob("services/*/Dockerfile")}
    while len(text.encode()) in sizes:
        text = text.replace("its own =", "its own ==")
    target = Path("services") / identity.key / "Dockerfile"
    (root / target).write_text(text)
    return target

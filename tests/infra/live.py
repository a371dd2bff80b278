"""A platform as a real Prometheus reads it, each second, and what its panels then show."""

import asyncio
from typing import Any

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.chassis.registry import Address
from tests.harness.platform import TestPlatform
from tests.harness.waiting import eventually
from tests.infra.dashboards import Query
from tests.infra.exposed import ROOT
from tests.servers.prometheus import PrometheusServer

WITHIN_S = 60.0
_FOLDER = ROOT / "infra/prometheus"
_PAGES = ROOT / "tests/data/metrics/pages"


def pages(platform: TestPlatform) -> Starlette:
    """What there is to scrape: a page a job."""

    async def page(request: Request) -> Response:
        job = request.path_params["job"]
        if app := platform.embedded.apps.get(job):
            accept = request.headers.get("accept", "")
            body, content_type = app.state.runtime.metrics.render(accept)
            return Response(body, headers={"Content-Type": content_type})
        return PlainTextResponse(await asyncio.to_thread((_PAGES / f"{job}.txt").read_text))

    return Starlette(routes=[Route("/{job}", page)])


def configuration(pages: Address, own: PrometheusServer) -> dict[str, Any]:
    """The platform's own configuration, with everything at another address, read each second."""
    config: dict[str, Any] = yaml.safe_load((_FOLDER / "prometheus.yml").read_text())
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(_FOLDER / "rules/*.yml")]
    where = f"{pages.host}:{pages.port}"
    for job in config["scrape_configs"]:
        (discovery,) = job.pop("consul_sd_configs", [None])
        if discovery:
            job["static_configs"] = [
                {
                    "targets": [where],
                    "labels": {"__meta_consul_service": name, "__metrics_path__": f"/{name}"},
                }
                for name in discovery["services"]
            ]
        elif job["job_name"] == "prometheus":
            job["static_configs"] = [{"targets": [f"127.0.0.1:{own.port}"]}]
        else:
            path = {"__metrics_path__": f"/{job['job_name']}"}
            job["static_configs"] = [{"targets": [where], "labels": path}]
    return config


async def all_are_up(server: PrometheusServer) -> bool:
    targets = await asyncio.to_thread(server.targets)
    return set(targets.values()) == {"up"}


async def values_of(
    server: PrometheusServer, asked: Query | str, at: float | None = None
) -> dict[str, float]:
    """A panel's values, or an expression's, by those of their labels, joined."""
    expression = asked if isinstance(asked, str) else asked.expression
    samples = await asyncio.to_thread(server.query, expression, at)
    return {" ".join(sample.labels.values()): sample.value for sample in samples}


class Counts:
    """What panels show beyond what they showed before."""

    def __init__(self, server: PrometheusServer, before: dict[Query, dict[str, float]]) -> None:
        self._server = server
        self._before = before

    @classmethod
    async def begin(cls, server: PrometheusServer, *panels: Query) -> "Counts":
        return cls(server, {panel: await values_of(server, panel) for panel in panels})

    async def become(self, panel: Query, expected: dict[str, float]) -> None:
        """Returns when the panel shows so much more; TimeoutError, with what it shows, if it never does."""
        shown: dict[str, float] = {}

        async def look() -> bool:
            nonlocal shown
            now = await values_of(self._server, panel)
            before = self._before[panel]
            shown = {label: value - before.get(label, 0.0) for label, value in now.items()}
            return all(shown.get(label) == value for label, value in expected.items())

        try:
            await eventually(look, within_s=WITHIN_S)
        except TimeoutError:
            raise TimeoutError(f"{panel}: {shown}, not {expected}") from None

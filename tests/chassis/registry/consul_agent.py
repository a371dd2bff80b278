"""A small agent with Consul's recorded answers, served by a real HTTP server.

The shapes are those that its documentation shows for the five endpoints that the registry uses.
"""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route


class ConsulAgent:
    """Keeps what was registered; `critical` ids fail their checks. `broken` answers 500 to everything."""

    def __init__(self) -> None:
        self.registered: dict[str, dict[str, Any]] = {}
        self.critical: set[str] = set()
        self.broken = False
        self.asked: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/v1/agent/service/register", self._answer(self._register), methods=["PUT"]),
                Route("/v1/agent/service/deregister/{id}", self._answer(self._deregister), methods=["PUT"]),
                Route("/v1/agent/services", self._answer(self._services)),
                Route("/v1/health/service/{name}", self._answer(self._health)),
                Route("/v1/status/leader", self._answer(self._leader)),
            ]
        )

    def _answer(self, endpoint: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.asked.append(request.url.path)
            if self.broken:
                return PlainTextResponse("No cluster leader", 500)
            response: Response = await endpoint(request)
            return response

        return answer

    async def _register(self, request: Request) -> Response:
        service = await request.json()
        self.registered[service["ID"]] = service
        return Response()

    async def _deregister(self, request: Request) -> Response:
        if self.registered.pop(request.path_params["id"], None) is None:
            return PlainTextResponse(f'Unknown service ID "{request.path_params["id"]}"', 404)
        return Response()

    async def _services(self, _request: Request) -> Response:
        return JSONResponse({id_: _agent_service(service) for id_, service in self.registered.items()})

    async def _health(self, request: Request) -> Response:
        assert request.query_params["passing"] == "1"
        return JSONResponse(
            [
                _health_row(service)
                for id_, service in self.registered.items()
                if service["Name"] == request.path_params["name"] and id_ not in self.critical
            ]
        )

    async def _leader(self, _request: Request) -> Response:
        return JSONResponse("127.0.0.1:8300")


def _agent_service(service: dict[str, Any]) -> dict[str, Any]:
    return {
        "ID": service["ID"],
        "Service": service["Name"],
        "Tags": [],
        "Meta": {},
        "Port": service["Port"],
        "Address": service["Address"],
        "Weights": {"Passing": 1, "Warning": 1},
        "EnableTagOverride": False,
        "Datacenter": "dc1",
    }


def _health_row(service: dict[str, Any]) -> dict[str, Any]:
    return {
        "Node": {
            "ID": "40e4a748-2192-161a-0510-9bf59fe950b5",
            "Node": "consul",
            "Address": "172.20.0.2",
            "Datacenter": "dc1",
            "TaggedAddresses": {"lan": "172.20.0.2", "wan": "172.20.0.2"},
            "Meta": {"consul-network-segment": ""},
            "CreateIndex": 5,
            "ModifyIndex": 7,
        },
        "Service": {**_agent_service(service), "CreateIndex": 12, "ModifyIndex": 12},
        "Checks": [
            {
                "Node": "consul",
                "CheckID": f"service:{service['ID']}",
                "Name": f"Service '{service['Name']}' check",
                "Status": "passing",
                "Notes": "",
                "Output": "HTTP GET: 200 OK",
                "ServiceID": service["ID"],
                "ServiceName": service["Name"],
                "ServiceTags": [],
                "Type": "http",
            }
        ],
    }

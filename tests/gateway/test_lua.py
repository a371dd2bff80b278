"""The functions of kong.yml, run in Lua 5.1 before a stub of what they ask of Kong."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
import yaml
from lupa.lua51 import LuaRuntime

from tests.gateway.rendering import COMPLETE, rendered

PROGRAMS: dict[str, dict[str, list[str]]] = {
    plugin["name"]: plugin["config"]
    for plugin in yaml.safe_load(rendered(COMPLETE).stdout)["plugins"]
    if plugin["name"].endswith("-function")
}
ADDRESS = "203.0.113.9"
ARRIVED = 1_764_288_000.25
REQUEST_ID = "0d3a39a0-9f0b-4f0e-8c55-3a3b4d9f5a10"


def decoded(text: bytes) -> bytes | None:
    """As ngx.decode_base64: nil for what is none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


@dataclass
class Asked:
    """A request as Kong has it, answered after `seconds`; without an id until correlation-id lets it pass."""

    method: str = "GET"
    path: str = "/api/v1/architect/drivers"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 75.0
    upstream: dict[str, str] = field(default_factory=dict)
    retries: list[int] = field(default_factory=list)

    def before(self) -> "Asked":
        """Runs the pre-function; what it set is then in `upstream` and `retries`."""
        self._run(PROGRAMS["pre-function"]["access"])
        return self

    def budget(self) -> str:
        return self.before().upstream["x-rate-key"]

    def answered(self, answer: "Answer") -> "Answer":
        """Runs the post-function over an answer in two parts; with the last, Kong has the whole body."""
        lua = self._run(PROGRAMS["post-function"]["header_filter"], answer)
        whole, answer.body = answer.body, None
        self._run(PROGRAMS["post-function"]["body_filter"], answer, lua)
        assert answer.body is None
        answer.body = whole
        self._run(PROGRAMS["post-function"]["body_filter"], answer, lua)
        return answer

    def _run(
        self, programs: list[str], answer: "Answer | None" = None, lua: LuaRuntime | None = None
    ) -> LuaRuntime:
        if lua is None:
            lua = self._sandbox(answer or Answer())
        for program in programs:
            lua.execute(program)
        return lua

    def _sandbox(self, answer: "Answer") -> LuaRuntime:
        lua = LuaRuntime(encoding="latin-1", register_eval=False, register_builtins=False)
        kong = {
            "client": {"get_forwarded_ip": lambda: ADDRESS},
            "request": {
                "get_header": lambda name: self.headers.get(name.lower()),
                "get_method": lambda: self.method,
                "get_path": lambda: self.path,
            },
            "service": {
                "set_retries": self.retries.append,
                "request": {"set_header": lambda name, value: self.upstream.update({name.lower(): value})},
            },
            "response": answer.as_kong_has_it(),
            "ctx": {"plugin": {}},
        }
        lua.globals().kong = lua.table_from(kong, recursive=True)
        lua.globals().ngx = lua.table_from(
            {
                "decode_base64": lambda text: decoded(text.encode("latin-1")),
                "now": lambda: ARRIVED + self.seconds,
                "req": {"start_time": lambda: ARRIVED},
            },
            recursive=True,
        )
        return lua


@dataclass
class Answer:
    """An answer on its way back; `source` is what Kong calls who gave it: service, exit or error."""

    status: int = 200
    body: str | None = '{"message":"Unauthorized"}'
    source: str = "exit"
    headers: dict[str, str] = field(default_factory=dict)

    def as_kong_has_it(self) -> dict[str, Any]:
        return {
            "get_source": lambda: self.source,
            "get_status": lambda: self.status,
            "set_status": lambda status: setattr(self, "status", status),
            "get_header": lambda name: self.headers.get(name.lower()),
            "set_header": lambda name, value: self.headers.update({name.lower(): value}),
            "clear_header": lambda name: self.headers.pop(name.lower(), None),
            "get_raw_body": lambda: self.body,
            "set_raw_body": lambda body: setattr(self, "body", body),
        }


def bearer(**claims: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {jwt.encode(claims, 'k' * 32)}"}


def refused(status: int, body: str) -> Answer:
    """Kong's own error, marked by correlation-id on its way back."""
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "x-request-id": REQUEST_ID,
    }
    return Answer(status, body, headers=headers)


@pytest.mark.parametrize("sub", ["ada", "adam", "ad", "idp|4711"])
def test_a_request_counts_on_its_user_s_budget(sub: str) -> None:
    assert Asked(headers=bearer(iss="somebody", sub=sub)).budget() == f"user:{sub}"


def test_the_alphabet_of_a_token_is_read_as_it_is() -> None:
    headers = bearer(sub=">~~?")
    claims = headers["authorization"].split(".")[1]
    assert {"-", "_"} <= set(claims)
    assert Asked(headers=headers).budget() == "user:>~~?"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer(iss="nobody in particular"),
        {"authorization": "Basic YWRhOmFkYQ=="},
        {"authorization": "Bearer a.*.c"},
        {"x-rate-key": "user:bob"},
    ],
    ids=["none", "without a sub", "another scheme", "not base64", "one that the client made"],
)
def test_without_a_user_it_counts_on_the_address(headers: dict[str, str]) -> None:
    assert Asked(headers=headers).budget() == f"address:{ADDRESS}"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_nginx_would_repeat_though_it_changes_state_is_sent_once(method: str) -> None:
    assert Asked(method).before().retries == [0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH"])
def test_what_only_reads_or_is_not_repeated_anyway_keeps_its_retry(method: str) -> None:
    assert Asked(method).before().retries == []


@pytest.mark.parametrize("status", [200, 404, 409, 503])
def test_a_service_s_answer_stays_as_it_is(status: int) -> None:
    headers = {"content-type": "text/plain", "content-length": "7", "x-request-id": REQUEST_ID}
    answer = Asked().answered(Answer(status, "its own", "service", dict(headers)))
    assert (answer.body, answer.headers) == ("its own", headers)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, '{"message":"Unauthorized"}', ("Unauthorized", "Unauthorized", "unauthenticated")),
        (401, '{"exp":"token expired"}', ("Unauthorized", "token expired", "unauthenticated")),
        (
            404,
            '{\n  "message":"no Route matched with those values",\n  "request_id":"ab12"\n}',
            ("Not Found", "no Route matched with those values", "no_route"),
        ),
        (
            413,
            '{"message":"Request size limit exceeded"}',
            ("Content Too Large", "Request size limit exceeded", "payload_too_large"),
        ),
        (
            429,
            '{"message":"API rate limit exceeded"}',
            ("Too Many Requests", "API rate limit exceeded", "too_many_requests"),
        ),
        (
            500,
            '{"message":"failed the initial dns/balancer resolve for \'value-architect.service.consul\'"}',
            ("Error", "Error", "gateway_500"),
        ),
        (
            502,
            '{"message":"An invalid response was received from the upstream server"}',
            ("Bad Gateway", "Bad Gateway", "bad_gateway"),
        ),
        (
            503,
            '{"message":"failure to get a peer from the ring-balancer"}',
            ("Service Unavailable", "Service Unavailable", "unavailable"),
        ),
        (
            504,
            '{"message":"The upstream server is timing out"}',
            ("Gateway Timeout", "Gateway Timeout", "gateway_timeout"),
        ),
        (404, "<!doctype html><p>no Route matched</p>", ("Not Found", "Not Found", "no_route")),
    ],
)
def test_an_error_of_the_gateway_s_own_is_a_problem(
    status: int, body: str, told: tuple[str, str, str]
) -> None:
    answer = Asked().answered(refused(status, body))
    assert answer.headers == {"content-type": "application/problem+json", "x-request-id": REQUEST_ID}
    title, detail, code = told
    assert json.loads(answer.body or "") == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "/api/v1/architect/drivers",
        "code": code,
        "request_id": REQUEST_ID,
    }


@pytest.mark.parametrize("path", ['/api/v1/"quoted"', "/api\\v1", "/api/v1/a\tb\nc", "/api/%22/ä"])
def test_nothing_in_a_path_breaks_the_problem(path: str) -> None:
    problem = json.loads(Asked(path=path).answered(refused(404, "{}")).body or "")
    assert problem["instance"] == "".join(letter for letter in path if letter not in '"\\\t\n')
    assert problem["request_id"] == REQUEST_ID


@pytest.mark.parametrize("seconds", [2.0, 4.1, 29.9])
def test_where_nobody_took_the_connection_the_service_is_unavailable(seconds: float) -> None:
    """Nobody was asked anything for as long as an answer may take: only connecting gives up so soon."""
    answer = Asked(seconds=seconds).answered(refused(504, '{"message":"The upstream server is timing out"}'))
    assert answer.status == 503
    problem = json.loads(answer.body or "")
    assert (problem["status"], problem["code"]) == (503, "unavailable")


def test_connecting_gives_up_long_before_answering_does() -> None:
    """Even where every try takes its time."""
    for service in yaml.safe_load(rendered(COMPLETE).stdout)["services"]:
        connecting = service["connect_timeout"] * (1 + service["retries"])
        assert 2 * connecting < 30_000 < service["read_timeout"]
        assert service["write_timeout"] >= 30_000


def test_an_answer_that_has_no_id_tells_the_request_s() -> None:
    answer = Answer(502, '{"message":"refused"}', "error")
    problem = json.loads(Asked(headers={"x-request-id": 'a-1"}{'}).answered(answer).body or "")
    assert problem["request_id"] == "a-1"

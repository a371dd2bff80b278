"""Consul's name service, asked as Kong asks it: SRV first, by UDP, by TCP where the answer was cut short.

`python -m tests.stack.names NAME` in a container with KONG_DNS_RESOLVER prints what it says of a name.
"""

import asyncio
import json
import os
import secrets
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.chassis.registry import Address

A, SRV = 1, 33
_TIMEOUT_S = 2.0
_NO_SUCH_NAME = 3
_CUT_SHORT = 0x0200
_RECURSION_DESIRED = 0x0100
_ELSEWHERE = 0xC0
# As KONG_DNS_NOT_FOUND_TTL and KONG_DNS_ERROR_TTL.
_NOTHING_HOLDS_S = 1.0


class NamesAway(Exception):
    """The name service does not answer, or with an error."""


@dataclass(frozen=True)
class Record:
    """An answer: `data` is an address, or the port and the name of a replica."""

    name: str
    kind: int
    ttl: int
    data: Any


class ConsulNames:
    """Replicas by name, from the resolver at `address` (`host:port`), for as long as its answers hold.

    While it is away: what it last said, as Kong does for an hour.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._server = (host, int(port))
        self._known: dict[str, tuple[float, Sequence[Address]]] = {}

    async def replicas(self, name: str) -> Sequence[Address]:
        """Where a name's replicas are; none if it has none, or if nothing was ever known of it."""
        until, known = self._known.get(name, (0.0, ()))
        if time.monotonic() < until:
            return known
        try:
            ttl, known = await asyncio.to_thread(self._look_up, name)
        except NamesAway:
            ttl = _NOTHING_HOLDS_S
        self._known[name] = (time.monotonic() + ttl, known)
        return known

    def ask(self, name: str, kind: int) -> list[Record]:
        """The answer's records, those beside it, too; none for a name that there is not. Raises NamesAway."""
        question = _question(name, kind)
        try:
            answer = _by_udp(self._server, question)
            if struct.unpack_from(">H", answer, 2)[0] & _CUT_SHORT:
                answer = _by_tcp(self._server, question)
        except OSError as error:
            raise NamesAway(str(error)) from error
        return _records(answer)

    def _look_up(self, name: str) -> tuple[float, Sequence[Address]]:
        told = self.ask(name, SRV)
        hosts = {each.name: each.data for each in told if each.kind == A}
        found = [each for each in told if each.kind == SRV]
        addresses = []
        for each in found:
            port, host = each.data
            if host not in hosts:
                hosts |= {each.name: each.data for each in self.ask(host, A)}
            if host in hosts:
                addresses.append(Address(hosts[host], port))
        return min((float(each.ttl) for each in found), default=_NOTHING_HOLDS_S), addresses


def _question(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    header = struct.pack(">6H", secrets.randbits(16), _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + labels + struct.pack(">BHH", 0, kind, 1)


def _by_udp(server: tuple[str, int], question: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_TIMEOUT_S)
        asking.connect(server)
        asking.send(question)
        return asking.recv(65535)


def _by_tcp(server: tuple[str, int], question: bytes) -> bytes:
    with socket.create_connection(server, _TIMEOUT_S) as asking, asking.makefile("rb") as answer:
        asking.sendall(struct.pack(">H", len(question)) + question)
        (length,) = struct.unpack(">H", answer.read(2))
        return answer.read(length)


def _records(answer: bytes) -> list[Record]:
    _, flags, questions, *counts = struct.unpack_from(">6H", answer)
    code = flags & 0xF
    if code == _NO_SUCH_NAME:
        return []
    if code:
        raise NamesAway(f"error {code}")
    place = 12
    for _ in range(questions):
        place = _name(answer, place)[1] + 4
    records = []
    for _ in range(sum(counts)):
        name, place = _name(answer, place)
        kind, _, ttl, length = struct.unpack_from(">HHIH", answer, place)
        place += 10
        if kind == A:
            records.append(Record(name, kind, ttl, socket.inet_ntoa(answer[place : place + 4])))
        elif kind == SRV:
            port = struct.unpack_from(">H", answer, place + 4)[0]
            records.append(Record(name, kind, ttl, (port, _name(answer, place + 6)[0])))
        place += length
    return records


def _name(answer: bytes, place: int) -> tuple[str, int]:
    """A name in an answer, where parts of it may stand elsewhere, and where it ends."""
    labels = []
    end = 0
    while length := answer[place]:
        if length >= _ELSEWHERE:
            end = end or place + 2
            place = struct.unpack_from(">H", answer, place)[0] & 0x3FFF
        else:
            labels.append(answer[place + 1 : place + 1 + length].decode())
            place += 1 + length
    return ".".join(labels), end or place + 1


def _main(name: str) -> None:
    names = ConsulNames(os.environ["KONG_DNS_RESOLVER"])
    told = {kind: [asdict(each) for each in names.ask(name, code)] for kind, code in (("A", A), ("SRV", SRV))}
    print(json.dumps(told))  # noqa: T201  # for a test outside the container


if __name__ == "__main__":
    _main(sys.argv[1])

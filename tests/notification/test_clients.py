"""The ways out against real servers: what is encrypted, what is refused, what does not answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.ids import new_id
from services.chassis.outbound import GuardedClient
from services.launcher.receivers import mailbox, webhook_receiver
from services.notification import clients
from services.notification.clients import MailServer, WebhookCaller
from services.notification.domain.sending import Call, Letter, Result
from services.notification.domain.unsubscribing import Links, Unsubscription
from tests.chassis.tls import self_signed


def letter(**fields: Any) -> Letter:
    about = {
        "name": "Grace",
        "address": "grace@vendor.example",
        "title": "T",
        "body": "B",
        "link": "/api/v1/",
    }
    wanted = Unsubscription(new_id(), new_id(), "executor.milestone.accepted.v1")
    return Letter(**{"delivery_id": new_id(), "unsubscription": wanted, **about, **fields})


def mail_server(url: str, tls: ssl.SSLContext | None = None) -> MailServer:
    return MailServer(
        url,
        sender="notes@vendor.example",
        public_url="https://value.example",
        links=Links("a secret of the tests"),
        clock=SYSTEM_CLOCK,
        tls=tls,
    )


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Takes connections and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_starttls_is_used_where_it_is_offered(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with mailbox(tls=offered) as box:
        url = f"smtp://localhost:{box.port}"
        assert (await mail_server(url, trusting).send(letter())).result is Result.ACCEPTED
        distrusted = await mail_server(url).send(letter())
        assert distrusted.result is Result.FAILED
        assert "certificate" in str(distrusted.reason)
    assert len(box.messages) == 1


async def test_a_password_is_never_sent_in_the_clear() -> None:
    async with mailbox() as box:
        outcome = await mail_server(f"smtp://us%40er:hunter2@127.0.0.1:{box.port}").send(letter())
    assert outcome.result is Result.FAILED
    assert "STARTTLS" in str(outcome.reason)
    assert "hunter2" not in str(outcome.reason)
    assert box.messages == []


@pytest.mark.parametrize(
    ("refusal", "result"), [("550 no such user", Result.REFUSED), ("452 full", Result.FAILED)]
)
async def test_a_recipient_is_refused_for_good_or_for_now(refusal: str, result: Result) -> None:
    async with mailbox() as box:
        box.refusal = refusal
        outcome = await mail_server(box.url).send(letter())
    assert (outcome.result, outcome.reason) == (result, refusal)


async def test_nobody_adds_a_header_by_their_name_or_a_title() -> None:
    async with mailbox() as box:
        sneaky = letter(name="Grace\r\nBcc: eve@vendor.example", title="T\u00e4glich")
        assert (await mail_server(box.url).send(sneaky)).result is Result.ACCEPTED
    [mail] = box.messages
    assert mail["Bcc"] is None
    assert mail["Subject"] == "T\u00e4glich"


async def test_a_mail_server_that_is_away_or_silent_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_MAIL_S", 0.2)
    async with mailbox() as gone:
        pass
    async with silent_server() as port:
        for url in (gone.url, f"smtp://127.0.0.1:{port}"):
            outcome = await mail_server(url).send(letter())
            assert outcome.result is Result.FAILED
            assert str(outcome.reason).startswith("mail server: ")


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.ACCEPTED),
        (204, Result.ACCEPTED),
        (302, Result.FAILED),
        (404, Result.FAILED),
        (410, Result.GONE),
        (429, Result.FAILED),
        (500, Result.FAILED),
    ],
)
async def test_a_call_ends_as_its_answer_says(status: int, result: Result) -> None:
    client = GuardedClient(allow_private_networks=True)
    async with webhook_receiver() as receiver:
        receiver.status = status
        call = Call(new_id(), new_id(), receiver.url, b"{}", ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",))
        assert (await WebhookCaller(client, SYSTEM_CLOCK).send(call)).result is result
    receiver.calls[0].verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    await client.close()


async def test_an_address_that_leads_home_is_not_called() -> None:
    client = GuardedClient()
    async with webhook_receiver() as receiver:
        call = Call(new_id(), new_id(), receiver.url, b"{}", ("whsec_c2VjcmV0",))
        assert (await WebhookCaller(client, SYSTEM_CLOCK).send(call)).result is Result.REFUSED
    assert receiver.calls == []
    await client.close()


def test_a_secret_does_not_show_where_a_call_is_printed() -> None:
    call = Call(new_id(), new_id(), "https://hooks.example/", b"{}", ("whsec_c2VjcmV0",))
    assert "whsec_" not in repr(call)

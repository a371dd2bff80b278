"""The receivers receive what real clients send, and refuse when they are told to."""

import ssl
import time
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from services.launcher.receivers import mailbox, webhook_receiver
from services.notification.domain.signing import BadSignature, new_secret, signed_headers
from tests.chassis.tls import self_signed


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@vendor.example", "grace@vendor.example", "Grüße"
    message.set_content("Zoë reads this.\n")
    return message


async def test_mail_is_kept_as_it_was_written() -> None:
    async with mailbox() as box:
        await aiosmtplib.send(letter(), hostname="127.0.0.1", port=box.port, start_tls=False)
        [kept] = box.to("grace@vendor.example")
        assert (kept["Subject"], kept.get_content().splitlines()) == ("Grüße", ["Zoë reads this."])
        assert box.to("ada@vendor.example") == []


async def test_mail_is_refused_with_the_code_that_is_asked_for() -> None:
    async with mailbox() as box:
        box.refusal = "550 no such user"
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await aiosmtplib.send(letter(), hostname="127.0.0.1", port=box.port, start_tls=False)
        assert refused.value.recipients[0].code == 550
        assert box.messages == []


async def test_starttls_is_offered(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with mailbox(tls=server) as box:
        await aiosmtplib.send(
            letter(), hostname="localhost", port=box.port, start_tls=True, tls_context=trusting
        )
        assert len(box.messages) == 1


async def test_a_webhook_is_kept_with_its_signature() -> None:
    secret, body = new_secret(), b'{"a": 1}'
    async with webhook_receiver() as receiver, httpx2.AsyncClient() as client:
        headers = signed_headers([secret], "one", int(time.time()), body)
        assert (await client.post(receiver.url, content=body, headers=headers)).status_code == 204
        receiver.status = 503
        assert (await client.post(receiver.url, content=body)).status_code == 503
    signed, unsigned = receiver.calls
    signed.verify(secret)
    assert (signed.id, signed.body) == ("one", body)
    for call, other in ((signed, new_secret()), (unsigned, secret)):
        with pytest.raises(BadSignature):
            call.verify(other)

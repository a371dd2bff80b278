"""Receivers of what notification sends: a mail server and a webhook receiver, in this process's event loop.

The demo and the tests start them on free ports. They keep what came, and refuse when they are told to.
"""

import asyncio
import email
import email.policy
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.launcher.serving import Address, bound, serving
from services.notification.domain import signing

__all__ = ["Mailbox", "ReceivedCall", "WebhookReceiver", "mailbox", "webhook_receiver"]

_ANY_PORT = Address("127.0.0.1", 0)


@dataclass
class Mailbox:
    """A mail server's only mailbox: every message to anybody, oldest first.

    `refusal` is the answer to each recipient from now on, such as `550 no such user`; None takes everything.
    """

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    refusal: str | None = None

    @property
    def url(self) -> str:
        """As `SMTP_URL` takes it."""
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        """The messages to one address."""
        return [each for each in self.messages if address in str(each["To"])]

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refusal is not None:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)  # noqa: S101  # SMTP is told to leave it so
        self.messages.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 OK"


@asynccontextmanager
async def mailbox(tls: ssl.SSLContext | None = None) -> AsyncIterator[Mailbox]:
    """A mail server on a free port for the length of the block; with `tls` it offers STARTTLS."""
    received = Mailbox()
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(received, hostname="localhost", tls_context=tls, loop=loop)

    server = await loop.create_server(connection, "127.0.0.1", 0)
    async with server:
        received.port = server.sockets[0].getsockname()[1]
        yield received


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """One call of a webhook: its headers by lower-case name, and its body as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The same however often the delivery comes."""
        return self.headers[signing.ID]

    def verify(self, secret: str) -> None:
        """Raises:
        BadSignature: it was not signed with this secret just now.
        """
        signing.verify(secret, self.headers, self.body, now=time.time())


@dataclass
class WebhookReceiver:
    """Receives webhooks, oldest first. `status` is what it answers from now on."""

    port: int = 0
    calls: list[ReceivedCall] = field(default_factory=list)
    status: int = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.calls.append(ReceivedCall(dict(request.headers), await request.body()))
        await Response(status_code=self.status)(scope, receive, send)


@asynccontextmanager
async def webhook_receiver() -> AsyncIterator[WebhookReceiver]:
    """A receiver on a free port for the length of the block."""
    received = WebhookReceiver()
    with bound([_ANY_PORT]) as [listening]:
        received.port = listening.getsockname()[1]
        async with serving([(received, listening)]):
            yield received

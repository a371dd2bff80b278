"""The ways out: a mail server, and webhooks' receivers. Neither raises for what the other side does."""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.chassis.clock import Clock
from services.chassis.outbound import GuardedClient, OutboundFailed, OutboundRefused
from services.notification.domain import signing
from services.notification.domain.mail import composed, domain_of
from services.notification.domain.sending import Call, Letter, Outcome, Result
from services.notification.domain.unsubscribing import Links
from services.schemas.envelope import CONTENT_TYPE

_MAIL_S = 30.0  # for one e-mail, from connecting to the last answer
_ANSWER_S = 10.0  # for each answer on the way
_PORTS: Mapping[str, int] = {"smtp": 25, "smtps": 465}
_PERMANENT = 500
_GONE = 410


class MailServer:
    """The server of an `SMTP_URL`; each e-mail is handed to it in a connection of its own."""

    def __init__(
        self,
        url: str,
        *,
        sender: str,
        public_url: str,
        links: Links,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = urlsplit(url)
        self._sender = sender
        self._public_url = public_url
        self._links = links
        self._clock = clock
        self._tls = tls

    async def send(self, letter: Letter) -> Outcome:
        """Hands over one e-mail.

        A recipient who is refused for good (5xx) stays so; any other refusal is a fault that may pass.
        """
        try:
            async with asyncio.timeout(_MAIL_S):
                await self._hand_over(letter)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return _refusal(refused.recipients[0])
        except aiosmtplib.SMTPDataError as refused:
            return _refusal(refused)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
            return Outcome(Result.FAILED, f"mail server: {_in_words(failure)}")
        return Outcome(Result.ACCEPTED)

    async def _hand_over(self, letter: Letter) -> None:
        if self._tls is None:  # reads the system's certificates from disk
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        encrypted = self._url.scheme == "smtps"
        password = None if self._url.password is None else unquote(self._url.password)
        await aiosmtplib.send(
            composed(
                letter,
                sender=self._sender,
                public_url=self._public_url,
                links=self._links,
                at=self._clock.now(),
            ),
            hostname=self._url.hostname,
            port=self._url.port or _PORTS[self._url.scheme],
            username=None if self._url.username is None else unquote(self._url.username),
            password=password,
            local_hostname=domain_of(self._sender),  # not asked of a name server
            use_tls=encrypted,
            # A password goes over an encrypted connection or not at all.
            start_tls=None if encrypted or password is None else True,
            tls_context=self._tls,
            timeout=_ANSWER_S,
        )


class WebhookCaller:
    """Calls webhooks' receivers through the guarded client, signed."""

    def __init__(self, client: GuardedClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def send(self, call: Call) -> Outcome:
        """Makes one call; every answer but 2xx is a failure, a redirect too."""
        timestamp = int(self._clock.now().timestamp())
        headers = signing.signed_headers(call.secrets, str(call.delivery_id), timestamp, call.body)
        try:
            answer = await self._client.request(
                "POST", call.url, headers={"content-type": CONTENT_TYPE, **headers}, content=call.body
            )
        except OutboundRefused as refused:
            return Outcome(Result.REFUSED, str(refused))
        except OutboundFailed as failure:
            return Outcome(Result.FAILED, str(failure))
        if answer.succeeded:
            return Outcome(Result.ACCEPTED)
        return Outcome(
            Result.GONE if answer.status == _GONE else Result.FAILED, f"It answered {answer.status}."
        )


def _refusal(refused: aiosmtplib.SMTPResponseException) -> Outcome:
    result = Result.REFUSED if refused.code >= _PERMANENT else Result.FAILED
    return Outcome(result, f"{refused.code} {' '.join(refused.message.split())}"[:500])


def _in_words(failure: Exception) -> str:
    if isinstance(failure, aiosmtplib.SMTPResponseException):
        return f"{failure.code} {' '.join(failure.message.split())}"[:500]
    return f"{type(failure).__name__}: {failure}"[:500]

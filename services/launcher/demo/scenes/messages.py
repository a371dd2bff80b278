"""Who was told what: the messages by event and channel, and what has arrived where they were sent."""

from collections import Counter
from typing import Any

from rich.console import Console

from services.launcher.demo.messages import EVENTS, Post
from services.launcher.demo.scenes.page import plain, say, show

_CHANNELS = ("in-app", "email", "webhook")
_ARRIVED = frozenset({"delivered", "read"})


def told(console: Console, made: Any) -> None:
    """How often each event was told, on each channel."""
    arrived = Counter((each["event_type"], each["channel"]) for each in made if each["state"] in _ARRIVED)
    table = plain("event", "in-app", "e-mail", "webhook", right=(1, 2, 3))
    for event in EVENTS:
        table.add_row(
            event.removesuffix(".v1"), *(str(arrived[event, channel] or "-") for channel in _CHANNELS)
        )
    show(console, table)


def received(console: Console, post: Post, secret: str) -> None:
    """What came at the demo's own mail server and webhook receiver.

    Raises:
        BadSignature: a call was signed by somebody else.
    """
    if post.mail.messages:
        last = post.mail.messages[-1]
        say(
            console,
            f"the mail server has {len(post.mail.messages)} e-mails, the last to {last['To']}: "
            f"[bold]{last['Subject']}[/]",
        )
    for call in post.hooks.calls:
        call.verify(secret)
    say(console, f"the webhook receiver has {len(post.hooks.calls)} calls, each with a valid signature")

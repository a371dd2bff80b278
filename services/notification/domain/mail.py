"""E-mails: a message as RFC 5322 text, plain, with the delivery's id in two places."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from services.notification.domain.sending import Letter
from services.notification.domain.unsubscribing import Links

# No header is broken up to what a line may have: Python breaks long links into words that nobody reads.
_POLICY = SMTP.clone(max_line_length=998)

DELIVERY_ID = "X-ValueVerse-Delivery"


def composed(letter: Letter, *, sender: str, public_url: str, links: Links, at: datetime) -> EmailMessage:
    """The e-mail of a letter. `sender` is an address with or without a name; `public_url` is where people
    reach the platform; `links` make the one that a mail program unsubscribes by (RFC 8058).

    The Message-ID is the delivery's, so that a letter that comes again can be told from a new one.
    """
    name, address = parseaddr(sender)
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(" ".join(letter.name.split()), addr_spec=letter.address)
    message["Subject"] = letter.title
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{letter.delivery_id}@{domain_of(sender)}>"
    message[DELIVERY_ID] = str(letter.delivery_id)
    message["Auto-Submitted"] = "auto-generated"
    link_id = links.id_of(letter.unsubscription)
    message["List-Unsubscribe"] = f"<{public_url}/api/v1/notification/hooks/{link_id}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(
        f"{letter.body}\n\n{public_url}{letter.link}\n\n"
        f"-- \nYou choose what comes by e-mail: {public_url}/api/v1/notification/preferences\n"
    )
    return message


def domain_of(sender: str) -> str:
    """The domain of a sender's address."""
    return parseaddr(sender)[1].rpartition("@")[2]

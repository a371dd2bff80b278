"""E-mails as text: whatever people are called, they go to one address and say what they are."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notification.api.recipients import EMAIL
from services.notification.domain.mail import composed
from services.notification.domain.sending import Letter
from services.notification.domain.unsubscribing import Links, Unsubscription

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ID = UUID("0195c0de-0000-7000-8000-000000000001")
LINKS = Links("a secret of the tests")
WANTED = Unsubscription(ID, ID, "executor.milestone.accepted.v1")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)


def read(letter: Letter) -> EmailMessage:
    """A letter's e-mail after it went over the wire."""
    made = composed(
        letter,
        sender="ValueVerse <notes@vendor.example>",
        public_url="https://value.example",
        links=LINKS,
        at=AT,
    )
    return email.message_from_bytes(made.as_bytes(), policy=email.policy.default)


def test_an_e_mail_says_what_it_is() -> None:
    mail = read(
        Letter(ID, WANTED, "Zo\u00eb", "zoe@vendor.example", "Fr\u00fcher fertig", "It is done.", "/api/v1/x")
    )
    assert {name: mail[name] for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "From": "ValueVerse <notes@vendor.example>",
        "To": "Zo\u00eb <zoe@vendor.example>",
        "Subject": "Fr\u00fcher fertig",
        "Message-ID": f"<{ID}@vendor.example>",
        "Auto-Submitted": "auto-generated",
    }
    assert mail["Date"].datetime == AT
    assert mail["X-ValueVerse-Delivery"] == str(ID)
    assert mail.get_content_type() == "text/plain"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = f"https://value.example/api/v1/notification/hooks/{LINKS.id_of(WANTED)}"
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail.get_content().splitlines()[:3] == ["It is done.", "", "https://value.example/api/v1/x"]


@settings(max_examples=30)
@given(st.from_regex(EMAIL, fullmatch=True).filter(lambda address: len(address) <= 254), TEXT, TEXT)
def test_it_goes_to_the_one_address(address: str, name: str, title: str) -> None:
    mail = read(Letter(ID, WANTED, name, address.strip(), title, "B", "/api/v1/x"))
    [to] = mail["To"].addresses
    assert to.addr_spec == address.strip()
    assert set(mail.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "X-ValueVerse-Delivery",
        "Auto-Submitted",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }

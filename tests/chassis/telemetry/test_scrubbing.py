import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.telemetry.scrubbing import REDACTED, is_secret, scrub, scrub_query, scrub_text

SECRET = "hunter2-hunter2"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "password", "PGPASSWORD", "jwt_secret", "access_token", "token", "x-api-key"),
        *("Set-Cookie", "webhook-signature", "credentials", "private_key", "INTERNAL_JWT_SECRET"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)
    assert scrub({name: SECRET}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["tenant", "tokens_used", "keyboard", "path", "idempotency_key", 7])
def test_names_of_what_may_be_told(name: object) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://owner:{SECRET}@localhost/db",
        f"cannot connect to amqp://user:{SECRET}@broker:5672/, trying again",
        f"redis://:{SECRET}@cache",
        f"https://ada:p@{SECRET}@example.net/",
        f"Authorization: Bearer {SECRET}",
        f"basic {SECRET}",
        f"the token {JWT} is not valid",
        f"signed with whsec_{SECRET}+/==",
    ],
)
def test_secrets_are_known_by_their_form(text: str) -> None:
    scrubbed = scrub_text(text)
    assert REDACTED in scrubbed
    assert SECRET not in scrubbed
    assert JWT not in scrubbed


@pytest.mark.parametrize(
    "text", ["http://localhost:8000/path@2", "the bearer of bad news", "a@b.example", ""]
)
def test_the_rest_is_left_alone(text: str) -> None:
    assert scrub_text(text) == text


def test_all_depths_are_searched() -> None:
    held = {"outer": [{"password": SECRET}, ("x", f"Bearer {SECRET}")], "n": 1}
    assert scrub(held) == {"outer": [{"password": REDACTED}, ["x", f"Bearer {REDACTED}"]], "n": 1}


def test_a_query_keeps_its_names_and_loses_its_values() -> None:
    assert scrub_query(f"limit=5&cursor={SECRET}&flag") == f"limit={REDACTED}&cursor={REDACTED}&flag"


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_like)
def test_scrubbing_twice_changes_nothing_more(value: object) -> None:
    assert scrub(scrub(value)) == scrub(value)

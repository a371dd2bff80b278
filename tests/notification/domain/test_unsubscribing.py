"""Links that unsubscribe: read as they were made, and by nobody else's making."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.preferences import DEFAULTS
from services.notification.domain.unsubscribing import BadLink, Links, Unsubscription

LINKS = Links("a secret of the tests")
WANTED = st.builds(Unsubscription, st.uuids(), st.uuids(), st.sampled_from([*DEFAULTS]))


@given(WANTED)
def test_a_link_is_read_as_it_was_made(wanted: Unsubscription) -> None:
    assert LINKS.read(LINKS.id_of(wanted)) == wanted


@given(WANTED, st.data())
def test_one_letter_changed_and_it_is_nobody_s(wanted: Unsubscription, data: st.DataObject) -> None:
    made = LINKS.id_of(wanted)
    place = data.draw(st.integers(0, len(made) - 2))  # the last one may hold bits that count for nothing
    other = data.draw(st.sampled_from("abcXYZ019-_").filter(lambda letter: letter != made[place]))
    with pytest.raises(BadLink):
        LINKS.read(made[:place] + other + made[place + 1 :])


@given(st.text(max_size=200))
def test_what_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(BadLink):
        LINKS.read(text)


@given(WANTED)
def test_another_secret_s_link_is_refused(wanted: Unsubscription) -> None:
    with pytest.raises(BadLink):
        LINKS.read(Links("another secret").id_of(wanted))

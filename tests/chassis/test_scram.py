"""Passwords as verifiers."""

import pytest

from services.chassis import scram


def test_a_verifier_says_nothing_of_its_password_and_is_salted() -> None:
    first, second = scram.verifier("correct horse"), scram.verifier("correct horse")
    assert first != second
    assert first.startswith("SCRAM-SHA-256$4096:")
    assert "horse" not in first


def test_what_servers_and_drivers_prepare_differently_is_refused() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        scram.verifier("pässword")

"""The platform's secrets: made once, kept closed, never shown."""

import stat
from pathlib import Path

from services.launcher import secrets_file


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = secrets_file.load_or_generate(tmp_path, ["architect"])
    again = secrets_file.load_or_generate(tmp_path, ["architect"])
    assert first == again
    assert len(first.jwt_secret) >= 32
    assert first.jwt_secret != first.internal_jwt_secret


def test_a_new_service_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = secrets_file.load_or_generate(tmp_path, ["architect"])
    after = secrets_file.load_or_generate(tmp_path, ["architect", "price_book"])
    assert after.password_of("architect") == before.password_of("architect")
    assert after.password_of("price_book") != after.password_of("architect")


def test_nobody_else_reads_the_file_and_nothing_shows_it(tmp_path: Path) -> None:
    made = secrets_file.load_or_generate(tmp_path, ["architect"])
    mode = stat.S_IMODE((tmp_path / secrets_file.NAME).stat().st_mode)
    assert mode == 0o600
    assert made.jwt_secret not in repr(made)


def test_without_a_first_start_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert secrets_file.read(tmp_path) is None

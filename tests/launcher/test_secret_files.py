"""A secret may stand in a file that the environment names."""

from pathlib import Path

import pytest

from services.launcher.errors import CannotStart
from services.launcher.secret_files import read_secret_files


def test_the_file_stands_for_the_variable(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of a file\n")
    environment = {
        "JWT_SECRET_FILE": str(tmp_path / "secret"),
        "ARCHITECT_DATABASE_URL_FILE": str(tmp_path / "secret"),
        "ARCHITECT_DATABASE_URL": "",
        "SSL_CERT_FILE": "/no/secret/of/ours",
    }
    read_secret_files(environment)
    assert environment["JWT_SECRET"] == "of a file"
    assert environment["ARCHITECT_DATABASE_URL"] == "of a file"
    assert "SSL_CERT" not in environment


def test_a_secret_by_value_and_by_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="Both JWT_SECRET and JWT_SECRET_FILE"):
        read_secret_files({"JWT_SECRET": "x", "JWT_SECRET_FILE": str(tmp_path)})


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"REDIS_URL_FILE: .*/none cannot be read \(No such file"):
        read_secret_files({"REDIS_URL_FILE": str(tmp_path / "none")})

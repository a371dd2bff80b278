"""The kernel's lock on a file: exclusive, inherited, gone with its last holder."""

import subprocess
from pathlib import Path

import pytest

from services.launcher.locks import FileLock, LockTimeout


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path).acquire(timeout=0), pytest.raises(LockTimeout, match="held by another"):
        FileLock(path).acquire(timeout=0.05)
    FileLock(path).acquire(timeout=0).release()


def test_a_child_that_inherited_the_lock_holds_it_after_its_parent_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock(path).acquire(timeout=0) as lock:
        heir = subprocess.Popen(["sleep", "300"], pass_fds=[lock.fileno()])
    try:
        with pytest.raises(LockTimeout):
            FileLock(path).acquire(timeout=0)
    finally:
        heir.kill()
        heir.wait()
    FileLock(path).acquire(timeout=10).release()


def test_a_released_lock_has_no_file(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock").acquire(timeout=0)
    lock.release()
    lock.release()
    with pytest.raises(ValueError, match="not held"):
        lock.fileno()

"""Files are replaced whole, and folders locked among processes."""

import errno
import os
import stat
import sys
import threading

import pytest

from verified_docs.base import files
from verified_docs.base.errors import DocsError

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and locks of POSIX")


@posix
def test_a_file_and_its_folders_are_made(tmp_path):
    files.replace(tmp_path / "a" / "b.txt", "ä\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "ä\n".encode()
    assert stat.S_IMODE((tmp_path / "a" / "b.txt").stat().st_mode) == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("old")

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(
        DocsError, match=r"a.txt: cannot be written \(No space left on device\): make room on the disk"
    ):
        files.replace(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


@posix
def test_a_locked_folder_lets_nobody_else_in(tmp_path):
    entered = threading.Event()

    def enter():
        with files.locked(tmp_path, shared=True):
            entered.set()

    with files.locked(tmp_path):
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.1)
    assert entered.wait(5)
    other.join()


def test_readers_share_the_lock(tmp_path):
    with files.locked(tmp_path, shared=True), files.locked(tmp_path, shared=True):
        pass

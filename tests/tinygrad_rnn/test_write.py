"""A file is written whole or not at all, and stays what it was in all but its content."""

import os
import stat

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.write import write_whole

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and pipes are of POSIX systems")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@posix
def test_a_new_file_has_what_the_mask_allows_and_an_old_one_keeps_its_mode(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", b"1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o600)
    write_whole(tmp_path / "new", b"2")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert (tmp_path / "new").read_bytes() == b"2"


@posix
def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    for content in (b"1", b"2"):  # also where it leads to nothing yet
        write_whole(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "there" / "file").read_bytes() == content
    assert names(tmp_path / "there") == ["file"]


@posix
def test_a_pipe_is_refused_and_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a device or a pipe, not a file"):
        tr.save(tmp_path / "pipe", {"w": np.ones(2)})
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert names(tmp_path) == ["pipe"]


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="a folder has that name"):
        write_whole(tmp_path / "folder", b"")
    with pytest.raises(OSError, match="there is no such folder"):
        write_whole(tmp_path / "none" / "file", b"")
    assert names(tmp_path) == ["folder"]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    path = tmp_path / ("n" * 255)
    write_whole(path, b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupt_leaves_the_old_file_and_nothing_else(error, tmp_path, monkeypatch):
    write_whole(tmp_path / "file", b"old")

    def interrupted(*_):
        raise error

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(error):
        write_whole(tmp_path / "file", b"new")
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]

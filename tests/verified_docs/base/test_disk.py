"""A disk that is full, or that may not be written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from toy_project import Project

from verified_docs.base import files
from verified_docs.base.errors import DocsError
from verified_docs.records import record
from verified_docs.records.record import Record

# Of pytest's own process; the programs have another.
FULL = """
    import errno, os

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    os.replace = full
"""


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file gets larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("options", [(), ("-n", "2", "-p", "xdist")], ids=["alone", "two workers"])
def test_a_cache_that_cannot_be_written_is_no_failure_and_said_once(
    project: Project, options: tuple[str, ...]
):
    project.record(project.snippet("a", "print(1)"), project.snippet("b", "print(1)"))
    project.write(".verified_docs", "a file")
    for _ in range(2):
        run = project.pytest("snippets", *options)
        assert run.code == 0, run.output
        assert run.outcomes == {"a": "as recorded", "b": "as recorded"}
        assert run.output.count("programs will run again, since no pass could be noted") == 1
        assert "/.verified_docs/passes/" in run.output
        assert "cannot be written (" in run.output


def test_a_cache_that_can_be_written_is_not_spoken_of(project: Project):
    project.record(project.snippet("a", "print(1)"))
    assert "will run again" not in project.pytest("snippets").output


def test_a_disk_that_is_full_while_recording_is_said_with_the_file(project: Project):
    project.record(project.snippet("a", "print(1)"))
    before = project.records()
    project.snippet("a", "print(2)")
    project.write("conftest.py", FULL)
    run = project.pytest("snippets", "--record")
    assert run.outcomes == {"a": "failed"}
    assert (
        "snippets/results/a.txt: cannot be written (No space left on device): make room on the disk"
        in run.output
    )
    assert "Traceback" not in run.output
    assert project.records() == before


@pytest.mark.parametrize("large", ["text", "figure", "values"])
def test_a_disk_that_is_full_in_the_middle_leaves_the_record_whole(project: Project, large: str):
    snippet = project.snippet("a", "")
    held = Record("abc", "1\n", "<svg/>\n", values={"x": [1]})
    record.save(snippet, held)
    before = project.records()
    content = {"text": "x" * 5000, "figure": "x" * 5000, "values": {"x": ["x" * 200] * 25}}[large]
    changed = Record(
        **{**vars(held), "text": "2\n", "figure": "<g/>\n", "values": {"x": [2]}, large: content}
    )
    with (
        room_for(4000),
        pytest.raises(DocsError, match=r"cannot be written \(File too large\): make room on the disk"),
    ):
        record.save(snippet, changed)
    assert project.records() == before
    record.save(snippet, changed)
    assert record.load(snippet) == changed


def test_another_error_asks_for_a_folder_that_can_be_written(tmp_path):
    (tmp_path / "a").write_text("a file")
    for write in (
        lambda: files.replace(tmp_path / "a/b.txt", "x"),
        lambda: files.make_folder(tmp_path / "a/b.txt"),
    ):
        with pytest.raises(
            DocsError, match=r"/a/b.txt: cannot be written \(.*see that .*/a is a folder that can"
        ):
            write()


@pytest.mark.parametrize("command", ["generate", "build"])
def test_a_command_that_cannot_write_its_folder_says_so(project: Project, command: str):
    project.write(".verified_docs", "a file")
    run = project.python("verified_docs", command)
    assert run.code == 1
    assert run.output.startswith(f"error: {project.root}/.verified_docs: cannot be written (File exists)")

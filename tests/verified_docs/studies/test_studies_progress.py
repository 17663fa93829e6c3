"""The bar says how far a study is and how long it still takes."""

import io

import pytest

from verified_docs.base.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_time_left_is_guessed_first_then_measured():
    progress = Progress("toy", total=10, seconds=60, workers=2, stream=io.StringIO())
    assert progress.left == 300
    progress.add(4.0)
    progress.add(2.0)
    assert progress.left == 8 * 3 / 2


def test_more_workers_than_runs_are_no_help():
    assert Progress("toy", total=2, seconds=60, workers=8, stream=io.StringIO()).left == 60


def test_a_terminal_has_one_line():
    stream = Terminal()
    progress = Progress("toy", total=2, seconds=90, workers=1, stream=stream)
    progress.add(1.0)
    progress.close()
    assert "0/2 runs, 3:00 left" in stream.getvalue()
    assert stream.getvalue().endswith(f"{'█' * 12}{'░' * 12} 1/2 runs, 0:01 left\033[K\n")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("total", [1, 500])
def test_a_log_has_a_line_at_the_start_and_one_at_the_end(total: int):
    stream = io.StringIO()
    progress = Progress("toy", total=total, seconds=1, workers=1, stream=stream)
    for _ in range(total):
        progress.add(0.01)
    progress.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[-1].endswith(f"{total}/{total} runs, 0:00 left")

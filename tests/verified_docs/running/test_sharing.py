"""Workers share one import, which is made only if one of them has something to run."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest
from toy_project import Project, appears, dies, lives

from verified_docs.running.runner import Runner, SnippetFailed
from verified_docs.running.sharing import SharedServer, can_share

pytestmark = pytest.mark.skipif(
    not can_share(), reason="servers are forked and reached by a socket on Linux only"
)
XDIST = ("-p", "xdist", "-n", "2")


@pytest.fixture
def noted(project: Project) -> Project:
    """Whenever its modules are imported, the file `started` gets longer."""
    project.configure('preload = ["preloaded"]')
    project.write("preloaded.py", "with open('started', 'a') as file:\n    file.write('x')\n")
    return project


def started(project: Project) -> int:
    file = project.root / "started"
    return len(file.read_text()) if file.exists() else 0


@pytest.fixture
def shared(noted: Project) -> Iterator[SharedServer]:
    server = SharedServer(noted.config, at_once=False)
    yield server
    server.close()


def test_two_workers_import_once(noted: Project):
    for name in ("a", "b", "c", "d"):
        noted.snippet(name, "import time\ntime.sleep(0.2)")
    run = noted.pytest("snippets", "--record", *XDIST)
    assert run.outcomes == dict.fromkeys("abcd", "recorded"), run.output
    assert started(noted) == 1


def test_workers_share_where_the_temporary_folder_has_a_long_name(noted: Project):
    temporary = noted.root / "long" / ("a" * 100)
    temporary.mkdir(parents=True)
    noted.snippet("a", "print(1)")
    noted.snippet("b", "print(1)")
    run = noted.pytest("snippets", "--record", *XDIST, TMPDIR=str(temporary))
    assert run.outcomes == dict.fromkeys("ab", "recorded"), run.output
    assert started(noted) == 1


def test_workers_with_nothing_to_run_import_nothing(noted: Project):
    noted.snippet("a", "print(1)")
    assert noted.pytest("snippets", "--record", *XDIST).code == 0
    (noted.root / "started").unlink()
    assert noted.pytest("snippets", *XDIST).outcomes == {"a": "unchanged"}
    assert started(noted) == 0


def test_two_clients_run_beside_each_other_and_fail_apart(noted: Project, shared: SharedServer):
    waits = noted.snippet("waits", "import time\ntime.sleep(0.5)\nprint('done')")
    kills = noted.snippet(
        "kills", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nprint('too late')"
    )
    first, second = (Runner(noted.config, shared=shared.address) for _ in range(2))
    texts: list[str] = []
    thread = threading.Thread(target=lambda: texts.append(first.run(waits).text))
    try:
        thread.start()
        with pytest.raises(SnippetFailed, match="the server that runs snippets ended"):
            second.run(kills)  # a program that ends its own server
        thread.join(timeout=10)
        assert texts == ["done\n"]
        assert second.run(noted.snippet("after", "print('again')")).text == "again\n"
    finally:
        first.close()
        second.close()
    assert started(noted) == 1


def test_a_runner_whose_shared_server_is_gone_starts_its_own(noted: Project):
    server = SharedServer(noted.config, at_once=False)
    server.close()
    runner = Runner(noted.config, shared=server.address)
    try:
        assert runner.run(noted.snippet("a", "print(1)")).text == "1\n"
    finally:
        runner.close()


def test_a_program_ends_with_its_client(noted: Project, shared: SharedServer):
    runner = Runner(noted.config, shared=shared.address)
    pid_file = noted.root / "pid"
    write = f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))"
    endless = noted.snippet("endless", f"import os, time\n{write}\ntime.sleep(60)")

    class Interrupted(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise Interrupted

    def when_it_runs() -> None:
        appears(pid_file)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, interrupt)
    threading.Thread(target=when_it_runs).start()
    try:
        with pytest.raises(Interrupted):
            runner.run(endless)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert dies(int(pid_file.read_text()))


def test_closing_does_not_wait_for_an_import_that_nobody_needs(noted: Project):
    noted.write("preloaded.py", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    server = SharedServer(noted.config, at_once=True)
    pid = int(appears(noted.root / "pid"))
    server.close()
    assert not lives(pid)
    assert not os.path.exists(server.address)


def test_it_ends_with_its_owner(noted: Project):
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom verified_docs.base.config import find\n"
        "from verified_docs.running.sharing import SharedServer\n"
        "server = SharedServer(find(Path('.')), at_once=True)\nprint(server._process.pid, flush=True)\nos._exit(1)\n"
    )
    noted.write("owner.py", program)
    run = noted.python("owner")
    assert dies(int(run.output))

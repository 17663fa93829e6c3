"""In the disguise of a system without fork, signals, memory limit and /proc (see `base/system.py`): what is left.

On macOS and Windows these tests run without a disguise to speak of: there it is what they have.
"""

import re
import shutil
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_project import REPOSITORY, Project, appears, dies

from verified_docs.base.errors import DocsError
from verified_docs.running.runner import Runner, SnippetFailed
from verified_docs.running.trial import Trial

SETTINGS = """
    [endless]
    seconds = 3
"""

# name: (the program from line 2 on, what is said)
REFUSED = {
    "endless": ("while True:\n    pass", r"endless.py: still running after 3 s, its time limit \(`seconds`"),
    "prints_100_mb": (
        "for _ in range(100):\n    print('x' * 10**6)",
        r"prints_100_mb.py: printed more than 1,000,000 bytes",
    ),
    "connects": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80))",
        r"connects.py:3: a snippet runs without network, and this one called socket.getaddrinfo\('192.0.2.1'\)",
    ),
    "downloads_and_says_nothing": (
        "from urllib.request import urlopen\ntry:\n    urlopen('http://example.org')\nexcept OSError:\n    pass",
        r"downloads_and_says_nothing.py:4: .*without network.*'example.org'",
    ),
    "claims": (
        "loss = 0.5\nassert loss < 0.25, 'high'",
        r"claims.py:3: does not hold: loss < 0.25 \(high\)\n  where loss = 0.5$",
    ),
    "raises": ("x = 1\nraise ValueError('too bad')", r"raises.py:3: ValueError: too bad$"),
    "leaves_at_once": ("import os\nos._exit(3)", r"leaves_at_once.py:3: ended with exit code 3 by its own os._exit\(3\)"),
    "warns": ("import warnings\nwarnings.warn('old')", r"warns.py: writes to stderr, .*\n.*warns.py:3: UserWarning"),
    "prints_bytes": (
        "import sys\nsys.stdout.buffer.write(b'\\xff')",
        r"prints_bytes.py: prints what is not UTF-8: byte 0xff in line 1",
    ),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def plain() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERIFIED_DOCS_PLAIN", "1")
        yield


@pytest.fixture(scope="module")
def disguised(plain: None, shared_project: Project) -> Iterator[Runner]:
    shared_project.write("snippets/settings.toml", SETTINGS)
    made = Runner(shared_project.config)
    yield made
    made.close()


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(shared_project: Project, disguised: Runner, name: str):
    code, message = REFUSED[name]
    with pytest.raises(DocsError, match=f"^snippets/{message}"):
        disguised.run(shared_project.snippet(name, code))


def test_after_all_that_the_next_program_runs(shared_project: Project, disguised: Runner):
    results = disguised.run(shared_project.snippet("fine", "import sys\nprint('fine', sys.argv, 'ä')\nx = 1"))
    assert results.text == f"fine {[str(shared_project.root / 'snippets' / 'fine.py')]} ä\n"
    assert results.values == {"x": 1}


def test_no_program_is_forked_and_none_has_a_limit_of_memory(shared_project: Project, disguised: Runner):
    code = """
        import sys
        forked = "matplotlib.pyplot" in sys.modules  # preloaded, and this program does not import it
        try:
            import resource
            limited = resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY
        except ImportError:
            limited = False
    """
    values = disguised.run(shared_project.snippet("looks", code)).values
    assert values == {"forked": False, "limited": False}


def test_a_program_ends_with_its_client(shared_project: Project):
    pid_file = shared_project.root / "pid"
    write = f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))"
    shared_project.snippet("waits", f"import os, time\n{write}\ntime.sleep(90)")
    client = (
        "import os, threading, time\nfrom pathlib import Path\nfrom verified_docs.base.config import find\n"
        "from verified_docs.running.runner import Runner\nfrom verified_docs.programs.snippet import Snippet\n"
        "config = find(Path.cwd())\n"
        "snippet = Snippet(config.snippets / 'waits.py', config)\n"
        "threading.Thread(target=Runner(config).run, args=(snippet,), daemon=True).start()\n"
        f"while not Path({str(pid_file)!r}).is_file(): time.sleep(0.01)\nos._exit(0)\n"  # killed, as it were
    )
    shared_project.write("client.py", client)
    assert shared_project.python("client", VERIFIED_DOCS_PLAIN="1").code == 0
    assert dies(int(appears(pid_file)), within=20)  # its own limit is 60 s


def test_closing_a_runner_does_not_wait_for_its_limit(shared_project: Project):
    runner = Runner(shared_project.config)
    runner.run(shared_project.snippet("quick", "print(1)"))
    started = time.monotonic()
    runner.close()
    assert time.monotonic() - started < 4


def test_a_program_may_be_longer_than_a_command_line(project: Project):
    """Windows takes 32,767 characters, Linux 131,072 in one argument; the ledger hands on the program's text."""
    long = project.snippet("long", f"text = {'x' * 200_000!r}\nassert len(text) == 200_000\nassert not text")
    runner = Runner(project.config)
    try:
        assert runner.attempt(Trial(long), seconds=30).held == [True, False]
    finally:
        runner.close()


def test_what_is_preloaded_is_imported_once_before_the_first_program(project: Project):
    """So its caches, of bytecode and of fonts, are filled in nobody's time, with the home where they stay."""
    project.configure('preload = ["preloaded"]')
    project.write(
        "preloaded.py", "import os\nfrom pathlib import Path\nPath('home').write_text(str(Path.home()))\n"
    )
    runner = Runner(project.config)
    try:
        runner.run(project.snippet("a", "import preloaded"))
    finally:
        runner.close()
    assert (project.root / "home").read_text() == str(Path.home())


def test_what_the_preloaded_modules_take_is_not_counted_against_its_limit(project: Project):
    """Where programs are forked, it costs them nothing."""
    project.configure('preload = ["preloaded"]')
    project.write("preloaded.py", "import time\ntime.sleep(4)\n")
    project.write("snippets/settings.toml", "[a]\nseconds = 3\n")
    runner = Runner(project.config)
    try:
        assert runner.run(project.snippet("a", "import preloaded\nprint(1)")).text == "1\n"
    finally:
        runner.close()


def test_a_preloaded_module_that_does_not_import_is_said(project: Project, capfd: pytest.CaptureFixture[str]):
    project.configure('preload = ["no_such_module"]')
    runner = Runner(project.config)
    with pytest.raises(SnippetFailed, match="does not import"):
        runner.run(project.snippet("a", ""))
    assert "No module named 'no_such_module'" in capfd.readouterr().err


def test_two_workers_run_beside_each_other_without_a_shared_server(project: Project):
    for name in ("a", "b", "c"):
        project.snippet(name, f"print({name!r})")
    options = ("-p", "xdist", "-n", "2")
    run = project.pytest("snippets", "--record", *options, VERIFIED_DOCS_PLAIN="1")
    assert run.outcomes == dict.fromkeys("abc", "recorded"), run.output
    run = project.pytest("snippets", "--all", *options, VERIFIED_DOCS_PLAIN="1")
    assert run.outcomes == dict.fromkeys("abc", "as recorded"), run.output


# Of this site: a table of numbers, one that needs data and draws; and a figure that is the same to the byte.
PROGRAMS = ("gradients/activations/formulas", "index/vanishing_gradients")
DRAWN = "gradients/index/saturation"
SPOILT = "optimizers/momentum/two_forms"
# All of this site's settings are in force; each program imports torch for itself.
OF_THIS_SITE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "", "VERIFIED_DOCS_PLAIN": "1"}


@pytest.fixture
def copied(tmp_path: Path) -> Project:
    """Some programs of this site with their records and settings, in a project of their own."""
    for name in ("pyproject.toml", "arithmetic.py", "snippets/matplotlibrc", "snippets/kinds.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    settings = (REPOSITORY / "snippets/settings.toml").read_text(encoding="utf-8")
    for name in (*PROGRAMS, DRAWN, SPOILT):
        path = REPOSITORY / "snippets" / f"{name}.py"
        results = tmp_path / "snippets" / Path(name).parent / "results"
        results.mkdir(parents=True)
        shutil.copy(path, results.parent)
        for kept in path.parent.glob(f"results/{path.stem}.*"):
            shutil.copy(kept, results)
    kept = [
        part
        for part in re.split(r"^(?=\[)", settings, flags=re.MULTILINE)
        if _named(part) in (*PROGRAMS, DRAWN)
    ]
    (tmp_path / "snippets/settings.toml").write_text("".join(kept), encoding="utf-8")
    return Project(tmp_path)


def _named(part: str) -> str:
    return next(iter(tomllib.loads(part)), "")


def test_programs_of_this_site_give_what_is_recorded_and_a_claim_that_fails_is_told(copied: Project):
    spoilt = copied.root / "snippets" / f"{SPOILT}.py"
    program = spoilt.read_text(encoding="utf-8")
    spoilt.write_text(f"{program}\nanswer = 41\nassert answer == 42\n", encoding="utf-8", newline="\n")
    programs = [f"snippets/{name}.py" for name in (*PROGRAMS, SPOILT)]
    run = copied.pytest(*programs, "--all", timeout=600, **OF_THIS_SITE)
    failed = [name for name, outcome in run.outcomes.items() if outcome == "failed"]
    assert failed == [SPOILT], run.output
    assert run.outcomes.keys() == {*PROGRAMS, SPOILT}
    line = len(program.splitlines()) + 3
    assert f"snippets/{SPOILT}.py:{line}: does not hold: answer == 42\n  where answer = 41" in run.output


def test_a_program_of_this_site_prints_and_draws_the_same_byte_for_byte(copied: Project):
    records = [copied.root / f"snippets/gradients/index/results/saturation.{kind}" for kind in ("svg", "txt")]
    before = [record.read_bytes() for record in records]
    for record in (*records, records[0].with_suffix(".json")):
        record.unlink()
    run = copied.pytest(f"snippets/{DRAWN}.py", "--record", timeout=600, **OF_THIS_SITE)
    assert run.outcomes == {DRAWN: "recorded"}, run.output
    assert [record.read_bytes() for record in records] == before

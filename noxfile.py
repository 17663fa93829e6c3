"""The project's commands: `nox -l` lists them. They share one environment, made once (1.8 GB, a minute).

Only `readers` makes another one, each time anew: what a reader's environment lacks must not be left from the last time.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.sessions = ["docs"]
nox.options.default_venv_backend = "none"  # one shared environment, see environment()

ROOT = Path(__file__).parent
PINS = ["-c", str(ROOT / "constraints.txt")]
TESTED = ["lightning_modules", "verified_docs", "mutants", "clinic", "tests"]
WORKERS = ["-n", str(os.cpu_count() or 1), "--maxschedchunk", "1"]


def environment(session: nox.Session) -> str:
    """Make the environment that every session uses, or make it again where its requirements changed; its Python."""
    newest = "--newest" in session.posargs
    if newest:
        session.posargs.remove("--newest")
    folder = ROOT / ".nox" / ("newest" if newest else "env")
    python = python_of(folder)
    pins = [] if newest else PINS
    wanted = [ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in wanted)).hexdigest()
    made_from = folder / "made_from"
    # The newest releases are others next week; what no longer is required goes with the old folder.
    if newest or not (made_from.is_file() and made_from.read_text() == stamp):
        session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(folder), external=True)
        session.run(python, "-m", "pip", "install", *pins, "-e", ".[docs,tests,cluster,keras]", external=True)
        made_from.write_text(stamp)
    return python


def readers_environment(session: nox.Session, python: str) -> str:
    """Make an environment like a reader's: the wheel, what the guide's programs import, Jupyter; its Python."""
    folder, wheels = ROOT / ".nox" / "readers", ROOT / ".nox" / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    session.run(
        python, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(wheels), str(ROOT), external=True
    )
    [wheel] = wheels.glob("*.whl")
    session.run(sys.executable, "-m", "virtualenv", "--quiet", "--clear", str(folder), external=True)
    # Of Jupyter what runs a notebook. Without ipywidgets, which it brings along, tqdm warns when Lightning is imported.
    wanted = [f"{wheel}[programs,keras]", "ipykernel", "ipywidgets", "nbclient"]
    session.run(python_of(folder), "-m", "pip", "install", *PINS, *wanted, external=True)
    return python_of(folder)


def python_of(folder: Path) -> str:
    return str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def run(session: nox.Session, python: str, *command: str, **env: str) -> None:
    # Material announces MkDocs 2 at every build; design and pins are settled. Windows' own encoding lacks most letters.
    fixed = {"NO_MKDOCS_2_WARNING": "1", **({"PYTHONUTF8": "1"} if sys.platform == "win32" else {})}
    session.run(python, "-m", *command, external=True, env={**fixed, **env})


@nox.session
def docs(session: nox.Session) -> None:
    """Verify every snippet and build site/; says how to open it."""
    python = environment(session)
    fetch_data(session, python)
    run(session, python, "pytest", "snippets", "-q", *WORKERS, *session.posargs)
    run(session, python, "verified_docs", "build")


@nox.session
def tests(session: nox.Session) -> None:
    """Lint, run every snippet, build the site strictly, run the tests, the browser's among them."""
    python = environment(session)
    fetch_data(session, python)
    check(session, python)
    run(session, python, "pytest", "snippets", "--all", "-q", *WORKERS)
    run(session, python, "verified_docs", "build")
    run_tests(session, python, *TESTED, *session.posargs)


@nox.session
def suite(session: nox.Session) -> None:
    """Run the tests alone, of what is named: `nox -s suite -- tests/verified_docs`."""
    python = environment(session)
    fetch_data(session, python)
    run_tests(session, python, *(session.posargs or TESTED))


@nox.session
def serve(session: nox.Session) -> None:
    """Serve the site and follow every edit; an edited snippet runs again, alone."""
    python = environment(session)
    fetch_data(session, python)
    run(session, python, "verified_docs", "serve", *session.posargs)


@nox.session
def record(session: nox.Session) -> None:
    """Run snippets and accept their results: `nox -s record -- snippets/gradients`."""
    python = environment(session)
    fetch_data(session, python)
    run(session, python, "pytest", "--record", "-q", *WORKERS, *(session.posargs or ["snippets"]))


@nox.session
def studies(session: nox.Session) -> None:
    """Record studies, one after the other; stopped, it goes on where it was: `nox -s studies -- optimizers`."""
    python = environment(session)
    fetch_data(session, python)
    run(session, python, "verified_docs", "study", *session.posargs)


@nox.session
def robustness(session: nox.Session) -> None:
    """Hold every claim against other seeds and processors; goes on where it was: `nox -s robustness -- gradients`."""
    python = environment(session)
    fetch_data(session, python)
    run(session, python, "verified_docs", "robustness", *session.posargs)


@nox.session
def readers(session: nox.Session) -> None:
    """Copy every program from the site and run it, and every notebook, where only the wheel is: `-- -k momentum`."""
    python = environment(session)
    reader = readers_environment(session, python)
    fetch_data(session, reader)
    run(session, python, "verified_docs", "build")
    session.env["READERS_PYTHON"] = reader
    run(session, python, "pytest", "tests/site/readers", "-v", *WORKERS, *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure speed, each time against a named peer in the same run; prints a table."""
    python = environment(session)
    run(session, python, "benchmarks", *session.posargs)


@nox.session
def clinic(session: nox.Session) -> None:
    """Train healthy and faulty networks: how often is the doctor right? `nox -s clinic -- --part third`."""
    python = environment(session)
    run(session, python, "clinic", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Put 150 small faults into the library, one at a time: do the tests notice? `nox -s mutants -- --count 20`."""
    python = environment(session)
    run(session, python, "mutants", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and types, and the workflows: their form, and what in them is dangerous."""
    check(session, environment(session))


def check(session: nox.Session, python: str) -> None:
    run(session, python, "ruff", "check", ".")
    run(session, python, "ruff", "format", "--check", ".")
    run(session, python, "mypy")
    run(session, python, "codespell_lib")
    workflows = sorted(str(path) for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    run(session, python, "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    zizmor = str(Path(python).with_name("zizmor"))
    session.run(zizmor, "--offline", "--quiet", str(ROOT / ".github"), external=True)


def run_tests(session: nox.Session, python: str, *arguments: str) -> None:
    # There are as many workers as cores: with more threads they would wait for each other.
    run(session, python, "pytest", *arguments, "-q", "--durations=25", *WORKERS, OMP_NUM_THREADS="1")


def fetch_data(session: nox.Session, python: str) -> None:
    """Get Fashion-MNIST where it is not there yet; without it, what needs it is named as not verified."""
    # -P: the library that is installed there, not the one in this folder.
    session.run(python, "-P", "-m", "lightning_modules.data", external=True, success_codes=[0, 1])

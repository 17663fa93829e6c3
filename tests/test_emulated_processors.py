"""The fingerprint of the arithmetic, under processors of another maker as qemu-user has them.

What it computes there stands in snippets/kinds.json beside the kinds that records were made on. An emulated processor's
reciprocal estimates are exact, unlike any hardware's: so one of another maker is a kind of its own.

It takes a minute, most of it to import torch, and gives the same as long as what it is made from is the same. So on a
push it is computed where that has changed since a run with PROCESSORS=record; weekly, with PROCESSORS=all, always.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from verified_docs.base.config import find, in_ci
from verified_docs.records.kinds import named, registered

CONFIG = find(Path(__file__).parent)
QEMU = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
INTEL, AMD = "Haswell-v4", "EPYC-Rome"
HELD = Path(__file__).with_name("emulated_processors.txt")
PROCESSORS = os.environ.get("PROCESSORS")


def made_from(
    root: Path, env: Mapping[str, str], recorded: Mapping[str, str], versions: Mapping[str, str]
) -> str:
    """A digest of all that the digests are made from, and of themselves."""
    programs = [root / "arithmetic.py", root / "verified_docs/running/fingerprint.py", Path(__file__)]
    texts = [path.read_text(encoding="utf-8") for path in programs]
    settings = {name: value for name, value in env.items() if str(root) not in value}
    whole = json.dumps([texts, settings, dict(recorded), dict(versions)], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def made_now() -> str:
    recorded = registered(CONFIG)[f"{AMD}, emulated"].digests
    versions = {name: metadata.version(name).partition("+")[0] for name in ("numpy", "torch")}
    return made_from(CONFIG.root, CONFIG.env, recorded, versions)


@pytest.fixture
def qemu() -> str:
    if platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("the programs of this environment are for another instruction set than the one emulated")
    if QEMU is None:
        if in_ci():
            pytest.fail(
                "no qemu-x86_64 found: install it (Debian, Ubuntu: apt install qemu-user)", pytrace=False
            )
        pytest.skip("no qemu-x86_64 found: install it (Debian, Ubuntu: apt install qemu-user)")
    return QEMU


def fingerprint(qemu: str, processor: str) -> Mapping[str, str]:
    """What the project's fingerprint gives under an emulated processor, some forty seconds later."""
    assert CONFIG.fingerprint is not None
    # qemu starts the interpreter itself: of the virtual environment it learns by the path alone.
    path = os.pathsep.join([str(CONFIG.root), sysconfig.get_paths()["purelib"]])
    command = [qemu, "-cpu", processor, os.path.realpath(sys.executable)]
    done = subprocess.run(
        [*command, "-m", "verified_docs.running.fingerprint", CONFIG.fingerprint],
        env={**os.environ, **CONFIG.env, "PYTHONPATH": path},
        cwd=CONFIG.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    digests: dict[str, str] = json.loads(done.stdout.rpartition("\n")[2])["digests"]
    return digests


@pytest.mark.skipif(
    PROCESSORS is None and HELD.read_text(encoding="utf-8") == f"{made_now()}\n",
    reason="nothing that it is made from has changed",
)
def test_another_maker_s_processor_is_another_kind_with_the_digests_that_are_recorded(qemu: str):
    digests = fingerprint(qemu, AMD)
    recorded = registered(CONFIG)[f"{AMD}, emulated"]
    assert digests == recorded.digests
    assert named(CONFIG, digests).name == f"{AMD}, emulated"
    if PROCESSORS == "record":
        HELD.write_text(f"{made_now()}\n", encoding="utf-8", newline="\n")


def test_it_is_computed_again_where_anything_that_it_is_made_from_changes(tmp_path: Path):
    for name in ("arithmetic.py", "verified_docs/running/fingerprint.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    env, digests, versions = {"MKL_CBWR": "AVX2", "HERE": f"{tmp_path}/a"}, {"randn": "1"}, {"torch": "2.8"}
    found = [
        made_from(tmp_path, env, digests, versions),
        made_from(tmp_path, {**env, "MKL_CBWR": "AVX512"}, digests, versions),
        made_from(tmp_path, env, {"randn": "2"}, versions),
        made_from(tmp_path, env, digests, {"torch": "2.9"}),
    ]
    assert made_from(tmp_path, {**env, "HERE": f"{tmp_path}/b"}, digests, versions) == found[0]
    for name in ("arithmetic.py", "verified_docs/running/fingerprint.py"):
        (tmp_path / name).write_text("another")
        found.append(made_from(tmp_path, env, digests, versions))
    assert len(set(found)) == 6


@pytest.mark.skipif(PROCESSORS != "all", reason="a minute more: weekly, or with PROCESSORS=all")
def test_an_emulated_processor_of_the_records_maker_is_their_kind(qemu: str):
    [intel] = [one for one in registered(CONFIG).values() if (one.name or "").startswith("Intel")]
    digests = fingerprint(qemu, INTEL)
    common = digests.keys() - set(CONFIG.rare_operations)
    assert {name: digests[name] for name in common} == {name: intel.digests[name] for name in common}

"""The fingerprint of the arithmetic, under processors of another maker as qemu-user has them.

What it computes there stands in snippets/kinds.json beside the kinds that records were made on. An emulated processor's
reciprocal estimates are exact, unlike any hardware's: so one of another maker is a kind of its own.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

from verified_docs.base.config import find, in_ci
from verified_docs.records.kinds import named, registered

CONFIG = find(Path(__file__).parent)
QEMU = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
INTEL, AMD = "Haswell-v4", "EPYC-Rome"


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


def test_another_maker_s_processor_is_another_kind_with_the_digests_that_are_recorded(qemu: str):
    digests = fingerprint(qemu, AMD)
    recorded = registered(CONFIG)[f"{AMD}, emulated"]
    assert digests == recorded.digests
    assert named(CONFIG, digests).name == f"{AMD}, emulated"


@pytest.mark.skipif(
    "PROCESSORS" not in os.environ, reason="forty seconds more: weekly, or with PROCESSORS=all"
)
def test_an_emulated_processor_of_the_records_maker_is_their_kind(qemu: str):
    [intel] = [one for one in registered(CONFIG).values() if (one.name or "").startswith("Intel")]
    digests = fingerprint(qemu, INTEL)
    common = digests.keys() - set(CONFIG.rare_operations)
    assert {name: digests[name] for name in common} == {name: intel.digests[name] for name in common}

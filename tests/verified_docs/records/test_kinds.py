"""Another kind of processor, in a project whose fingerprint and arithmetic are what its environment says."""

import json
import re
import shutil
from pathlib import Path

import pytest
from toy_ledger import robustness
from toy_project import Project

from verified_docs.base.config import load
from verified_docs.base.errors import DocsError
from verified_docs.ledger import entry as ledger
from verified_docs.records import kinds, record
from verified_docs.records.kinds import Kind, named, register
from verified_docs.site.consistency import problems

PROCESSORS = """
[tool.verified_docs.ledger.processors]
same = {}
slow = { env = { SUM = "slow", LAST_BIT = "0.1" } }
old = { env = { SUM = "old", LAST_BIT = "-0.1" } }
"""

LIBRARY = """
import os

steady, off, last_bit = 1.0, 0.0, float(os.environ.get("LAST_BIT", "0"))

def digests():
    return {"sums": os.environ.get("SUM", "usual"), "loops": os.environ.get("LOOPS", "usual")}
"""

PROGRAM = """
from library import last_bit, off, steady
print(f"steady {steady:.2f}")
print(f"loss {5 + last_bit + off:.2f}")
assert steady + off < 5
"""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A program with a number that is the same everywhere and one that is not, recorded and held by the ledger."""
    project = Project(tmp_path_factory.mktemp("varying"))
    configure(project)
    project.write("library.py", LIBRARY)
    project.snippet("a", PROGRAM)
    assert project.pytest("snippets", "--record").code == 0
    assert robustness(project, "--seeds", "2").code == 0
    return project


@pytest.fixture
def varying(made_once: Project, tmp_path: Path) -> Project:
    """A copy of its own for each test."""
    return Project(shutil.copytree(made_once.root, tmp_path / "copied"))


def configure(project: Project) -> None:
    project.configure('fingerprint = "library.digests"\nrare_operations = ["loops"]', data=PROCESSORS)


def change(project: Project, old: str, new: str) -> None:
    assert old in LIBRARY
    project.write("library.py", LIBRARY.replace(old, new))


def test_the_summary_says_on_which_kind_how_many_programs_gave_what(varying: Project):
    run = varying.pytest("snippets")
    [kind] = kinds.registered(varying.config)
    assert f"on {kind} (" in run.output
    assert "): 1 as recorded, 0 failed" in run.output
    assert "): 1 unchanged, 0 failed" in varying.pytest("snippets").output
    run = varying.pytest("snippets", "--processor", "slow")
    assert run.outcomes == {"a": "other digits"}, run.output
    assert "): 1 other digits, 0 failed" in run.output
    assert f"on {kind} (" not in run.output
    assert "1 unchanged" in varying.pytest("snippets", "--processor", "slow").output, "it passed there, too"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("off, last_bit = 1.0, 0.0", "off, last_bit = 1.0, 9.0", "does not hold: steady + off < 5"),
        ("off, last_bit = 1.0, 0.0", "off, last_bit = 1.0, 0.8", "5.9, known are 4.9 to 5"),
        (
            "steady, off, last_bit = 1.0",
            "steady, off, last_bit = 1.02",
            "1.02 instead of 1, which no processor and no seed has moved",
        ),
        ("steady, off, last_bit = 1.0", "steady, off, last_bit = float('nan')", "does not hold"),
        ("last_bit = 1.0, 0.0, float", "last_bit = 1.0, -float('inf'), float", "-inf"),
        ("import os", "import os\nprint('one more')", "its output: 3 instead of 2"),
    ],
)
def test_what_is_wrong_fails_on_another_kind(varying: Project, old: str, new: str, said: str):
    change(varying, old, new)
    run = varying.pytest("snippets", "--processor", "slow")
    assert run.outcomes == {"a": "failed"}
    assert said in run.output
    assert "0 failed" not in run.output
    assert "1 failed" in run.output


def test_what_was_not_seen_before_passes_and_is_named_with_the_way_to_add_it(varying: Project):
    change(varying, "off, last_bit = 1.0, 0.0", "off, last_bit = 1.0, 0.15")
    run = varying.pytest("snippets", "--processor", "slow", CI="true")
    assert run.code == 0
    assert run.outcomes == {"a": "not seen before"}
    assert "NOT SEEN BEFORE: snippets/a.py" in run.output
    assert "line 2 of its output: 5.25, known are 4.9 to 5" in run.output
    assert "nox -s record -- snippets/a.py" in run.output


def move(project: Project, **env: str) -> None:
    """Put the project on another processor, as its environment says."""
    configure(project)
    pinned = "\n".join(f'{name} = "{value}"' for name, value in env.items())
    text, table = (project.root / "pyproject.toml").read_text(), "[tool.verified_docs.env]"
    project.write("pyproject.toml", text.replace(table, f"{table}\n{pinned}"))


def test_recording_on_another_kind_adds_to_the_record_and_then_it_is_held_there_exactly(varying: Project):
    snippet = varying.snippet("a", PROGRAM)
    before = record.fresh(snippet)
    move(varying, SUM="another", LAST_BIT="0.05")
    run = varying.pytest("snippets", "--record")
    assert run.outcomes == {"a": "recorded"}, run.output
    snippet = varying.snippet("a", PROGRAM)
    held = record.fresh(snippet)
    assert (held.text, held.kind) == (before.text, before.kind)
    [(kind, parts)] = held.others.items()
    assert parts["text"] == "steady 1.00\nloss 5.05\n"
    assert sorted(kinds.registered(varying.config)) == sorted([kind, held.kind or ""])
    assert varying.pytest("snippets", "--all").outcomes == {"a": "as recorded"}
    change(varying, "off, last_bit = 1.0, 0.0", "off, last_bit = 1.0, 0.02")
    run = varying.pytest("snippets", "--all")
    assert run.outcomes == {"a": "failed"}, "within the range, but not what this kind gives"
    assert "does not give what it may on this kind of processor" in run.output


def test_what_is_beyond_what_kinds_give_is_another_result_and_replaces_the_record(varying: Project):
    move(varying, SUM="another", LAST_BIT="0.05")
    change(varying, "steady, off, last_bit = 1.0", "steady, off, last_bit = 2.0")
    assert varying.pytest("snippets", "--record").code == 0
    held = record.fresh(varying.snippet("a", PROGRAM))
    assert (held.text, held.others) == ("steady 2.00\nloss 5.05\n", {})


@pytest.mark.parametrize("bit", ["0.0", "0.05"], ids=["where it was recorded", "elsewhere"])
def test_a_better_caption_keeps_what_is_known(varying: Project, bit: str):
    move(varying, SUM="another", LAST_BIT="0.05")
    assert varying.pytest("snippets", "--record").code == 0
    known = record.fresh(varying.snippet("a", PROGRAM))
    assert known.others
    if bit == "0.0":
        move(varying)
    edited = varying.snippet("a", PROGRAM, "Is it not so?")
    assert varying.pytest("snippets").outcomes == {"a": "failed"}, "stale"
    assert varying.pytest("snippets", "--record").code == 0
    held = record.fresh(edited)
    assert (held.kind, held.text, held.others) == (known.kind, known.text, known.others)


def test_an_edited_program_is_recorded_anywhere_and_forgets_other_kinds(varying: Project):
    move(varying, SUM="another", LAST_BIT="0.05")
    assert varying.pytest("snippets", "--record").code == 0
    edited = varying.snippet("a", PROGRAM + "\nprint('and more')\n")
    assert varying.pytest("snippets").outcomes == {"a": "failed"}, "stale"
    assert varying.pytest("snippets", "--record").code == 0
    held = record.fresh(edited)
    assert held.others == {}
    move(varying)
    run = varying.pytest("snippets")
    assert run.outcomes == {"a": "not seen before"}, "nothing is known there, and that is no error"


def test_a_rare_operation_makes_another_kind_only_for_programs_that_use_it(varying: Project):
    varying.write("snippets/settings.toml", '[b]\noperations = ["loops"]\n')
    varying.snippet("b", PROGRAM)
    assert varying.pytest("snippets/b.py", "--record").code == 0
    move(varying, LOOPS="other")
    run = varying.pytest("snippets", "--all")
    assert run.outcomes == {"a": "as recorded", "b": "as recorded"}
    here = named(varying.config, {"sums": "usual", "loops": "other"})
    a, b = varying.snippet("a", PROGRAM), varying.snippet("b", PROGRAM)
    assert here.of(a) == record.fresh(a).kind
    assert here.of(b) == f"{here.name}+loops-other"


def test_a_kind_without_digests_is_no_machine_s(varying: Project):
    register(varying.config, Kind("somebody's", "some processor", {}))
    assert named(varying.config, {"sums": "new"}).name != "somebody's"


def test_the_ledger_s_machines_are_called_by_their_kind(varying: Project):
    snippet = varying.snippet("a", PROGRAM)
    kind = record.fresh(snippet).kind
    held = ledger.fresh(snippet)
    assert held.machines == (f"same, 1 thread, {kind}", f"slow, 1 thread, {kind}", f"old, 1 thread, {kind}")
    assert held.numbers is not None
    assert not held.numbers.machines[f"same, 1 thread, {kind}"]
    moved = held.numbers.machines[f"slow, 1 thread, {kind}"]["line 2 of its output"]
    assert moved is not None
    assert moved.numbers[0].value == 5.1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def digests():\n    return 1 / 0", "ZeroDivisionError: division by zero"),
        ("def digests():\n    return {}", "gave {}; it has to give a text for each operation"),
        ("def digest():\n    return {}", "has no attribute 'digests'"),
        ("import os\ndef digests():\n    os._exit(3)", "library.digests ended its process"),
    ],
)
def test_a_fingerprint_that_cannot_be_taken_is_named(project: Project, code: str, said: str):
    project.configure('fingerprint = "library.digests"')
    project.write("library.py", code)
    project.snippet("a", "print(1)")
    run = project.pytest("snippets", "--record")
    assert run.code != 0
    assert "[tool.verified_docs] fingerprint = 'library.digests': " in run.output
    assert said in run.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--processor", "fast"), "--processor: there is no 'fast'; pyproject.toml has same, slow, old"),
        (("--processor", "slow", "--record"), "is recorded on a processor of that kind"),
    ],
)
def test_options_that_mean_nothing_are_refused(varying: Project, arguments: tuple[str, ...], said: str):
    run = varying.pytest("snippets", *arguments)
    assert run.code != 0
    assert said in run.output


@pytest.mark.parametrize(
    ("top", "said"),
    [
        ('fingerprint = "digests"', "fingerprint = 'digests' is not a \"package.module.function\""),
        ("rare_operations = 3", "rare_operations is not a list of operations of the fingerprint"),
    ],
)
def test_wrong_settings_are_refused(project: Project, top: str, said: str):
    project.configure(top)
    with pytest.raises(DocsError, match="verified_docs") as raised:
        load(project.root)
    assert said in str(raised.value)


def test_a_program_declares_rare_operations_alone(project: Project):
    project.configure('rare_operations = ["loops"]')
    project.write("snippets/settings.toml", '[a]\noperations = ["sums"]\n')
    with pytest.raises(DocsError, match="is not a list of some of rare_operations"):
        _ = project.config.settings


def test_kinds_that_cannot_be_read_are_named(varying: Project):
    varying.write("snippets/kinds.json", json.dumps({"a": {}}))
    assert "snippets/kinds.json: is torn or edited by hand" in varying.pytest("snippets").output


PAGE = '```python\n--8<-- "snippets/a.py"\n```\n'


def test_a_page_unfolds_what_another_kind_prints_and_counts_programs(varying: Project):
    assert "vd-elsewhere" not in varying.html(PAGE)
    move(varying, SUM="another", LAST_BIT="0.05")
    assert varying.pytest("snippets", "--record").code == 0
    shown = varying.html(PAGE + "\n{{ kinds }}\n")
    assert shown.count("vd-elsewhere") == 1
    assert "it prints other digits</summary><pre><code>steady 1.00\nloss 5.05</code></pre>" in shown
    rows = re.findall(r"<tr><td>(.*?)</td><td>(\d)</td><td>(\d)</td><td>(\d)</td><td>(\d)</td></tr>", shown)
    assert [row[1:] for row in rows] == [
        ("1", "0", "0", "0"),  # where it was recorded
        ("0", "1", "0", "0"),  # where it was added: 5.05, known are 4.9 to 5.1
        ("1", "0", "0", "0"),  # the ledger's: same
        ("0", "1", "0", "0"),  # slow: 5.1, known without it are 4.9 to 5.05
        ("0", "1", "0", "0"),  # old
    ]
    assert "where the records are made" in rows[0][0]


def test_a_quotation_that_reads_differently_on_a_known_kind_fails_the_check(varying: Project):
    varying.write(
        "docs/index.md", f"{PAGE}\nIt moves by {{{{ a.last_bit:.2f }}}}, which is {{{{ a.steady:.0f }}}}.\n"
    )
    assert problems(varying.config) == []
    move(varying, SUM="another", LAST_BIT="0.05")
    assert varying.pytest("snippets", "--record").code == 0
    [said] = problems(varying.config)
    assert said.startswith("docs/index.md:5: last_bit reads 0.00 here and 0.05 on ")
    assert "quote fewer digits" in said


def test_a_record_that_was_edited_by_hand_is_refused(varying: Project):
    path = varying.root / "snippets/results/a.json"
    path.write_text(path.read_text().replace('"steady": 1.0', '"steady": 1.5'))
    assert "a.json is not as it was written" in varying.pytest("snippets").output

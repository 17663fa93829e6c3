"""Records are written whole, read back as they were, and vouch for themselves."""

import json
import math

import numpy as np
import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.running import child

FULL = Record(
    source="abc",
    text="0.5\n",
    figure="<svg/>\n",
    drawn=[{"samples": [1.0, "nan"]}],
    values={"a": 1, "b": [0.5, math.inf], "float": {"float": -math.inf, "dict": {"x": "é"}}, "c": True},
    seconds=1.2,
    style="plain",
)


def test_what_is_saved_is_loaded(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, FULL)
    assert record.load(snippet) == FULL


def test_a_nan_of_numpys_becomes_a_plain_one():
    # np.float64 is a float, and repr would tell its name.
    found = child.plain({"loss": np.float64("nan"), "rate": np.float64(0.5)})
    assert type(found["loss"]) is float and math.isnan(found["loss"])
    assert type(found["rate"]) is float


def test_nan_survives_json_which_lacks_it(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, Record("abc", "", values={"loss": math.nan}))
    held = record.load(snippet)
    assert held and math.isnan(held.values["loss"])
    assert "NaN" not in record.paths(snippet)[0].read_text()


def test_text_and_figure_that_are_no_more_are_removed(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, FULL)
    record.save(snippet, Record("abc", ""))
    assert list(project.records()) == ["snippets/results/a.json"]
    assert record.load(snippet) == Record("abc", "")


def test_a_program_without_a_record_has_none(project: Project):
    assert record.load(project.snippet("a", "")) is None
    with pytest.raises(DocsError, match=r"a.py: has no record; .*: nox -s record -- snippets/a.py$"):
        record.fresh(project.snippet("a", ""))


def test_a_record_of_an_older_text_is_stale(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, Record(snippet.digest, "1\n"))
    assert record.fresh(snippet).text == "1\n"
    with pytest.raises(DocsError, match=r"a.py: its record is stale .*: nox -s record -- snippets/a.py$"):
        record.fresh(project.snippet("a", "print(2)"))


def test_a_record_of_which_any_file_is_cut_changed_or_lacking_is_torn(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, FULL)
    for path in record.paths(snippet):
        whole = path.read_bytes()
        breakages = [whole[:-1] if path.suffix != ".json" else whole[:-3], whole + b"x", b"\xff", b""]
        for broken in breakages:
            path.write_bytes(broken)
            with pytest.raises(DocsError, match=r"snippets/a.py: its record is torn .*nox -s record"):
                record.load(snippet)
        if path.suffix != ".json":
            path.unlink()
            with pytest.raises(DocsError, match=f"torn or edited by hand: {path.name}"):
                record.load(snippet)
        path.write_bytes(whole)
    assert record.load(snippet) == FULL


@pytest.mark.parametrize(
    "change", [{"seconds": "x"}, {"values": [1]}, {"values": {"a": {"b": 1}}}, {"text": 3}]
)
def test_json_of_another_form_is_torn(project: Project, change):
    snippet = project.snippet("a", "")
    record.save(snippet, FULL)
    meta = record.paths(snippet)[0]
    meta.write_text(json.dumps(json.loads(meta.read_text()) | change))
    with pytest.raises(DocsError, match="torn"):
        record.load(snippet)


def test_a_text_without_its_json_is_no_record(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, FULL)
    record.paths(snippet)[0].unlink()
    assert record.load(snippet) is None


def test_the_json_puts_a_list_of_numbers_on_one_line(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, Record("abc", "", values={"losses": [0.5, 0.25]}))
    assert '  "losses": [0.5, 0.25]\n' in record.paths(snippet)[0].read_text()


def test_a_text_keeps_its_brackets(project: Project):
    snippet = project.snippet("a", "")
    record.save(snippet, Record("abc", "", values={"names": ["[ a ]", "b,\n c"]}))
    held = record.load(snippet)
    assert held and held.values["names"] == ["[ a ]", "b,\n c"]

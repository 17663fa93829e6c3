"""How often a claim held stands beside it, and on a summary of all."""

import json

import pytest
from toy_project import Project

from verified_docs.ledger import entry as ledger
from verified_docs.ledger.entry import Claim, Entry
from verified_docs.programs.snippet import Snippet
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.site.consistency import problems

PAGE = '```python\n--8<-- "snippets/a/one.py"\n```\n\n{{ ledger }}\n\nAfter.'
MACHINES = ("plain, 1 thread", "plain, 2 threads")


@pytest.fixture
def one(project: Project) -> Snippet:
    snippet = project.snippet("a/one", "x = 1\nassert x < 2\nassert x > 0\n")
    record.save(snippet, Record(snippet.digest, ""))
    project.write("docs/index.md", PAGE)
    return snippet


def hold(snippet: Snippet, *failed: int, seeds: int = 20) -> None:
    """Record an entry whose claims failed with as many seeds."""
    claims = tuple(
        Claim(claim, tuple(f"seed + {number}" for number in range(count)))
        for claim, count in zip(snippet.claims, failed, strict=True)
    )
    ledger.save(snippet, Entry(snippet.code_digest, seeds, MACHINES, claims))


def html(snippet: Snippet, page: str = PAGE) -> str:
    return Project(snippet.config.root).html(page)


def test_each_claim_says_how_often_it_held(one: Snippet):
    hold(one, 0, 2)
    shown = html(one)
    assert (
        '<li><code>x &lt; 2</code> <span class="vd-held">held 20 of 20 seeds, 2 of 2 processors and threads</span>'
        in shown
    )
    assert "<code>x &gt; 0</code> <span" in shown
    assert "held 18 of 20 seeds, 2 of 2 processors and threads" in shown
    assert "not yet held" not in shown
    assert problems(one.config) == []


def test_the_fold_says_how_often_the_weakest_claim_held(one: Snippet):
    assert '<summary class="vd-label">2 claims, checked each time it runs; not yet held' in html(one)
    hold(one, 0, 0)
    assert "2 claims, checked each time it runs; each held 20 of 20 seeds, 2 of 2 processors" in html(one)
    hold(one, 0, 2)
    assert "2 claims, checked each time it runs; the weakest held 18 of 20 seeds, 2 of 2" in html(one)


def test_without_an_entry_or_with_a_stale_or_torn_one_the_page_says_so_and_is_built(one: Snippet):
    for spoil in (lambda: None, lambda: hold(one, 0, 0), lambda: ledger.path(one).write_text("{")):
        spoil()
        if ledger.path(one).is_file() and ledger.path(one).stat().st_size > 1:
            text = ledger.path(one).read_text()
            ledger.path(one).write_text(text.replace(one.code_digest, "0" * 64))
        shown = html(one)
        assert '<p class="vd-held">not yet held against other seeds</p>' in shown
        assert "<code>x &lt; 2</code></li>" in shown
        assert "2 claims are new, or their program was edited" in shown
        assert problems(one.config) == []


def test_the_summary_counts_and_names_the_lowest(project: Project, one: Snippet):
    hold(one, 0, 1)
    other = project.snippet("b/other", "assert '<' < '>'\n")
    hold(other, 3)
    project.snippet("c/new", "assert 5\n")
    shown = html(one)
    assert "The programs of this site make 4 claims, in 3 programs." in shown
    assert "1 claims are new" in shown
    assert "Of the others, 1 held every time; 1 held less than 95% of the time." in shown
    lowest = shown[shown.index("the lowest first:") :]
    assert 0 < lowest.index("b/other") < lowest.index("a/one")
    assert "&#x27;&lt;&#x27; &lt; &#x27;&gt;&#x27;" in lowest
    assert lowest.index("held 17 of 20 seeds") < lowest.index("held 19 of 20 seeds") < lowest.index("After.")
    assert "verified-docs-" not in shown


def test_where_every_claim_always_held_none_is_named(one: Snippet):
    hold(one, 0, 0)
    shown = html(one)
    assert "Of all, 2 held every time; none held less than 95% of the time." in shown
    assert "lowest" not in shown


def test_the_summarys_name_stays_as_it_is_in_code(one: Snippet):
    shown = html(one, "```\n{{ ledger }}\n```\n\nSay `{{ ledger }}`.")
    assert shown.count("{{ ledger }}") == 2
    assert "vd-ledger" not in shown


def test_an_entry_diffs_by_the_line_and_holds_nothing_that_changes_from_run_to_run(one: Snippet):
    hold(one, 0, 2)
    lines = ledger.path(one).read_text().splitlines()
    assert '  {"claim": "x < 2"},' in lines
    assert '  {"claim": "x > 0", "failed_seeds": ["seed + 0", "seed + 1"]}' in lines
    assert set(json.loads("\n".join(lines))) == {"source", "seeds", "machines", "claims", "numbers"}


def test_an_entry_of_no_program_is_to_be_deleted(project: Project, one: Snippet):
    project.write("snippets/a/results/gone.ledger.json", "{}")
    assert problems(one.config) == ["snippets/a/results/gone.ledger.json: no snippet makes it; delete it"]

"""A page that embeds a program shows its figure above it and its results below."""

import re

import pytest
from material.plugins.search.plugin import Parser
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.records import record
from verified_docs.records.record import Record

FENCE = '```python\n--8<-- "snippets/a/one.py"\n```'
FIGURE = '<svg role="img"><path d="M0 0"/></svg>\n'


@pytest.fixture
def one(project: Project) -> Project:
    write(project)
    return project


def write(
    project: Project, text: str = "loss 0.5\n", *, figure: str | None = FIGURE, **values: object
) -> None:
    snippet = project.snippet("a/one", "assert 1 < 2\n", "Is `it` <so>?\n\nA line & `more`.\n")
    record.save(snippet, Record(snippet.digest, text, figure, values={"loss": 0.5, **values}, seconds=0.25))


def test_the_figure_stands_above_the_program_and_the_results_below(one: Project):
    shown = one.html(f"Before.\n\n{FENCE}\n\nAfter.")
    order = ["Before.", "<figure", "<svg", "A line", "</figure>", 'class="highlight"', "1", "vd-results", "loss 0.5",
             "1 &lt; 2", "Ran in 250 ms", "After."]  # fmt: skip
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert "verified-docs-" not in shown
    assert "wzxhzdk" not in shown


def test_the_search_finds_question_and_caption_and_not_the_code(one: Project):
    parser = Parser()
    parser.feed(
        f'<h1 id="page">Page</h1>{one.html("Before." + chr(10) * 2 + FENCE + chr(10) * 2 + "After.")}'
    )
    parser.close()
    found = "".join(text for section in parser.data for text in section.text)
    assert all(part in found for part in ("Before.", "A line", "After."))
    assert not any(part in found for part in ("import", "loss 0.5", "1 &lt; 2", "Ran in"))


def test_a_folded_program_leaves_its_figure_and_results_in_sight(one: Project):
    fence = "\n".join(f"    {line}" for line in FENCE.split("\n"))
    shown = one.html(f'Before.\n\n??? program "The program"\n\n{fence}\n\nAfter.')
    order = ["</figure>", "<details", 'class="highlight"', "</details>", "vd-results", "After."]
    places = [shown.index(part) for part in order]
    assert places == sorted(places)


def test_another_fold_hides_figure_and_results_too(one: Project):
    fence = "\n".join(f"    {line}" for line in FENCE.split("\n"))
    shown = one.html(f'??? example "Checked"\n\n{fence}\n\nAfter.')
    order = ["<details", "<figure", "vd-results", "</details>", "After."]
    places = [shown.index(part) for part in order]
    assert places == sorted(places)


def test_question_caption_and_claims_are_escaped_and_have_their_code_spans(one: Project):
    shown = one.html(FENCE)
    assert "<strong>Is <code>it</code> &lt;so&gt;?</strong> A line &amp; <code>more</code>." in shown
    assert "<li><code>1 &lt; 2</code></li>" in shown


def test_what_was_printed_is_shown_to_the_letter(one: Project):
    printed = '<script>alert("x")</script> & *a* `b` {{ c }} $x$\n    --8<-- "none"\n\n\n<!-- d'
    write(one, printed + "\n")
    (shown,) = re.findall(r"<code>([^/]*script.*?)</code></pre>", one.html(FENCE), re.DOTALL)
    escaped = printed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert shown == escaped


@pytest.mark.parametrize(("lines", "folded"), [(40, False), (41, True)])
def test_a_long_output_is_folded_away(one: Project, lines: int, folded: bool):
    write(one, "printed\n" * lines)
    shown = one.html(FENCE)
    assert ('<details class="vd-output" ' in shown) == folded
    assert (f"Output, {lines} lines</summary><pre><code>printed" in shown) == folded


def test_a_program_without_figure_output_or_claims_shows_none(one: Project):
    snippet = one.snippet("a/one", "x = 1")
    record.save(snippet, Record(snippet.digest, "", seconds=12.34))
    shown = one.html(FENCE)
    assert "<figure" not in shown
    assert "vd-output" not in shown
    assert "vd-claims" not in shown
    assert "Ran in 12 s" in shown


@pytest.mark.parametrize(
    ("page", "inside"),
    [
        (f'??? note "Look"\n\n{FENCE}\n\n    Within.\n\nAfter.', r"<details.*?</details>"),
        (f"1. A step\n\n{FENCE}\n\n2. Another\n\nAfter.", r"<ol>.*?</ol>"),
    ],
    ids=["details", "list"],
)
def test_it_stands_inside_blocks_too(one: Project, page: str, inside: str):
    indented = page.replace(FENCE, "\n".join("    " + line for line in FENCE.splitlines()))
    shown = one.html(indented)
    (block,) = re.findall(inside, shown, re.DOTALL)
    for part in ("<figure", "<svg", 'class="highlight"', "vd-results", "loss 0.5"):
        assert part in block
    assert "wzxhzdk" not in shown
    assert "<pre><code>verified" not in shown


def test_two_programs_keep_their_own_results(one: Project):
    snippet = one.snippet("b/two", "print('two')")
    record.save(snippet, Record(snippet.digest, "TWO\n"))
    shown = one.html(FENCE + "\n\n" + FENCE.replace("a/one", "b/two"))
    assert shown.index("loss 0.5") < shown.index("print") < shown.index("TWO")
    assert 'href="downloads/b/two.py" download' in shown


def test_prose_is_filled_but_code_is_not(one: Project):
    page = (
        f"{FENCE}\n\nIt is {{{{ one.loss:.0%}}}}, not `{{{{ one.loss }}}}`.\n\n```\n{{{{ one.loss }}}}\n```"
    )
    shown = one.html(page)
    assert "It is 50%, not <code>{{ one.loss }}</code>." in shown
    assert shown.count("{{ one.loss }}") == 2


def test_a_quoted_text_is_neither_html_nor_markdown(one: Project):
    write(one, name="<b> *x* [y](z) `k` $m$ | a\nb")
    shown = one.html(f"{FENCE}\n\n| h |\n|---|\n| {{{{ one.name }}}} |")
    (cell,) = re.findall(r"<td>(.*?)</td>", shown)
    assert "<" not in cell
    characters = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), cell)
    assert characters == "<b> *x* [y](z) `k` $m$ | a b"


def test_source_and_colab_links_appear_where_the_repository_is_published(one: Project):
    assert "Source" not in one.html(FENCE)
    assert "Colab" not in one.html(FENCE, repo_url="https://example.org/x/y/")
    assert 'href="https://example.org/x/y/blob/main/snippets/a/one.py"' in one.html(
        FENCE, repo_url="https://example.org/x/y/"
    )
    colab = "https://colab.research.google.com/github/x/y/blob/gh-pages/downloads/a/one.ipynb"
    assert colab in one.html(FENCE, repo_url="https://github.com/x/y")


def test_a_stale_record_fails_the_page_or_is_marked_on_it(one: Project):
    one.snippet("a/one", "changed = 1", "Is it so?\n\nA line.\n")
    page = f"{FENCE}\n\nIt is {{{{ one.loss:.1f }}}}."
    with pytest.raises(DocsError, match=r"a/one.py: its record is stale"):
        one.html(page)
    shown = one.html(page, stale="mark")
    assert "<strong>Not verified.</strong> snippets/a/one.py: its record is stale" in shown
    assert "loss 0.5" in shown
    assert "It is 0.5." in shown


def test_a_missing_or_torn_record_fails_the_page_or_is_marked_on_it(one: Project):
    page = f"{FENCE}\n\nIt is {{{{ one.loss:.1f }}}}."
    for path, said in zip(
        record.paths(one.snippet("a/one", ""))[::-2], ("is torn", "has no record"), strict=True
    ):
        path.unlink()
        with pytest.raises(DocsError, match=said):
            one.html(page)
        shown = one.html(page, stale="mark")
        assert said in shown
        assert "It is (not recorded)." in shown


def test_an_unknown_reference_fails_even_where_the_stale_is_marked(one: Project):
    with pytest.raises(DocsError, match="page:5: a/one has recorded no 'lose'"):
        one.html(f"{FENCE}\n\n{{{{ one.lose }}}}", stale="mark")


def test_an_option_that_is_none_is_refused(one: Project):
    with pytest.raises(DocsError, match="stale is 'ignore'; it is 'fail' or 'mark'"):
        one.html("", stale="ignore")

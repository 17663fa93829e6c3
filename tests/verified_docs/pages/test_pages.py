"""What a page embeds and quotes."""

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page, every_page, every_quote
from verified_docs.records import record
from verified_docs.records.record import Record

EMBEDDING = '```python\n--8<-- "snippets/a/one.py"\n```\n'
VALUES = {
    "loss": 0.12345,
    "epochs": 3,
    "rates": [0.1, 0.25],
    "by": {"he": [0.5]},
    "name": "x\n<y>",
    "nan": float("nan"),
    "worst": {"he": [0.5, float("-inf")]},
    "held": True,
}


@pytest.fixture
def quoted(project: Project) -> Project:
    for name in ("a/one", "b/one", "b/two"):
        snippet = project.snippet(name, "")
        record.save(snippet, Record(snippet.digest, "", values=VALUES))
    return project


def page(project: Project, text: str) -> Page:
    return Page(text, "docs/p.md", project.config)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ one.loss:.2f }}", "0.12"),
        ("{{one.loss:.1%}}", "12.3%"),
        ("{{ one.loss:+.1 points}}, {{ one.loss:.2points }}", "+12.3 points, 12.35 points"),
        ("({{ one.loss:+.1p}} to {{ one.loss:.2 p }})", "(+12.3 to 12.35)"),
        ("{{ one.epochs }} and {{ one.epochs:02d }}", "3 and 03"),
        ("{{ one.rates[1]:.2f }}, {{ one.rates[-1]:.1f }}", "0.25, 0.2"),
        ("{{ one.by[he][0]:.1f }}", "0.5"),
        ("{{ b/two.loss:.3f }}", "0.123"),
        ("{{ one.name }}", "x <y>"),
        ("`{{ one.loss }}` and ``{{ ` }}``", "`{{ one.loss }}` and ``{{ ` }}``"),
        ("```\n{{ one.loss }}\n```", "```\n{{ one.loss }}\n```"),
        ("~~~~\n~~~\n{{ one.loss }}\n~~~~", "~~~~\n~~~\n{{ one.loss }}\n~~~~"),
        ("```x``` {{ one.epochs }}", "```x``` 3"),
        ("a form\x0cfeed {{ one.epochs }}", "a form\x0cfeed 3"),
    ],
)
def test_prose_is_filled_and_code_is_left_alone(quoted: Project, text, shown):
    assert page(quoted, f"{EMBEDDING}\n{text}").with_quotes() == f"{EMBEDDING}\n{shown}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ one.lose:.2f }}", "docs/p.md:5: a/one has recorded no 'lose'; it has loss, epochs"),
        (
            "{{ one.rates[2]:.2f }}",
            r"docs/p.md:5: a/one has recorded no '2'; it has a list of 2, from \[0\] to \[1\]$",
        ),
        (
            "{{ one.nan:.2f }}",
            "docs/p.md:5: nan is nan, which is no number to quote: quote another value, or let a/one end",
        ),
        ("{{ one.worst[he][1]:.0%}}", r"docs/p.md:5: worst\[he\]\[1\] is -inf, which is no number to quote"),
        ("{{ one.held:.1%}}", "docs/p.md:5: held is True, which is no number to quote"),
        ("{{ one.held }}", "docs/p.md:5: held is True, which is no number to quote"),
        (
            "{{ a/my one.loss:.1f }}",
            r"docs/p.md:5: .*: 'a/my one' cannot be quoted, since ' ' is no part of a name: call",
        ),
        (
            "{{ my-one.rates[0]:.1f }}",
            r"docs/p.md:5: .*: 'my-one' cannot be quoted, since '-' is no part of a name: call",
        ),
        ("{{ one.loss + 1 }}", "docs/p.md:5: {{ one.loss \\+ 1 }} is not of the form"),
        ("{{ one.loss[0] }}", "docs/p.md:5: a/one has recorded no '0'; it has float"),
        ("{{ one.rates }}", "docs/p.md:5: rates is a list: say which entry"),
        ("{{ one.loss }}", r"docs/p.md:5: loss is 0.12345: say how to show it, as in {{ loss:.2f}}"),
        ("{{ one.loss:d }}", "docs/p.md:5: 0.12345 cannot be shown as 'd'"),
        ("{{ two.loss:.2f }}", "docs/p.md:5: .*no program of that name; it shows one"),
        ("{{ c/two.loss:.2f }}", "docs/p.md:5: .*snippets/c/two.py, which does not exist"),
        ("{{ loss }}", "docs/p.md:5: {{ loss }} is not of the form"),
        ("{{ one.loss\n}}", "docs/p.md:5: {{ has no }} on its line"),
    ],
)
def test_a_quote_of_what_is_not_there_is_refused_with_its_line(quoted: Project, text, message):
    with pytest.raises(DocsError, match=message):
        page(quoted, f"{EMBEDDING}\n{text}").with_quotes()


def test_a_name_that_two_programs_of_the_page_share_must_be_whole(quoted: Project):
    both = EMBEDDING + EMBEDDING.replace("a/one", "b/one")
    with pytest.raises(DocsError, match="more than one program of that name; by its whole name"):
        page(quoted, both + "{{ one.epochs }}").with_quotes()
    assert page(quoted, both + "{{ b/one.epochs }}").with_quotes().endswith("3")


def test_a_stale_record_is_not_quoted(quoted: Project):
    quoted.snippet("a/one", "changed = 1")
    with pytest.raises(DocsError, match=r"a/one.py: its record is stale"):
        page(quoted, f"{EMBEDDING}{{{{ one.epochs }}}}").with_quotes()


def test_embedded_programs_are_found_in_fences_at_any_depth(quoted: Project):
    text = EMBEDDING + "??? note\n\n    ~~~~ py title=\"x\"\n    -8<- 'snippets/b/two.py'\n    ~~~~\n"
    found = page(quoted, text).embedded()
    assert [(one.snippet.name, one.first, one.last, one.indent) for one in found] == [
        ("a/one", 0, 2, ""),
        ("b/two", 5, 7, "    "),
    ]


def test_an_include_outside_a_fence_is_no_program(quoted: Project):
    assert page(quoted, '--8<-- "snippets/a/one.py"').embedded() == []


@pytest.mark.parametrize("path", ["snippets/a/none.py", "snippet/a/one.py"])
def test_a_missing_include_is_refused_with_its_line(quoted: Project, path):
    with pytest.raises(DocsError, match=f"docs/p.md:3: embeds {path}, which does not exist"):
        page(quoted, f'\n```\n--8<-- "{path}"\n```').embedded()


def test_a_part_of_a_program_is_refused(quoted: Project):
    with pytest.raises(DocsError, match=r"docs/p.md:2: embeds a part of snippets/a/one.py"):
        page(quoted, '```\n--8<-- "snippets/a/one.py:2:3"\n```').embedded()


def test_every_page_is_read_but_not_what_is_generated(quoted: Project):
    for name in ("index", "a/b", "downloads/c", "notebooks/d"):
        quoted.write(f"docs/{name}.md", "text")
    assert [one.place for one in every_page(quoted.config)] == ["docs/a/b.md", "docs/index.md"]


def test_a_page_that_is_not_utf8_is_refused_by_name(quoted: Project):
    quoted.write("docs/a.md", "").write_bytes(b"\xff")
    with pytest.raises(DocsError, match=r"docs/a.md: is not UTF-8"):
        list(every_page(quoted.config))


def test_a_measurement_that_is_not_finite_is_not_quoted(quoted: Project):
    quoted.write("benchmarks/results/speed.json", '{"ratio": NaN}')
    with pytest.raises(
        DocsError, match=r"ratio is nan, which is no number to quote: .* benchmarks/speed end with"
    ):
        page(quoted, "{{ benchmarks/speed.ratio:.1f }}").with_quotes()


def test_a_page_that_links_to_nothing_is_refused_by_name(quoted: Project):
    (quoted.write("docs/a.md", "").parent / "b.md").symlink_to("gone.md")
    with pytest.raises(
        DocsError, match=r"docs/b.md: is a link to gone.md, which does not exist: mend the link"
    ):
        list(every_page(quoted.config))


def test_a_wrong_page_does_not_hide_what_the_others_quote(quoted: Project):
    quoted.write("docs/a.md", "{{ nothing }}")
    quoted.write("docs/b.md", "{{ b/two.loss:.1f }} {{ b/two.epochs }}")
    found = every_quote(quoted.config)
    assert [(one.value, one.place) for one in found["b/two"]] == [
        ("loss", "docs/b.md:1"),
        ("epochs", "docs/b.md:1"),
    ]

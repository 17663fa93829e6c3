"""The references of all pages, gathered on one."""

import pytest
from markdown import Markdown
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page, every_page
from verified_docs.pages.papers import gather, listed
from verified_docs.site.consistency import problems

HE = "- Kaiming He, Jian Sun: [Delving Deep](https://arxiv.org/abs/1502.01852), ICCV 2015"
BA = "- Jimmy Ba, Diederik P. Kingma: [Adam](https://arxiv.org/abs/1412.6980), ICLR 2015"


def write(project: Project, path: str, *references: str, heading: str = "Papers") -> None:
    title = path.split("/")[-1].removesuffix(".md").capitalize()
    lines = [f"# {title} {{ #top }}", "", f"## {heading}", "", "Some of them are old.", "", *references, ""]
    project.write(f"docs/{path}", "\n".join([*lines, "Go on."]))


def shown(project: Project, place: str = "docs/papers.md") -> list[str]:
    return listed(Page("{{ papers }}", place, project.config)).split("\n")


def wrong(project: Project) -> list[str]:
    return gather(every_page(project.config)).problems


def test_a_work_stands_once_with_every_page_that_cites_it(project: Project):
    write(project, "a/one.md", f"{HE}: PReLU.")
    write(project, "two.md", f"{HE}.", heading="References")
    assert shown(project) == [
        f"{HE}.  ",
        "  Cited in [One](a/one.md#papers) (PReLU), [Two](two.md#references).",
    ]
    assert shown(project, "docs/a/papers.md")[1].startswith("  Cited in [One](one.md#papers)")
    assert "[Two](../two.md#references)" in shown(project, "docs/a/papers.md")[1]


def test_works_are_sorted_by_the_first_authors_surname_then_by_year(project: Project):
    old = "- Zoë Ábel: [Old](https://x.org/old), thesis, 1971."
    new = "- Amy Abel: [New](https://x.org/new), arXiv 2020."
    nobody = "- bcd: [Manual](https://x.org/manual), documentation, undated."
    write(project, "one.md", f"{HE}.", nobody, new, f"{BA}.", old)
    assert [line.strip() for line in shown(project)[::2]] == [old, new, f"{BA}.", nobody, f"{HE}."]


def test_a_reference_may_take_several_lines_and_hold_colons_years_and_brackets(project: Project):
    long = (
        "- Ann Li: [A: of 1999 (B)\n  things](https://doi.org/10.1016/0041(64)90137-5), in Nets:\n"
        "  Tricks, 1998: the year 2000: a date."
    )
    write(project, "one.md", long)
    assert wrong(project) == []
    assert shown(project) == [
        "- Ann Li: [A: of 1999 (B) things](https://doi.org/10.1016/0041(64)90137-5), in Nets: Tricks, 1998.  ",
        "  Cited in [One](one.md#papers) (the year 2000: a date).",
    ]


def test_other_lists_and_fences_are_no_references(project: Project):
    project.write("docs/one.md", "# One\n\n- a\n\n## Papers\n\n```\n- b\n```\n\n## After\n\n- c\n")
    assert wrong(project) == []
    assert shown(project) == [""]


@pytest.mark.parametrize(
    "reference",
    [
        "- [Adam](https://arxiv.org/abs/1412.6980), ICLR 2015.",
        "- Jimmy Ba: Adam, ICLR 2015.",
        "- Jimmy Ba: [Adam](adam.md), ICLR 2015.",
        "- Jimmy Ba: [Adam](https://arxiv.org/abs/1412.6980), ICLR.",
        "- Jimmy Ba: [Adam](https://arxiv.org/abs/1412.6980), 2015.",
        "- Jimmy Ba: [Adam](https://arxiv.org/abs/1412.6980), ICLR 2015 (an optimizer).",
        "- Jimmy Ba: [Adam](https://arxiv.org/abs/1412.6980), ICLR 2015",
    ],
)
def test_a_reference_that_lacks_a_part_is_named(project: Project, reference):
    write(project, "one.md", reference)
    (problem,) = wrong(project)
    assert problem.startswith("docs/one.md:7: ")
    assert reference[2:] in problem
    assert "is not of the form" in problem


@pytest.mark.parametrize("authors", ["Jimmy Ba et al.", "Jimmy Ba and others"])
def test_all_authors_are_named(project: Project, authors):
    write(project, "one.md", BA.replace("Jimmy Ba, Diederik P. Kingma", authors) + ".")
    assert wrong(project) == [f"docs/one.md:7: '{authors}': name all authors"]


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("Jian Sun", "J. Sun"),
        ("Deep]", "Deep into Rectifiers]"),
        ("ICCV 2015", "arXiv 2015"),
        ("/abs/", "/pdf/"),
    ],
)
def test_a_work_cited_in_two_ways_names_both_pages(project: Project, there, here):
    write(project, "one.md", f"{HE}.")
    write(project, "two.md", f"{HE.replace(there, here)}.")
    (problem,) = wrong(project)
    assert problem.startswith("docs/two.md:7: cites as Kaiming He")
    assert "what docs/one.md:7 cites as Kaiming He" in problem
    with pytest.raises(DocsError, match=r"docs/two\.md:7"):
        shown(project)
    assert problem in problems(project.config)


def test_the_page_shows_them_as_a_list_of_links(project: Project):
    write(project, "one.md", f"{HE}: PReLU.", f"{BA}.")
    project.write("docs/papers.md", "")
    markdown = Markdown(
        extensions=["verified_docs.site.show"],
        extension_configs={"verified_docs.site.show": {"root": str(project.root)}},
    )
    html = markdown.convert("# Papers\n\n{{ papers }}\n\nSay `{{ papers }}`.\n\nAfter.")
    assert html.count("<li>") == 2
    assert '<a href="https://arxiv.org/abs/1502.01852">Delving Deep</a>, ICCV 2015.<br' in html
    assert 'Cited in <a href="docs/one.md#papers">One</a> (PReLU).' in html
    assert html.count("{{ papers }}") == 1
    assert html.endswith("<p>After.</p>")

"""A page shows a study and quotes it without running, drawing or judging anything."""

import pytest
from toy_project import REPOSITORY, Project
from toy_studies import PROGRAM, study

from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Page
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.site import build as site
from verified_docs.site.consistency import problems

FENCE = '```python\n--8<-- "studies/toy.py"\n```'
VALUES = {
    "mean": {"loss": {"a, wide": 0.25}},
    "verdict": {"loss": {"a, wide": "better"}},
    "best": {"a, wide": 0.1},
    "seeds": 10,
    "tuning_seeds": 3,
    "runs": 280,
    "minutes": 24.0,
    "day": "2026-01-02",
    "processor": "A & B",
    "versions": {"python": "3.11", "torch": "2.13"},
}


@pytest.fixture
def toy(project: Project) -> StudyFile:
    more = "\n\ndef numbers(results):\n    assert results.best('flat') < 1\n    return {}\n"
    file = study(project, more=more)
    figure = '<svg role="img"><path d="M0 0"/></svg>\n'
    held = Record(file.digest, "a table\n", figure, values=VALUES, seconds=1440, style=project.config.style)
    record.save(file, held)
    project.write("docs/index.md", f"{FENCE}\n")
    return file


def test_its_figure_stands_above_the_folded_program_and_its_table_below(toy: StudyFile, project: Project):
    fence = "\n".join(f"    {line}" for line in FENCE.split("\n"))
    shown = project.html(f'Before.\n\n??? program "The study"\n\n{fence}\n\nAfter.')
    order = ["Before.", "<figure", "Which rate goes", "The shorter the line", "</figure>", "<details", "highlight",
             "</details>", "a table", "when it was recorded", "10 seeds (and 3 to choose settings on)",
             "280 runs, 24 minutes on one core", "2026-01-02, A &amp; B, python 3.11, torch 2.13",
             "nox -s studies -- toy", 'href="downloads/studies/toy.py" download', "After."]  # fmt: skip
    assert [part for part in order if part not in shown] == []
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert "notebook" not in shown
    assert "<li><code>results.best(&#x27;flat&#x27;) &lt; 1</code></li>" in shown
    assert 'href="https://x.org/y/blob/main/studies/toy.py"' in project.html(
        FENCE, repo_url="https://x.org/y"
    )


def test_prose_quotes_it_by_its_whole_name_and_beside_it_by_the_last_part(toy: StudyFile, project: Project):
    text = "{{ studies/toy.mean[loss][a, wide]:.0%}}, {{ studies/toy.verdict[loss][a, wide] }}"
    assert Page(text, "docs/page.md", project.config).with_quotes() == "25%, better"
    assert Page(f"{FENCE}\n{{{{ toy.runs }}}}", "docs/page.md", project.config).with_quotes().endswith("280")
    with pytest.raises(DocsError, match=r"docs/page.md:1: studies/toy has recorded no 'b'; it has a, wide"):
        Page("{{ studies/toy.mean[loss][b]:.0%}}", "docs/page.md", project.config).with_quotes()
    with pytest.raises(DocsError, match=r"asks for studies/gone.py, which does not exist"):
        Page("{{ studies/gone.runs }}", "docs/page.md", project.config).with_quotes()


def test_a_changed_study_is_stale_and_fails_the_page_or_is_marked_on_it(toy: StudyFile, project: Project):
    study(project, program=PROGRAM.replace("STEPS = 10", "STEPS = 11"))
    page = f"{FENCE}\n\n{{{{ toy.runs }}}} runs."
    for found in (FENCE, "{{ studies/toy.runs }}"):
        with pytest.raises(DocsError, match=r"studies/toy.py: its record is stale .*: nox -s studies -- toy"):
            project.html(found)
    assert problems(project.config)[0].startswith("studies/toy.py: its record is stale")
    shown = project.html(page, stale="mark")
    assert "<strong>Not verified.</strong> studies/toy.py: its record is stale" in shown
    assert "280 runs." in shown


def test_a_study_without_a_record_is_marked_where_pages_are_written(toy: StudyFile, project: Project):
    for path in record.paths(toy):
        path.unlink()
    assert "has no record" in project.html(FENCE, stale="mark")
    assert any("studies/toy.py: has no record" in one for one in problems(project.config))


def test_studies_that_belong_together_with_pages(toy: StudyFile, project: Project):
    assert problems(project.config) == []
    project.write("docs/index.md", "{{ studies/toy.runs }} runs")
    assert problems(project.config) == []
    project.write("docs/index.md", "nothing")
    assert problems(project.config) == ["studies/toy.py: no page shows it; embed it, or delete it"]


def test_results_that_no_study_makes(toy: StudyFile, project: Project):
    project.write("studies/results/gone.json", "{}")
    assert problems(project.config) == ["studies/results/gone.json: no study makes it; delete it"]


def test_a_figure_in_another_style_is_to_be_drawn_again(toy: StudyFile, project: Project):
    project.configure(data='\n[tool.verified_docs.colors]\n"#000000" = "currentColor"\n')
    assert problems(project.config) == [
        "studies/toy.py: its figure was drawn in another style; draw it again, without another run: nox -s studies -- toy"
    ]


def test_a_helper_beside_studies_is_none(toy: StudyFile, project: Project):
    project.write("studies/_shared.py", "x = 1")
    assert problems(project.config) == []


def test_its_program_is_a_download_without_a_notebook(toy: StudyFile, project: Project):
    assert site.generate(project.config) == 0
    assert (project.root / "docs/downloads/studies/toy.py").read_text() == toy.source
    assert not list(project.root.glob("docs/**/*.ipynb"))


def test_pages_need_neither_numpy_nor_joblib(toy: StudyFile, project: Project):
    code = f"""
        import sys
        sys.path.insert(0, {str(REPOSITORY)!r})
        for name in ("numpy", "scipy", "joblib", "matplotlib", "torch"):
            sys.modules[name] = None
        from markdown import Markdown
        import verified_docs.__main__
        name = "verified_docs.site.show"
        markdown = Markdown(extensions=[name], extension_configs={{name: {{"root": {str(project.root)!r}}}}})
        print(markdown.convert("{{{{ studies/toy.runs }}}} runs"))
    """
    project.write("showing.py", code)
    run = project.python("showing")
    assert run.code == 0, run.output
    assert "280 runs" in run.output

"""Exercises: a question in the open, an answer that is a program, and one list of them all."""

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.pages import exercises
from verified_docs.pages.page import Page, every_page
from verified_docs.records import record
from verified_docs.records.record import Record
from verified_docs.site.consistency import problems

SETTINGS = """
[tool.verified_docs.exercises]
pages = ["a/*.md"]
without = ["*/index.md"]
least = 1
levels = ["easy", "hard"]
kinds = ["Predict", "Find the fault"]
"""


@pytest.fixture
def taught(project: Project) -> Project:
    """A page with one exercise, and one that has to have none."""
    project.configure(data=SETTINGS)
    answer(project, "exercise_one")
    project.write("docs/a/one.md", "# One\n\n" + exercise())
    project.write("docs/a/index.md", "# All\n")
    return project


def answer(project: Project, name: str, seconds: float = 0.1) -> None:
    snippet = project.snippet(f"a/{name}", "loss = 0.5")
    record.save(snippet, Record(snippet.digest, "1\n", values={"loss": 0.5}, seconds=seconds))


def exercise(title: str = "Predict · easy: How long?", name: str = "exercise_one", says: str = "") -> str:
    says = says or f"It is {{{{ {name}.loss:.1f}}}} long."
    return "\n".join(
        [
            f'!!! exercise "{title}"',
            "",
            "    A question of `code`.",
            "",
            "    ```python",
            "    step()",
            "    ```",
            "",
            '    ??? answer "Answer"',
            "",
            f"        {says}",
            "",
            "        ```python",
            f'        --8<-- "snippets/a/{name}.py"',
            "        ```",
            "",
            "",
        ]
    )


def test_an_exercise_has_a_kind_a_level_a_question_and_its_answers_program(taught: Project):
    assert problems(taught.config) == []
    (one,) = exercises.of(Page.read(taught.root / "docs/a/one.md", taught.config))
    assert one.parts == ("Predict", "easy", "How long?")
    assert (one.place, one.anchor) == ("docs/a/one.md:3", "exercise-one")
    assert [program.name for program in one.programs] == ["a/exercise_one"]


def test_a_page_with_too_few_exercises_is_named_and_one_that_needs_none_is_not(taught: Project):
    taught.write("docs/a/two.md", "# Two\n")
    taught.write("docs/b/three.md", "# Three\n")
    (problem,) = problems(taught.config)
    assert problem.startswith("docs/a/two.md: has 0 of at least 1 exercises; ")


def test_a_project_that_asks_for_none_has_no_rule(project: Project):
    project.write("docs/a/one.md", "# One\n")
    assert problems(project.config) == []


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("Guess · easy: How long?", "an exercise of the kind 'Guess'; "),
        ("Predict · simple: How long?", "an exercise of the level 'simple'; "),
        ("How long?", "the exercise's title 'How long?' is not of the form 'Kind · level: Question?'"),
        ("Predict easy: How long?", "the exercise's title 'Predict easy: How long?' is not of the form"),
    ],
)
def test_a_title_that_says_something_else_is_named(taught: Project, title, problem):
    taught.write("docs/a/one.md", exercise(title))
    (found,) = problems(taught.config)
    assert found.startswith(f"docs/a/one.md:1: {problem}")
    with pytest.raises(DocsError, match=r"docs/a/one\.md:1: "):
        exercises.listed(Page("", "docs/exercises.md", taught.config))


def test_an_unknown_level_names_those_there_are(taught: Project):
    taught.write("docs/a/one.md", exercise("Predict · simple: How long?"))
    assert problems(taught.config)[0].endswith("pyproject.toml has easy, hard")


def test_a_program_outside_of_the_folded_answer_is_no_answer(taught: Project):
    shown = exercise()
    opened = shown.replace('    ??? answer "Answer"\n\n', "").replace("        ", "    ")
    taught.write("docs/a/one.md", opened)
    (problem,) = problems(taught.config)
    assert problem.startswith("docs/a/one.md:1: an exercise without an answer's program: ")
    behind = shown.replace("        ```python\n        --8<--", "```python\n--8<--").replace(
        "        ```", "```"
    )
    taught.write("docs/a/one.md", behind)
    assert "an exercise without an answer's program" in problems(taught.config)[0]


def test_an_answers_program_is_called_by_what_it_is(taught: Project):
    answer(taught, "other")
    taught.write("docs/a/two.md", exercise(name="other"))
    assert problems(taught.config) == [
        "docs/a/two.md:1: snippets/a/other.py answers an exercise; its name has to begin with exercise_"
    ]


def test_an_answer_that_quotes_nothing_of_its_program_is_named(taught: Project):
    taught.write("docs/a/one.md", exercise(says="Half a meter."))
    (problem,) = problems(taught.config)
    assert problem.startswith("docs/a/one.md:1: the answer quotes nothing of its program")


def test_answers_that_take_too_long_together_are_named(taught: Project):
    answer(taught, "exercise_two", seconds=58)
    taught.write("docs/a/two.md", exercise(name="exercise_two"))
    assert problems(taught.config) == []
    answer(taught, "exercise_three", seconds=3)
    taught.write("docs/a/three.md", exercise(name="exercise_three"))
    (problem,) = problems(taught.config)
    assert problem.startswith("the exercises' answers took 61 s together")


def test_all_exercises_stand_in_one_list_by_level(taught: Project):
    for number in (2, 3):
        answer(taught, f"exercise_{number}")
    title = "Find the fault · hard: Where?"
    taught.write("docs/a/two.md", f"# Two\n\n{exercise(title, 'exercise_2')}{exercise(name='exercise_3')}")
    shown = exercises.listed(Page("", "docs/exercises.md", taught.config))
    assert shown.split("\n") == [
        "3 exercises: 2 easy, 1 hard.",
        "",
        "## Easy",
        "",
        "- One · predict: [How long?](a/one.md#exercise-one)",
        "- Two · predict: [How long?](a/two.md#exercise-3)",
        "",
        "## Hard",
        "",
        "- Two · find the fault: [Where?](a/two.md#exercise-2)",
    ]
    inside = exercises.listed(Page("", "docs/a/all.md", taught.config))
    assert "](one.md#exercise-one)" in inside


def test_a_list_of_no_exercises_says_so(project: Project):
    assert exercises.listed(Page("", "docs/exercises.md", project.config)) == "No exercises."


def test_an_exercise_in_a_fence_is_none(taught: Project):
    taught.write("docs/a/one.md", f"# One\n\n{exercise()}")
    taught.write("docs/b.md", '````\n!!! exercise "Guess"\n````\n')
    assert problems(taught.config) == []
    assert [len(exercises.of(page)) for page in every_page(taught.config)] == [0, 1, 0]


def test_the_page_shows_question_and_answer_and_links_lead_to_the_question(taught: Project):
    text = f"# One\n\n{exercise()}\n{{{{ exercises }}}}\n\nSay `{{{{ exercises }}}}`."
    shown = taught.html(text)
    title = '<p class="admonition-title" id="exercise-one">'  # what encloses the program has no name
    order = [title, "Predict · easy: How long?", "A question of", '<details class="answer">', "0.5 long",
             "vd-program", "vd-results", "</details>", "1 exercise: 1 easy.", "a/one.md#exercise-one"]  # fmt: skip
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert shown.count("{{ exercises }}") == 1


def test_mkdocs_finds_what_the_list_links_to(taught: Project):
    taught.write("docs/index.md", "# Home\n\n{{ exercises }}\n\n[gone](a/one.md#exercise-gone)\n")
    taught.write(
        "mkdocs.yml",
        """
        site_name: Toy
        strict: true
        validation: {anchors: warn}
        theme: {name: null, custom_dir: theme}
        markdown_extensions:
          - admonition
          - verified_docs.site.show: {root: !relative $config_dir}
          - pymdownx.details
          - pymdownx.snippets: {base_path: !relative $config_dir}
          - pymdownx.superfences
        """,
    )
    taught.write("theme/main.html", "{{ page.content }}")
    run = taught.python("mkdocs", "build", "--site-dir", str(taught.root / "site"))
    assert run.code == 1
    assert "exercise-gone" in run.output
    assert "exercise-one" not in run.output, "the list's own link is one that MkDocs knows"

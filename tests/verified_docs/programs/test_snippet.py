"""A program, read but not run."""

import pytest
from toy_project import Project

from verified_docs.base.errors import DocsError
from verified_docs.programs.snippet import Snippet, every_snippet


def test_its_docstring_is_a_question_and_a_caption(project: Project):
    snippet = project.snippet("a/b", "print(1)", "Is it so?\n\nThe curve goes\nup.\n")
    assert (snippet.name, snippet.place) == ("a/b", "snippets/a/b.py")
    assert snippet.question == "Is it so?"
    assert snippet.caption == "The curve goes up."


def test_its_code_is_the_program_without_the_docstring(project: Project):
    snippet = project.snippet("a", "\nimport math\n\nprint(math.pi)\n", "Two\n\nlines?")
    assert snippet.code == "import math\n\nprint(math.pi)\n"


def test_its_claims_stand_in_the_order_of_the_program(project: Project):
    code = """
        def check(x):
            assert x > 0, "positive"

        check(1)
        assert (1 +
                1 == 2)
    """
    assert project.snippet("a", code).claims == ["x > 0", "1 + 1 == 2"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"x = 1\n", "snippets/a.py:1: a snippet begins with a docstring"),
        (b'"""?"""\n\nx = = 1\n', "snippets/a.py:3: SyntaxError: invalid syntax"),
        (b'"""\xff"""\n', "snippets/a.py: is not UTF-8"),
        (b'"""?"""\n\0', "snippets/a.py.*null bytes"),
    ],
)
def test_a_program_that_cannot_be_read_is_refused_with_its_place(project: Project, source, message):
    path = project.write("snippets/a.py", "")
    path.write_bytes(source)
    with pytest.raises(DocsError, match=message):
        _ = Snippet(path, project.config).docstring


def test_what_is_private_a_conftest_or_a_result_is_no_snippet(project: Project):
    for name in ("b/two", "one", "conftest_of_peers", "_private", ".hidden", "conftest", "results/c"):
        project.snippet(name, "")
    assert [one.name for one in every_snippet(project.config)] == ["b/two", "conftest_of_peers", "one"]

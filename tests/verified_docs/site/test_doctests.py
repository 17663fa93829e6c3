"""Doctests in running text become code blocks."""

import markdown


def _html(text: str) -> str:
    return markdown.markdown(text, extensions=["verified_docs.site.doctests", "pymdownx.superfences"])


def test_a_doctest_becomes_one_code_block_and_ends_at_the_blank_line():
    html = _html("Twice:\n\n>>> double([[1]])\n[[2]]\n>>> 1 + 1\n2\n\nAfter *it*.")
    assert html.count("<pre>") == 1
    assert "blockquote" not in html
    assert html.endswith("<p>After <em>it</em>.</p>")


def test_a_doctest_at_the_end_is_closed():
    html = _html("Text:\n\n>>> 1 + 1\n2")
    assert html.count("<pre>") == html.count("</pre>") == 1


def test_a_quotation_and_a_fence_stay_what_they_are():
    assert "<blockquote>" in _html("> quoted")
    fenced = _html("```text\n>>> 1\n```")
    assert fenced.count("<pre>") == 1
    assert "```" not in fenced

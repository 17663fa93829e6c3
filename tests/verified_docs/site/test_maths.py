"""Formulas become MathML, or the build fails and says where."""

import markdown
import pytest

from verified_docs.base.errors import DocsError

OPTIONS = {
    "pymdownx.arithmatex": {"generic": True},
    "verified_docs.site.maths": {"macros": {"Var": r"\operatorname{Var}"}},
}


def convert(text: str) -> str:
    extensions = ["toc", "tables", "def_list", "footnotes", "md_in_html", "pymdownx.superfences", *OPTIONS]
    return markdown.markdown(text, extensions=extensions, extension_configs=OPTIONS)


@pytest.mark.parametrize(
    "formula", ["$x^2$", r"\(x^2\)", "Let $x^2$ be", "| a |\n|---|\n| $x^2$ |", "- $x^2$"]
)
def test_an_inline_formula_becomes_mathml(formula):
    assert '<span class="arithmatex"><math><msup><mi>x</mi><mn>2</mn></msup></math></span>' in convert(
        formula
    )


@pytest.mark.parametrize("formula", ["$$\nx\n$$", r"\[ x \]", "- item\n\n    $$\n    x\n    $$"])
def test_a_display_formula_becomes_mathml_in_a_box(formula):
    html = convert(formula)
    assert '<math display="block"><mi>x</mi></math></div>' in html
    for promise in ('tabindex="0"', 'role="group"', 'aria-label="Formula"', "data-search-exclude"):
        assert promise in html


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{aligned} a &= b < c \\ d &= e \end{aligned}",
        r"f = \begin{cases} x & x > 0 \\ 0 & x \le 0 \end{cases}",
    ],
)
def test_aligned_and_cases_have_two_rows(tex):
    assert convert(f"$$\n{tex}\n$$").count("<mtr>") == 2


def test_less_than_and_ampersand_arrive_unharmed():
    assert "<mo>&lt;</mo>" in convert("$a < b$") and "<mo>&lt;</mo>" in convert("$$\na < b\n$$")


def test_macros_come_from_the_settings():
    assert "Var" in convert(r"$\Var[x]$")


def test_a_heading_keeps_its_formula_and_its_name():
    html = convert(r"# Variance $\sigma^2$" + "\n\n[TOC]\n")
    assert "<h1" in html and "<math>" in html
    assert ">Variance σ2</a>" in html


def test_code_and_money_are_left_alone():
    html = convert("`$x^2$` costs $5 or \\$6.\n\n```\n$$x$$\n```")
    assert "<math" not in html and "$5" in html and "$6" in html and "$$x$$" in html


def test_a_bar_stands_above_its_letters():
    """The combining bar that the converter writes is set beside them by browsers."""
    assert "\N{OVERLINE}" in convert(r"$\overline{ab}$")
    assert "\N{COMBINING LOW LINE}" not in convert(r"$\overline{ab}$")


def test_bad_tex_fails_and_points_at_the_place():
    with pytest.raises(DocsError) as failure:
        convert(r"Then $y = \fooo x$.")
    assert str(failure.value) == 'Bad TeX: Unknown command "\\fooo".\n  y = \\fooo x\n      ^'


def test_the_caret_stands_under_the_right_line():
    with pytest.raises(DocsError) as failure:
        convert("$$\na + b\n= \\fooo\n+ c\n$$")
    assert str(failure.value).splitlines()[1:] == ["  a + b", r"  = \fooo", "    ^", "  + c"]


@pytest.mark.parametrize("tex", [r"\frac{1}{2", r"\left( x", "x^2^3", r"\begin{aligned} a"])
def test_unfinished_tex_fails(tex):
    with pytest.raises(DocsError, match="Bad TeX"):
        convert(f"$$\n{tex}\n$$")


@pytest.mark.parametrize("text", ["so $$x$$ follows", "so $$x follows", "$$\nx\n$$ follows"])
def test_a_display_formula_inside_a_paragraph_is_refused_not_shown_as_tex(text):
    with pytest.raises(DocsError, match="paragraph of its own"):
        convert(text)

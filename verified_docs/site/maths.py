r"""Formulas become MathML when the site is built: `$\sigma_w^2$` → `<math>…</math>`.

No script runs in the reader's browser, formulas can be selected, and screen readers read them.
`pymdownx.arithmatex` (generic: true) finds the formulas in the Markdown; this extension replaces what it
marks. TeX that math-core does not understand fails the build, with the place in the formula:

    Bad TeX: Unknown command "\fooo".
      y = \fooo x
          ^

Options: `macros`, a dictionary of TeX macros, e.g. `Var: '\operatorname{Var}'`.
"""

import html
import re
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from math_core import LatexError, LatexToMathML

from verified_docs.base.errors import DocsError

# A wide formula scrolls inside its own box. A box that scrolls must be reachable by keyboard, and what can
# be focused needs a name.
DISPLAY_BOX = {"class": "arithmatex", "tabindex": "0", "role": "group", "aria-label": "Formula"}

# Combining characters, which browsers set to the left of the letter: a bar above or below, an arrow above.
CENTERED = str.maketrans({"\u0332": "\u203e", "\u20d7": "\u2192"})


def to_mathml(tex: str, *, display: bool, macros: dict[str, str] | None = None) -> str:
    """Convert one formula.

    >>> to_mathml("x^2", display=False)
    '<math><msup><mi>x</mi><mn>2</mn></msup></math>'
    """
    try:
        mathml = _converter(macros).convert_with_local_state(tex, displaystyle=display)
    except LatexError as error:
        raise DocsError(_explain(tex, str(error))) from None
    return mathml.translate(CENTERED)


def _converter(macros: dict[str, str] | None) -> LatexToMathML:
    return LatexToMathML(macros=macros or {}, fancy_error=False)


def _explain(tex: str, error: str) -> str:
    """Put a caret under the place that the converter complains about ("12: message" in its words)."""
    place = re.match(r"(\d+): (.*)", error, re.DOTALL)
    if not place:
        return f"Bad TeX: {error}\n  {tex}"
    offset, message = int(place[1]), place[2]
    line_start = tex.rfind("\n", 0, offset) + 1
    lines = tex.split("\n")
    wrong = tex.count("\n", 0, offset)
    lines.insert(wrong + 1, " " * (offset - line_start) + "^")
    return "\n  ".join([f"Bad TeX: {message}", *lines])


def _refuse_leftovers(text: str | None, *, after_formula: bool = False) -> None:
    """A `$$` in running text is a formula that arithmatex did not find whole, and would be shown as TeX."""
    if text and ("$$" in text or (after_formula and text.startswith("$"))):
        raise DocsError(
            "Bad TeX: $$ … $$ was not understood as a formula; it must stand in a paragraph of its own:\n"
            f"  {text.strip()[:200]}"
        )


class MathMLTreeprocessor(Treeprocessor):
    r"""Replace the text of arithmatex's elements, `\(…\)` or `\[…\]`, by MathML."""

    def __init__(self, md: Markdown, macros: dict[str, str]) -> None:
        super().__init__(md)
        self.macros = macros

    def run(self, root: Element) -> None:
        for element in root.iter():
            formula = element.get("class") == "arithmatex"
            if formula and element.text:
                self.convert(element, element.text)
            elif element.tag != "code":
                _refuse_leftovers(element.text)
            _refuse_leftovers(element.tail, after_formula=formula)

    def convert(self, element: Element, wrapped: str) -> None:
        display = element.tag == "div"
        # arithmatex escapes block formulas for HTML, but not inline ones.
        tex = html.unescape(wrapped[2:-2]) if display else wrapped[2:-2]
        mathml = to_mathml(tex.strip(), display=display, macros=self.macros)
        element.text = AtomicString(self.md.htmlStash.store(mathml))
        if display:
            element.attrib.update(DISPLAY_BOX)
            # Set in two dimensions, a formula is noise in the search index; inline ones are part of a sentence.
            element.set("data-search-exclude", "")


class MathsExtension(Extension):
    """What `markdown_extensions: [verified_docs.site.maths]` turns on."""

    def __init__(self, **options: Any) -> None:
        self.config = {"macros": [{}, "TeX macros, name to replacement"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:
        # After the inline patterns (20), which find `$…$`; before toc (5), which copies headings.
        md.treeprocessors.register(MathMLTreeprocessor(md, self.getConfig("macros")), "maths", 15)


def makeExtension(**options: Any) -> MathsExtension:
    return MathsExtension(**options)

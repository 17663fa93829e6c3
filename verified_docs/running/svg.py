"""A matplotlib SVG made fit to stand inside a page.

Inlined figures share the page's ids and styles: every id that is used gets the snippet's name in front, the others go;
colors named in `[tool.verified_docs.colors]` become CSS (`#000000 = "currentColor"`), so that a figure follows the
theme; metadata and needless digits are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_USE = re.compile(r"url\(#([^)]+)\)")
_DIGITS = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
MOST = 1_000_000  # bytes
_GEOMETRY = (
    "d",
    "points",
    "x",
    "y",
    "width",
    "height",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "viewBox",
)


def themed(svg: str, *, prefix: str, description: str, colors: Mapping[str, str]) -> str:
    """The same figure, ready to be inlined; raises ValueError where it is too large.

    Args:
        svg: What matplotlib's SVG backend wrote.
        prefix: What its ids begin with; unique on the site.
        description: What it shows, for those who do not see it.
        colors: CSS colors by the lower-case hex color that they stand for.
    """
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK[1:].partition("}")[0])
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    used = {name for element in root.iter() for name in _references(element)}
    for element in root.iter():
        _rewrite(element, prefix, used, colors)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}defs" and not len(child):
                parent.remove(child)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib.pop("version", None)
    root.attrib.update(
        {
            "width": f"{float(width):g}",
            "height": f"{float(height):g}",
            "role": "img",
            "aria-label": description,
            # matplotlib leaves black unsaid; --width lets the page's style sheet bound the figure by its own size.
            "style": f"fill: {colors.get('#000000', '#000000')}; --width: {float(width):g}",
            # matplotlib says these two in a <style> that would reach every SVG of the page.
            "stroke-linejoin": "round",
            "stroke-linecap": "butt",
        }
    )
    # Alone in a browser or a README it follows the reader's scheme; inlined, it is never :root.
    style = ElementTree.Element(f"{{{_SVG}}}style")
    style.text = "@media (prefers-color-scheme: dark) { svg:root { color: #d9dde3 } }"
    root.insert(0, style)
    ElementTree.indent(root, space="")
    text = ElementTree.tostring(root, encoding="unicode") + "\n"
    if len(text) > MOST:
        raise ValueError(
            f"draws a figure of {len(text):,} bytes, and a page takes {MOST:,}: draw fewer points, "
            "or make pixels of what is many: plot(…, rasterized=True)"
        )
    return text


def _references(element: ElementTree.Element) -> list[str]:
    found = [name for value in element.attrib.values() for name in _USE.findall(value)]
    link = element.get(_XLINK) or element.get("href") or ""
    return [*found, link[1:]] if link.startswith("#") else found


def _rewrite(element: ElementTree.Element, prefix: str, used: set[str], colors: Mapping[str, str]) -> None:
    name = element.attrib.pop("id", None)
    if name in used:
        element.set("id", f"{prefix}-{name}")
    link = element.attrib.pop(_XLINK, None)
    if link is not None:
        # Not plain href: Material's instant navigation assigns to every [href], and an SVG's is read-only.
        element.set(_XLINK, f"#{prefix}-{link[1:]}" if link.startswith("#") else link)
    for key, value in list(element.attrib.items()):
        value = _USE.sub(rf"url(#{prefix}-\1)", value)
        if key in _GEOMETRY:
            value = " ".join(_DIGITS.sub(_shorter, value).split())
        element.set(key, value)
    # A presentation attribute cannot hold var(): colors move into the style.
    parts = [part.strip() for part in element.attrib.pop("style", "").split(";") if part.strip()]
    parts += [f"{key}: {element.attrib.pop(key)}" for key in ("fill", "stroke") if key in element.attrib]
    if parts:
        element.set("style", "; ".join(_themed_part(part, colors) for part in parts))


def _themed_part(part: str, colors: Mapping[str, str]) -> str:
    key, _, value = part.partition(":")
    value = value.strip()
    return f"{key.strip()}: {colors.get(value.lower(), value)}"


def _shorter(match: re.Match[str]) -> str:
    """A coordinate to a hundredth of a point."""
    return f"{round(float(match[0]), 2) + 0.0:g}"

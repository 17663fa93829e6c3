"""After the build: names of the project's own packages in programs lead to their entries on the API pages.

What is a link in

    import package as p
    from package.part import Other

    p.Name(Other)

are Name and both Others. Where each is described, mkdocstrings' inventory (`objects.inv`) knows. Only a code block that
is Python as a whole is read, so neither doctests nor parts of programs; a name that the program gives to something else
of its own as well is left alone. Text stays what it was, character by character: the copy button copies the program.
"""

from __future__ import annotations

import ast
import html
import posixpath
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from verified_docs.base import files
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.pages.described import public_names

_CODE = re.compile(r"(?<=<code>).*?(?=</code>)", re.DOTALL)
_PIECE = re.compile(r"<[^>]*>|&[^;\s]*;|[^<&]+|&", re.DOTALL)


def link_names(config: Config, site: Path) -> int:
    """Put the links into the pages of a built site; how many."""
    if not config.api.packages:
        return 0
    inventory = _inventory(site)
    for name in public_names(config):
        if name not in inventory:
            raise DocsError(
                f"{name}: is public, and the built site has no entry for it; do mkdocstrings' `filters` leave it out?"
            )
    tops = {package.partition(".")[0] for package in config.api.packages}
    total = 0
    for page in sorted(site.rglob("*.html")):
        old = page.read_text(encoding="utf-8")
        place = page.relative_to(site).as_posix()
        parts, end = [], 0
        for code in _CODE.finditer(old):
            within = old.rfind("<a ", 0, code.start()) > old.rfind("</a>", 0, code.start())
            if within or not any(top in code[0] for top in tops):
                continue
            text = html.unescape(re.sub(r"<[^>]*>", "", code[0]))
            targets = {
                span: _address(inventory[name], place)
                for span, name in names_in(text)
                if name in inventory and name.partition(".")[0] in tops
            }
            parts += [old[end : code.start()], _with_links(code[0], targets)]
            end = code.end()
            total += len(targets)
        if parts:
            files.replace(page, "".join([*parts, old[end:]]))
    return total


def names_in(program: str) -> Iterator[tuple[tuple[int, int], str]]:
    r"""Where a program names what it has imported, from and to which character, and what that is, as a dotted path.

    >>> sorted(names_in("from a.b import C as D\nD.e"))
    [((16, 17), 'a.b.C'), ((23, 24), 'a.b.C'), ((25, 26), 'a.b.C.e')]
    """
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError):
        return
    lines = program.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def at(line: int, column: int) -> int:  # ast counts columns in bytes of UTF-8
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    imported, others = _bindings(tree)

    def path_of(node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return imported.get(node.id) if node.id not in others else None
        if isinstance(node, ast.Attribute) and (owner := path_of(node.value)):
            return f"{owner}.{node.attr}"
        return None

    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                start = at(alias.lineno, alias.col_offset)
                yield (start, start + len(alias.name)), f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Name | ast.Attribute) and (path := path_of(node)):
            end = at(node.end_lineno or 0, node.end_col_offset or 0)
            yield (end - len(node.id if isinstance(node, ast.Name) else node.attr), end), path


def _bindings(tree: ast.Module) -> tuple[dict[str, str], set[str]]:
    """What the names that a program imports stand for, and the names that it gives to anything else."""
    imported: dict[str, str] = {}
    others: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                imported[alias.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            others.add(node.id)
        elif isinstance(node, ast.arg):
            others.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            others.add(node.name)
    return imported, others


def _with_links(code: str, targets: Mapping[tuple[int, int], str]) -> str:
    """The HTML of a code block, the text from and to these characters made a link."""
    found, place = [], 0
    for piece in _PIECE.findall(code):
        if piece.startswith("<"):
            found.append(piece)
            continue
        length = 1 if piece.startswith("&") else len(piece)
        end = 0
        for (start, stop), address in sorted(targets.items()):
            if place <= start and stop <= place + length:
                found += [
                    piece[end : start - place],
                    f'<a href="{address}">{piece[start - place : stop - place]}</a>',
                ]
                end = stop - place
        found.append(piece[end:])
        place += length
    return "".join(found)


def _address(entry: str, place: str) -> str:
    """The relative way from the page at `place` to an entry, as the inventory has it: `api/page/#name`."""
    path, _, anchor = entry.partition("#")
    way = posixpath.relpath(path or ".", posixpath.dirname(place) or ".")
    way = f"{way}/" if path.endswith("/") else way
    return html.escape(f"{way}#{anchor}")


def _inventory(site: Path) -> dict[str, str]:
    """Where the site describes each name: Sphinx' format, which mkdocstrings writes."""
    path = site / "objects.inv"
    if not path.is_file():
        raise DocsError("the built site has no objects.inv; is mkdocstrings among the plugins?")
    entries = zlib.decompress(path.read_bytes().split(b"\n", 4)[4]).decode("utf-8").splitlines()
    found = {}
    for entry in entries:
        name, _, _, place, _ = entry.split(" ", 4)
        found[name] = place.removesuffix("$") + name if place.endswith("$") else place
    return found

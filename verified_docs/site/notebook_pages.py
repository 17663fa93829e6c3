"""After the build: make mkdocs-jupyter's pages light, quiet and accessible.

The plugin inlines 575 kB of style sheets, a copy button of its own, and scripts that would fetch MathJax and
Mermaid from a CDN, into every page. This step

- moves the style sheets into one file, named by its content, that all notebooks' pages share;
- drops the scripts: nothing on these pages needs one;
- turns code cells into Material's own code blocks, with its colors and its copy button;
- leaves out what shows nothing: indentation around the article, marks of words that have no color of their own;
- mends what a screen reader or a keyboard would stumble over.

Run twice, it changes nothing: `python -m verified_docs.notebook_pages site`.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from verified_docs.base import files
from verified_docs.base.errors import DocsError

NOTEBOOK = '<div class="jupyter-wrapper">'
ARTICLE = re.compile(r"(?<=<article).*?(?=</article>)", re.DOTALL)
STYLE = re.compile(r"<style[^>]*>(.*?)</style>\s*", re.DOTALL)
SCRIPT = re.compile(r"<script\b.*?</script>\s*", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)

# What nbconvert says of every picture.
NO_ALT = 'alt="No description has been provided for this image"'

# What the plugin writes → what Material writes.
MENDS: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r'<div class="zeroclipboard-container">.*?</clipboard-copy>\s*</div>\s*', re.DOTALL), ""),
    (re.compile(r'<div class="clipboard-copy-txt".*?</div>\s*', re.DOTALL), ""),
    (
        re.compile(r'<div class="highlight-ipynb hl-(\w+)\s*">\s*<pre>(.*?)</pre>\s*</div>', re.DOTALL),
        r'<div class="language-\1 highlight"><pre><code>\2</code></pre></div>',
    ),
    # Names and spaces have the color that code has anyway.
    (re.compile(r'<span class="[nw]">([^<]*)</span>|<span></span>'), lambda match: match[1] or ""),
    # The plugin makes every cell a stop of the Tab key, whether it scrolls or not; accessibility.js knows better.
    (re.compile(r'(<div class="jp-[^>]*?) tabindex="0"'), r"\1"),
    # The page's menu does not list these anchors, and "¶" says nothing when it is read out.
    (re.compile(r'<a class="anchor-link"[^>]*>¶</a>'), ""),
]


def share_styles(site: Path) -> list[Path]:
    """Rewrite the notebooks' pages of a built site; returns those that were changed."""
    changed = []
    for page in sorted(site.glob("notebooks/**/*.html")):
        html = page.read_text(encoding="utf-8")
        if NOTEBOOK not in html:
            continue
        mended = _mend(html, page, site)
        if mended != html:
            files.replace(page, mended)
            changed.append(page)
    return changed


def _mend(html: str, page: Path, site: Path) -> str:
    article = ARTICLE.search(html)
    if not article:
        raise DocsError(f"{page}: a notebook's page without <article>; did the theme change?")
    content = article[0]
    sheets = list(_sheets(content))
    for unwanted in (SCRIPT, STYLE, COMMENT):
        content = unwanted.sub("", content)
    for pattern, replacement in MENDS:
        content = pattern.sub(replacement, content)
    content = content.replace(NO_ALT, f'alt="Figure: {_title(content)}"')
    if "<clipboard-copy" in content or 'class="highlight-ipynb' in content:
        raise DocsError(f"{page}: mkdocs-jupyter writes its code cells differently now; see {__name__}.MENDS")
    html = _tight(html[: article.start()]) + content + _tight(html[article.end() :])
    if sheets:
        shared = _share("\n".join(sheets), site)
        href = os.path.relpath(shared, page.parent).replace(os.sep, "/")
        html = html.replace("</head>", f'<link rel="stylesheet" href="{href}">\n</head>', 1)
    return html


def _tight(html: str) -> str:
    """Without indentation and empty lines, which are a fifth of the theme's frame around a page."""
    return re.sub(r"\n\s+", "\n", html)


def _title(content: str) -> str:
    """The notebook's heading, which is the program's question: what its figure answers."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", content, re.DOTALL)
    return re.sub(r"<[^>]+>", "", heading[1]).strip().replace('"', "&quot;") if heading else "result"


def _sheets(content: str) -> Iterator[str]:
    """The style sheets without the last one, which is a Python list printed by mistake."""
    for style in STYLE.finditer(content):
        css = style[1].strip()
        if not css.startswith("["):
            yield css


def _share(css: str, site: Path) -> Path:
    name = f"notebook.{files.digest(css)[:8]}.css"
    shared = site / "assets" / "stylesheets" / name
    if not shared.exists():
        files.replace(shared, css)
    return shared


def main() -> None:
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    if not site.is_dir():
        raise SystemExit(f"There is no site at {site}. Build it first: nox -s docs")
    print(f"{len(share_styles(site))} notebook pages made lighter.")


if __name__ == "__main__":
    main()

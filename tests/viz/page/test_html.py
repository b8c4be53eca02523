"""The page as text: what it says is what was computed, and nothing else can run in it."""

import base64
import hashlib
import json
import math
import re
import zlib
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tr
import viz
from tests.viz.page.unpack import at, inflated, members, series_of, shown, unpacked, uses, written
from tinygrad_rnn.graph import topological
from viz import build, page
from viz.errors import VizError
from viz.page.pack import pack
from viz.page.series import Pool, gradient_code, gradient_codes, gradients, values
from viz.reading.folding import Sizes
from viz.style import Scale

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<b>bold</b>",
    "a:b",
    "two\nlines",
    "\N{PARTY POPPER}\N{RIGHT-TO-LEFT OVERRIDE}evil",
    "<!--DATA-->",
    "${x} $& \\1 \\u003c",
]


def traced(cell=tr.LSTMCell, steps=4, hidden=3, seed=0):
    rng = np.random.default_rng(seed)
    run = tr.unroll(cell(2, hidden, rng=rng), rng.normal(size=(steps, 2, 2)))
    last = getattr(run.final, "h", run.final)
    loss = (last * last).sum()
    return loss, tr.trace(loss)


def rendered(loss, flow, **kwargs):
    levels = page.levels(loss, flow)
    scale = Scale.fit([flow]) if flow else Scale(1.0, -1.0, 1.0)
    return page.render({"LSTM": levels}, scale, **kwargs)


@pytest.mark.parametrize("cell", [tr.RNNCell, tr.LSTMCell, tr.GRUCell])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_every_edge_shows_the_gradient_that_was_computed(cell, steps):
    loss, flow = traced(cell, steps)
    _, drawing, series = unpacked(rendered(loss, flow))
    sent = {(edge.consumer.index, edge.slot): edge for edge in flow.edges}
    by_id = uses(loss)
    seen = set()
    for id_, group, i in members(drawing["pictures"][0]["levels"]["op"]["edges"], series):
        if id_ not in by_id:
            assert group["rail"]  # a rail sums several edges: see the next test
            continue
        tensor, slot = by_id[id_]
        edge = sent.pop((tensor.index, slot), None)
        code = at(group["gradient"][0], series, i) if "gradient" in group else 0
        assert shown(code) == (written(edge.l2) if edge else "none")
        if edge:
            assert shown(at(group["gradient"][1], series, i)) == written(edge.rms)
            assert shown(at(group["gradient"][2], series, i)) == written(edge.max)
        seen.add(id_)
    assert not sent
    assert seen == set(by_id)


def test_every_node_shows_the_sum_that_reached_it():
    loss, flow = traced(tr.LSTMCell, 6)
    _, drawing, series = unpacked(rendered(loss, flow))
    tensors = {f"n{i}": tensor for i, tensor in enumerate(topological(loss))}
    found = 0
    for id_, group, i in members(drawing["pictures"][0]["levels"]["op"]["nodes"], series):
        if id_ not in tensors:
            continue
        tensor = tensors[id_]
        code = at(group["gradient"][0], series, i) if "gradient" in group else 0
        expected = written(flow.norm(tensor)) if flow.gradient(tensor) is not None else "none"
        assert shown(code) == expected
        if "values" in group:
            decimals = group["values"]["decimals"]
            spread = (tensor.data.min(), tensor.data.mean(), tensor.data.max())
            for column, value in zip(group["values"]["places"], spread, strict=True):
                error = abs(at(column, series, i) / 10**decimals - value)
                assert error <= 0.5 * 10**-decimals * (1 + 1e-9)
        found += 1
    assert found > 6 * 8


def test_strips_and_shares_are_those_of_the_flow():
    rng = np.random.default_rng(0)
    cell = tr.LSTMCell(2, 3, rng=rng)
    run = tr.unroll(cell, rng.normal(size=(5, 1, 2)))
    loss = (run.final.h * run.final.h).sum()
    flow = tr.trace(loss)
    _, drawing, series = unpacked(rendered(loss, flow))
    picture = drawing["pictures"][0]
    for strip in picture["strips"]:
        values_ = flow.through_time(run)[strip["state"]]
        assert [shown(at(strip["values"], series, i)) for i in range(5)] == list(
            map(written, values_)
        )
    for parameter in picture["parameters"]:
        tensor = next(
            p for name, p in vars(cell).items() if name == parameter["name"].split(".")[-1]
        )
        assert shown(at(parameter["gradient"][0], series, 0)) == written(flow.norm(tensor))
        parts = [np.linalg.norm(part) for part in flow.contributions(tensor)]
        steps = [s for first, last in parameter["steps"] for s in range(first, last + 1)]
        codes = [at(parameter["shares"]["gradient"][0], series, i) for i in range(len(steps))]
        assert [shown(code) for code in codes] == list(map(written, parts[-len(steps) :]))


def in_order(level, series):
    """Every edge with a gradient, as the page plays them."""
    played = [
        (at(group["order"], series, i), group, i)
        for _, group, i in members(level["edges"], series)
        if "order" in group
    ]
    return sorted(played, key=lambda one: one[0])


def test_the_sweep_passes_the_edges_in_the_engines_order():
    loss, flow = traced(tr.GRUCell, 5)
    _, drawing, series = unpacked(rendered(loss, flow))
    level = drawing["pictures"][0]["levels"]["op"]
    played = [
        shown(at(group["gradient"][0], series, i))
        for _, group, i in in_order(level, series)
        if not group.get("rail")
    ]
    assert played == [written(edge.l2) for edge in flow.edges]


@pytest.mark.parametrize("detail", ["gate", "cell", "step"])
def test_a_coarser_sweep_goes_from_the_loss_back_through_time(detail):
    loss, flow = traced(tr.LSTMCell, 6)
    _, drawing, series = unpacked(rendered(loss, flow))
    level = drawing["pictures"][0]["levels"][detail]
    played = in_order(level, series)
    assert len({rank for rank, _, _ in played}) == len(played)
    steps = [
        [s for first, last in group["steps"] for s in range(first, last + 1)][i]
        for _, group, i in played
        if "steps" in group and group["target"][1] is not None
    ]
    assert steps == sorted(steps, reverse=True)
    assert len(set(steps)) == 6


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name):
    rng = np.random.default_rng(0)
    cell = tr.RNNCell(2, 2, rng=rng)
    run = tr.unroll(cell, rng.normal(size=(3, 1, 2)))
    loss = run.final.sum()
    loss.name = cell.weight_ih.name = name
    flow = tr.trace(loss)
    html = page.render({name: page.levels(loss, flow)}, Scale.fit([flow]), title=name, detail=name)
    assert html.count("<script") == 2
    assert html.count("</script>") == 2
    assert "<img" not in html
    _, drawing, _ = unpacked(html)
    picture = drawing["pictures"][0]
    assert picture["name"] == name
    assert name in {group.get("name") for group in picture["levels"]["op"]["nodes"]}
    assert name in {parameter["name"] for parameter in picture["parameters"]}


def test_the_policy_names_the_one_style_sheet_and_the_two_scripts():
    html = rendered(*traced())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        text = re.search(rf"<{tag}>(.*?)</{tag.split()[0]}>", html, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    packed = json.loads(re.search(r'id="data">(.*?)</script>', html)[1])["program"]
    program = zlib.decompress(base64.b85decode(packed.replace(",", "<")))
    digest = base64.b64encode(hashlib.sha256(program).digest()).decode()
    assert f" 'sha256-{digest}'; style-src" in policy
    assert len(re.findall("<style", html)) == 1
    assert not re.search(r"\sstyle=|\son[a-z]+=", html)


def test_nothing_is_loaded_from_anywhere():
    html = rendered(*traced())
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(|\bfetch\(|XMLHttp|import\(|src=", html)


def test_the_same_graph_gives_the_same_bytes():
    assert rendered(*traced(seed=3)) == rendered(*traced(seed=3))


def test_a_graph_without_a_flow_is_shown_too():
    loss, _ = traced()
    _, drawing, _ = unpacked(rendered(loss, None))
    picture = drawing["pictures"][0]
    assert picture["has_flow"] is False
    assert all("gradient" not in edge for edge in picture["levels"]["op"]["edges"])


def test_a_graph_too_large_for_a_browser_is_shown_coarser_and_the_page_says_so(monkeypatch):
    loss, flow = traced()
    monkeypatch.setattr(build, "MAX_ON_A_PAGE", 100)
    assert list(page.levels(loss, flow)) == ["cell", "step"]
    _, drawing, _ = unpacked(rendered(loss, flow))
    assert "too large" in drawing["pictures"][0]["levels"]["cell"]["notes"][0]


def test_levels_without_anything_to_see_are_left_out():
    x = tr.Tensor([[1.0, 2.0]], requires_grad=True, name="x")
    loss = (np.tanh(x) * x).sum()
    levels = page.levels(loss, tr.trace(loss))
    assert "op" in levels
    assert "step" not in levels


def test_nothing_to_show_is_an_error():
    with pytest.raises(VizError, match="at least one drawing"):
        page.render({}, Scale(1.0, -1.0, 1.0))
    with pytest.raises(VizError, match="at least one drawing"):
        page.render({"LSTM": {}}, Scale(1.0, -1.0, 1.0))


def test_a_thousand_steps_of_an_lstm_at_op_detail_stay_below_150_kilobytes():
    loss, flow = traced(tr.LSTMCell, 1000, hidden=16)
    html = rendered(loss, flow)
    assert len(html.encode()) < 150_000
    _, drawing, _ = unpacked(html)
    level = drawing["pictures"][0]["levels"]["op"]
    steps = (group.get("steps", []) for group in level["edges"])
    drawn = sum(last - first + 1 for runs in steps for first, last in runs)
    assert drawn > 15_000  # nothing was left out


def test_so_does_one_with_a_loss_at_every_step():
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.LSTMCell(3, 16, rng=rng), rng.normal(size=(1000, 2, 3)))
    readout = tr.Parameter(rng.normal(size=(5, 16)), name="readout")
    losses = [tr.cross_entropy(tr.f.linear(h, readout), np.array([1, 3])) for h in run.hidden]
    loss = np.stack(losses).mean()
    assert len(rendered(loss, tr.trace(loss)).encode()) < 150_000


def test_lines_from_every_step_to_one_place_are_one_group(monkeypatch):
    # A page leaves numbers where its templates do.
    monkeypatch.setattr("viz.drawing.settle", lambda model, scale: None)
    rng = np.random.default_rng(0)
    run = tr.unroll(tr.RNNCell(2, 3, rng=rng), rng.normal(size=(9, 1, 2)))
    loss = np.square(np.stack([np.square(h).sum() for h in run.hidden])).sum()
    flow = tr.trace(loss)
    levels = page.levels(loss, flow)
    html = page.render({"": levels}, Scale.fit([flow]))
    _, drawing, series = unpacked(html)
    nodes = drawing["pictures"][0]["levels"]["op"]["nodes"]
    fan, *others = [
        group
        for group in drawing["pictures"][0]["levels"]["op"]["edges"]
        if nodes[group["target"][0]]["op"] == "stack"
    ]
    assert len(others) == 1  # the last step's line goes straight on
    assert fan["steps"] == [[0, 7]]
    assert fan["source"][1] == 0
    assert fan["target"][1] is None
    origins = next(
        {"steps": one["steps"], "x": one["x"]}
        for one in drawing["pictures"][0]["levels"]["op"]["origins"]
        if one["layer"] == nodes[fan["source"][0]]["layer"]
    )
    model = viz.draw(loss, flow, steps="all", numbers=True).model
    names = {node.id: node for node in model.nodes}
    edges = [edge for edge in model.edges if names[edge.target].op == "stack"][:-1]
    assert len(edges) == 8
    for i, edge in enumerate(edges):
        assert at(fan["slot"], series, i) == edge.slot == i
        place = [at(v, series, i) / 10 if isinstance(v, list) else v for v in fan["place"]]
        left = at(origins["x"], series, i) / 10
        for k, (x, y) in enumerate([*edge.points, edge.label]):
            assert place[2 * k] + left == pytest.approx(x, abs=0.6)
            assert place[2 * k + 1] == pytest.approx(y, abs=0.6)


def test_a_page_beyond_its_bytes_keeps_two_digits_and_says_so(monkeypatch):
    loss, flow = traced()
    monkeypatch.setattr("viz.page.collected.POOL_BYTES", 10)
    _, drawing, series = unpacked(rendered(loss, flow))
    assert drawing["fine"] is False
    by_id = uses(loss)
    sent = {(edge.consumer.index, edge.slot): edge for edge in flow.edges}
    for id_, group, i in members(drawing["pictures"][0]["levels"]["op"]["edges"], series):
        if id_ in by_id and "gradient" in group:
            tensor, slot = by_id[id_]
            code = at(group["gradient"][0], series, i)
            assert shown(code, False) == written(sent[tensor.index, slot].l2, False)


@given(
    st.lists(st.integers(-(2**29), 2**29 + 2), max_size=20), st.integers(0, 20), st.integers(0, 20)
)
def test_a_pool_gives_back_every_series_and_its_parts(numbers, start, length):
    pool = Pool()
    parts = [numbers, numbers[start : start + length], numbers[1:], numbers[:-1], numbers]
    places = [pool.add(part) for part in parts]
    specs, order, deflated = pool.written()
    series = series_of(zlib.decompress(deflated), {"series": specs, "order": order})
    for part, (which, offset) in zip(parts, places, strict=True):
        assert series[which][offset : offset + len(part)] == part
    assert len(pool.series) <= 2 + (start > 0)


positive = st.floats(min_value=0, max_value=1e307) | st.sampled_from([math.inf, math.nan])


@given(positive, st.booleans())
def test_a_gradients_code_holds_its_digits(value, fine):
    assert shown(gradient_code(value, fine), fine) == written(value, fine)


@given(st.lists(positive, max_size=6), st.booleans())
def test_many_codes_at_once_are_those_of_each(found, fine):
    codes = gradient_codes(np.array(found, dtype=float), fine)
    assert codes.tolist() == [gradient_code(value, fine) for value in found]


def test_codes_of_what_lies_between_two_numbers_are_rounded_as_text_is():
    exponents = np.arange(-300, 300)
    halves = np.array([float(f"{m}5e{e}") for e in exponents for m in (1000, 1234, 9994, 9999)])
    around = np.concatenate([halves, np.nextafter(halves, 0), np.nextafter(halves, np.inf)])
    for fine in (True, False):
        expected = [gradient_code(value, fine) for value in around.tolist()]
        assert gradient_codes(around, fine).tolist() == expected


@given(st.lists(st.one_of(st.none(), positive), max_size=6))
def test_gradients_are_kept_in_the_norms_asked_for(found):
    there = np.array([value is not None for value in found], dtype=bool)
    l2 = np.array([np.nan if value is None else value for value in found], dtype=float)
    sizes = Sizes(l2, l2 / 2, l2 / 3, there)
    pool = Pool()
    places = gradients(sizes, ("rms", "max"), pool)
    for i, value in enumerate(found):
        texts = [shown(int(pool.series[k][offset + i])) for k, offset in places]
        expected = ["none"] * 2 if value is None else [written(value / 2), written(value / 3)]
        assert texts == expected


@pytest.mark.parametrize(
    ("norm", "kept"), [("l2", ["l2", "max"]), ("rms", ["rms", "max"]), ("max", ["max", "l2"])]
)
def test_a_large_page_keeps_the_norm_that_it_draws_and_another(monkeypatch, norm, kept):
    loss, flow = traced()
    monkeypatch.setattr("viz.page.pack.MAX_PARTS_IN_ALL_NORMS", 100)
    html = page.render({"": page.levels(loss, flow, norm)}, Scale.fit([flow], norm))
    _, drawing, series = unpacked(html)
    assert drawing["norms"] == kept
    by_id = uses(loss)
    sent = {(edge.consumer.index, edge.slot): edge for edge in flow.edges}
    for id_, group, i in members(drawing["pictures"][0]["levels"]["op"]["edges"], series):
        if id_ in by_id and "gradient" in group:
            tensor, slot = by_id[id_]
            edge = sent[tensor.index, slot]
            codes = [at(place_, series, i) for place_ in group["gradient"]]
            assert [shown(code) for code in codes] == [written(getattr(edge, n)) for n in kept]


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=5),
    st.integers(2, 4),
)
def test_values_are_true_to_every_digit_kept(numbers, digits):
    pool = Pool()
    with np.errstate(all="ignore"):
        kept = values(np.array([[n] for n in numbers]), digits, pool)
    (which, offset), decimals = kept["places"][0], kept["decimals"]
    for i, number in enumerate(numbers):
        code = int(pool.series[which][offset + i])
        if not math.isfinite(number):
            assert code == 2**29 + (0 if math.isnan(number) else 1 if number > 0 else 2)
            continue
        # Rounded to a whole multiple of 10**-decimals, give or take the rounding of the product.
        exact = Fraction(number) * Fraction(10) ** decimals
        assert abs(exact - code) <= Fraction(1, 2) + abs(exact) / 10**12
        assert abs(code) <= 10**digits


def test_a_number_beyond_the_pool_is_an_error():
    with pytest.raises(VizError, match="too long for a page"):
        Pool().add([2**30])


def test_irregular_graphs_can_be_packed():
    x = tr.Tensor([[1.0, 2.0]], requires_grad=True, name="x")
    loss = (x * x).sum()
    text = pack({"": page.levels(loss, tr.trace(loss))})
    assert json.loads(inflated(text["drawing"]))["pictures"][0]["levels"]["op"]["edges"]


def test_twenty_questions_have_three_clicks_at_most_and_name_what_the_page_has():
    root = Path(__file__).parents[3]
    recipe = (root / ".github" / "recipes" / "twenty-questions-to-a-page.md").read_text("utf-8")
    rows = [line.split("|")[1:-1] for line in recipe.splitlines() if re.match(r"\| \d", line)]
    assert [int(number) for number, *_ in rows] == list(range(1, 21))
    assets = files("viz").joinpath("page", "assets")
    written = " ".join(one.read_text("utf-8") for one in assets.iterdir())
    for _, _, clicks, action in rows:
        assert int(clicks) <= 3
        for label in re.findall(r"\*\*(.*?)\*\*", action):
            assert label in written

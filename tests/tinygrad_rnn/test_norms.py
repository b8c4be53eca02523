"""Norms, and those of a flow's edges: taken singly, joined, or from the parts of a product."""

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import norms as norms_room
from tinygrad_rnn.norms import CHUNK, MAX_ELEMENTS_JOINED, norms, norms_of_outer_products, size

DTYPES = (np.float16, np.float32, np.float64)
COUNTS = (1, 7, MAX_ELEMENTS_JOINED - 1, MAX_ELEMENTS_JOINED, MAX_ELEMENTS_JOINED + 1, 4000)


def exact(array):
    """The norms of an array, in Python's own numbers, which neither lose nor overflow here."""
    values = [abs(float(x)) for x in np.ravel(array)]
    largest = max(values, default=0.0)
    if not np.isfinite(values).all():
        return (np.nan, np.nan) if np.isnan(values).any() else (np.inf, np.inf)
    if largest == 0:
        return 0.0, 0.0
    return largest * sum((x / largest) ** 2 for x in values) ** 0.5, largest


def close(found, array):
    rel = {2: 1e-3, 4: 2e-6, 8: 1e-12}[array.dtype.itemsize]
    return found == pytest.approx(exact(array), rel=rel, abs=0, nan_ok=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", COUNTS)
def test_norms_at_any_scale(dtype, count):
    """Also where the squares would be lost or overflow."""
    limits = np.finfo(dtype)
    rng = np.random.default_rng(count)
    plain = rng.uniform(0.1, 0.9, count) * rng.choice([-1.0, 1.0], count)
    extremes = [float(limits.smallest_subnormal) * 20, float(limits.tiny) * 2, float(limits.max)]
    decades = np.log10(extremes[1:])
    scales = [0.0, 1.0, *extremes, *(10.0 ** np.linspace(*decades, 20)[:-1])]
    arrays = [(plain * scale).astype(dtype) for scale in scales]
    for array in arrays:
        assert close(size(array), array)
    for found, array in zip(norms(arrays), arrays, strict=True):
        assert close(found, array)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_norms_of_what_is_not_finite(dtype, count, bad):
    for place in (0, count // 2, count - 1):
        array = np.linspace(-3, 2, count).astype(dtype)
        array[place] = bad
        fine = np.ones(5, dtype)
        found = norms([fine, array, fine])
        expected = [exact(fine), exact(array), exact(fine)]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert size(array) == pytest.approx(exact(array), nan_ok=True)


def test_norms_of_every_shape_together():
    rng = np.random.default_rng(0)
    cube = rng.normal(size=(30, 40, 50))
    arrays = [cube, cube[:, 1, ::2], cube.T, np.zeros((0, 3)), cube[0, 0, 0], cube[::-1, 3, 4]]
    for found, array in zip(norms(arrays), arrays, strict=True):
        assert close(found, array)
    assert norms([]) == []


def test_sums_over_many_float32_squares_stay_right():
    rng = np.random.default_rng(0)
    array = rng.uniform(0.5, 1.0, 20 * CHUNK + 3).astype(np.float32)
    assert size(array)[0] == pytest.approx(np.linalg.norm(array.astype(np.float64)), rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e-21, 1e-30, 1e25, np.inf, np.nan, 0.0])
def test_norms_of_outer_products_are_those_of_the_products(scale):
    """In float32 products of 1e-30 vanish, and those of 1e25 are infinite."""
    rng = np.random.default_rng(1)
    a, b = (rng.normal(size=n).astype(np.float32) for n in (5, 6))
    a, b = a * np.float32(scale), b * np.float32(min(scale, 1e30))
    with np.errstate(all="ignore"):
        (found,) = norms_of_outer_products([a], [b])
        assert found == pytest.approx(exact(np.outer(a, b)), rel=1e-5, abs=0, nan_ok=True)


def run_of(kind, batch, hidden, dtype, steps=3):
    rng = np.random.default_rng(hidden)
    cell = {"rnn": tr.RNNCell, "lstm": tr.LSTMCell, "gru": tr.GRUCell}[kind](
        5, hidden, dtype=dtype, rng=0
    )
    x = tr.Tensor(rng.normal(size=(steps, batch, 5)), requires_grad=True, dtype=dtype)
    return tr.unroll(cell, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [1, 2, 40])
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_every_edge_tells_what_an_observer_sees(kind, batch, dtype):
    """A batch of 1 has outer products, one of 40 arrays too large to be joined."""
    loss = np.square(run_of(kind, batch, 30, dtype).outputs).sum()
    seen = {}

    def watch(consumer, slot, source, contribution):
        seen[consumer.index, slot] = contribution

    loss.backward(observer=watch)
    flow = tr.trace(loss)
    assert [(edge.consumer.index, edge.slot) for edge in flow.edges] == list(seen)
    for edge, contribution in zip(flow.edges, seen.values(), strict=True):
        assert edge.source is edge.consumer.inputs[edge.slot]
        found = np.array([edge.l2, edge.max, edge.rms])
        l2, largest = exact(contribution)
        rel = 1e-4 if dtype == np.float32 else 1e-9
        assert found == pytest.approx([l2, largest, l2 / contribution.size**0.5], rel=rel)
        assert edge.finite


def test_edges_do_not_depend_on_how_many_are_measured_at_once(monkeypatch):
    loss = np.square(run_of("lstm", 1, 6, np.float64).outputs).sum()
    whole = tr.trace(loss).edges
    monkeypatch.setattr("tinygrad_rnn.flow.MEASURED_AT_ONCE", 7)
    assert [tuple(map(id, edge[:3])) for edge in tr.trace(loss).edges] == [
        tuple(map(id, edge[:3])) for edge in whole
    ]
    pieces = [(edge.l2, edge.max) for edge in tr.trace(loss).edges]
    assert pieces == [pytest.approx((edge.l2, edge.max), rel=1e-14) for edge in whole]


def test_large_contributions_are_not_held(monkeypatch):
    """What waits to be measured is small, however large the network is."""
    waited = []
    small = norms_room.norms
    monkeypatch.setattr("tinygrad_rnn.flow.norms", lambda a: waited.extend(a) or small(a))
    loss = np.square(run_of("gru", 40, 30, np.float64).outputs).sum()
    assert tr.trace(loss).edges
    assert waited
    assert all(array.size <= MAX_ELEMENTS_JOINED for array in waited)


def test_a_weight_of_single_rows_and_of_batches_gets_its_whole_gradient():
    """Uses of both kinds: some are summed up by the sweep at once, the others one by one."""
    rng = np.random.default_rng(2)
    weight = tr.Tensor(rng.normal(size=(3, 4)), requires_grad=True)
    xs = [tr.Tensor(rng.normal(size=(rows, 4))) for rows in (1, 5, 1, 2, 1)]
    loss = sum(np.tanh(tr.f.linear(x, weight)).sum() for x in xs)
    (expected,) = tr.grad(loss, [weight])
    flow = tr.trace(loss)
    np.testing.assert_allclose(flow.gradient(weight), expected.data, rtol=1e-12)
    np.testing.assert_allclose(sum(flow.contributions(weight)), expected.data, rtol=1e-12)
    into = [edge.l2 for edge in flow.edges if edge.source is weight]
    shares = [np.linalg.norm(share) for share in flow.contributions(weight)]
    np.testing.assert_allclose(into[::-1], shares, rtol=1e-12)


def test_through_time_is_the_norm_of_every_state():
    run = run_of("lstm", 2, 6, np.float64, steps=5)
    flow = tr.trace(run.outputs[:4].sum())
    found = flow.through_time(run)
    for part in ("h", "c"):
        states = [getattr(state, part) for state in run.states]
        assert found[part].tolist() == [flow.norm(state) for state in states]
        assert (found[part] > 0).tolist() == [True, True, True, True, False]

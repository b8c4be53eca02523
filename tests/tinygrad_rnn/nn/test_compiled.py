"""The compiled loops against their plain twins, NumPy's: the same numbers for every cell."""

import sys

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.nn.fused import base

numba = pytest.importorskip("numba", reason="the extra `fast` is not installed")
CELLS = {
    "rnn": tr.RNNCell,
    "lstm": tr.LSTMCell,
    "gru": tr.GRUCell,
}


def gradients(kind, dtype, shape, inputs_need_one, size=5):
    """Outputs and all gradients of a loss at every step, from a given state."""
    rng = np.random.default_rng(3)
    cell = CELLS[kind](shape[2], size, rng=rng, dtype=dtype)
    for parameter in cell.parameters():
        parameter.data = rng.normal(scale=0.7, size=parameter.shape)
    x = tr.Tensor(rng.normal(size=shape), requires_grad=inputs_need_one, dtype=dtype)
    start = [
        tr.Tensor(rng.normal(size=(shape[1], size)), requires_grad=True, dtype=dtype)
        for _ in cell.parts
    ]
    state = tuple(start) if kind == "lstm" else start[0]
    run = tr.unroll(cell, x, state, engine="fused")
    weights = rng.normal(size=run.outputs.shape).astype(dtype)
    loss = (run.outputs * weights).sum()
    if kind == "lstm":
        loss = loss + (run.final.c * weights[0]).sum()
    leaves = [*cell.parameters(), *start, *([x] if inputs_need_one else [])]
    return run.outputs.data, [gradient.data for gradient in tr.grad(loss, leaves)]


@pytest.mark.parametrize("way", ["compiled as a whole", "products left to BLAS"])
@pytest.mark.parametrize("inputs_need_one", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 2), (7, 1, 3), (4, 3, 2)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("kind", CELLS)
def test_compiled_and_plain_loops_agree(
    kind, dtype, tolerance, shape, inputs_need_one, way, with_compiled_loops, monkeypatch
):
    used = []
    loops = with_compiled_loops()
    if way == "products left to BLAS":
        monkeypatch.setattr(loops, "SEQUENCES", 0)
    monkeypatch.setattr(base, "compiled_loops", lambda: used.append(1) or loops)
    outputs, found = gradients(kind, dtype, shape, inputs_need_one)
    assert len(used) == 2  # forwards and backwards
    monkeypatch.setattr(base, "compiled_loops", lambda: None)
    plain_outputs, expected = gradients(kind, dtype, shape, inputs_need_one)
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, plain_outputs, rtol=tolerance, atol=tolerance)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("what", ["padded", "relu", "reset after", "float16"])
def test_what_has_no_compiled_form_takes_the_plain_loops(what, with_compiled_loops, monkeypatch):
    class Trap:
        def __getattr__(self, name):
            raise AssertionError(f"{name} was called")

    monkeypatch.setattr(base, "compiled_loops", Trap)
    cell = {
        "float16": lambda: tr.LSTMCell(2, 3, dtype=np.float16, rng=0),
        "relu": lambda: tr.RNNCell(2, 3, nonlinearity="relu", rng=0),
        "reset after": lambda: tr.GRUCell(2, 3, reset="after", rng=0),
    }.get(what, lambda: tr.RNNCell(2, 3, rng=0))()
    lengths = [3, 2] if what == "padded" else None
    inputs = np.ones((3, 2, 2), cell.weight_ih.dtype)
    run = tr.unroll(cell, inputs, lengths=lengths, engine="fused")
    run.outputs.sum().backward()
    assert np.isfinite(cell.weight_hh.grad).all()


@pytest.mark.parametrize("inputs", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("weights", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("kind", CELLS)
def test_any_two_dtypes_meet_as_with_the_plain_loops(
    kind, weights, inputs, with_compiled_loops, monkeypatch
):
    def swept():
        cell = CELLS[kind](2, 3, dtype=weights, rng=0)
        run = tr.unroll(cell, np.ones((3, 2, 2), inputs), engine="fused")
        run.outputs.sum().backward()
        return run.outputs.data, cell.weight_hh.grad

    expected = swept()
    monkeypatch.setattr(base, "compiled_loops", with_compiled_loops)
    for one, other in zip(swept(), expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("fault", ["NUMBA_DISABLE_JIT", "another NumPy"])
def test_a_numba_that_cannot_be_used_is_done_without_and_said_to_be_so(
    fault, with_compiled_loops, monkeypatch
):
    monkeypatch.delitem(sys.modules, "tinygrad_rnn.nn.fused.compiled", raising=False)
    if fault == "NUMBA_DISABLE_JIT":
        monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    else:
        monkeypatch.delattr(numba, "njit")
    found = with_compiled_loops.__wrapped__  # past its cache
    with pytest.warns(RuntimeWarning, match=r"Numba is installed but cannot be used \(ImportError"):
        assert found() is None


def test_where_there_is_no_numba_nothing_is_said(with_compiled_loops, monkeypatch):
    monkeypatch.delitem(sys.modules, "tinygrad_rnn.nn.fused.compiled", raising=False)
    hidden = [name for name in sys.modules if name.partition(".")[0] == "numba"]
    for name in hidden:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Hides(), *sys.meta_path])
    assert with_compiled_loops.__wrapped__() is None


class Hides:
    """An importer that finds no Numba, before the others are asked."""

    def find_spec(self, name, path=None, target=None):
        if name == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name=name)
        return


def test_nan_stays_nan(with_compiled_loops, monkeypatch):
    monkeypatch.setattr(base, "compiled_loops", with_compiled_loops)
    inputs = np.ones((3, 1, 2))
    inputs[1] = np.nan
    for kind in CELLS.values():
        run = tr.unroll(kind(2, 3, rng=0), inputs, engine="fused")
        assert np.isfinite(run.outputs.data[0]).all()
        assert np.isnan(run.outputs.data[1:]).all()


@pytest.fixture(scope="module")
def tanh_of_row():
    from tinygrad_rnn.nn.fused import compiled

    tanh = compiled.tanh

    @numba.njit(**compiled.OPTIONS)  # not kept for later: it would hide a change
    def fill(x, out):
        for j in range(len(x)):
            out[j] = tanh(x[j])

    def of_row(x):
        out = np.empty_like(x)
        fill(x, out)
        return out

    return of_row


def test_float32_tanh_errs_by_four_ulp_at_most_and_never_exceeds_one(tanh_of_row):
    bits = np.arange(np.float32(1e-38).view(np.int32), np.float32(11).view(np.int32), 797)
    x = bits.astype(np.int32).view(np.float32)
    y, true = tanh_of_row(x), np.tanh(x.astype(np.float64))
    ulp = np.spacing(np.minimum(true.astype(np.float32), np.float32(1 - 2**-24)))
    assert np.abs((y - true) / ulp).max() <= 4
    assert y.max() == 1
    np.testing.assert_array_equal(tanh_of_row(-x), -y)


def test_float64_tanh_errs_by_four_ulp_at_most(tanh_of_row):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 2, 100_000), 10 ** rng.uniform(-8, 1.5, 100_000)])
    y, true = tanh_of_row(x), np.tanh(x)
    assert np.abs((y - true) / np.spacing(np.minimum(true, 1 - 2**-53))).max() <= 4
    np.testing.assert_array_equal(tanh_of_row(-x), -y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_at_its_ends(dtype, tanh_of_row):
    x = np.array([0, -0.0, 50, -50, np.inf, -np.inf, np.nan], dtype)
    y = tanh_of_row(x)
    np.testing.assert_array_equal(y, [0, 0, 1, -1, 1, -1, np.nan])
    np.testing.assert_array_equal(np.signbit(y[:2]), [False, True])


def test_without_a_place_for_the_results_it_still_compiles(with_compiled_loops, monkeypatch):
    loops = with_compiled_loops()

    def njit(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'f': no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(loops, "njit", njit)
    x = np.ones(3)

    @loops.compiled
    def double(x):
        for j in range(len(x)):
            x[j] *= 2

    double(x)
    assert x.tolist() == [2, 2, 2]

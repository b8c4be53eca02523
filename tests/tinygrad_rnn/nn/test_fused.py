"""The fused engine equals the op graph in everything but speed, and tests that would notice."""

import importlib
import inspect
import types
from itertools import product

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.nn import fused
from tinygrad_rnn.nn.fused import base

CELLS = {
    "rnn": (tr.RNNCell, {}),
    "rnn relu": (tr.RNNCell, {"nonlinearity": "relu"}),
    "rnn identity": (tr.RNNCell, {"nonlinearity": "identity"}),
    "lstm": (tr.LSTMCell, {}),
    "gru": (tr.GRUCell, {}),
    "gru after": (tr.GRUCell, {"reset": "after"}),
}
T, B, D, H = 7, 3, 2, 4


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def results(name, engine, bias=True, dtype=np.float64, **options):
    """Everything that can differ: outputs, states, and the gradient of all that goes in.

    The loss asks for the outputs, for h and c at two steps apart, and for the final state.
    """
    make, cell_options = CELLS[name]
    rng = np.random.default_rng(0)
    cell = make(D, H, bias=bias, dtype=dtype, rng=rng, **cell_options)
    for parameter in cell.parameters():
        parameter.data = rng.uniform(-0.9, 0.9, parameter.shape)
    x = tr.Tensor(rng.standard_normal((T, B, D)), requires_grad=True, dtype=dtype)
    count = 2 if make is tr.LSTMCell else 1
    start = [
        tr.Tensor(rng.standard_normal((B, H)), requires_grad=True, dtype=dtype)
        for _ in range(count)
    ]
    run = tr.unroll(cell, x, start if count > 1 else start[0], engine=engine, **options)

    def weighed(tensor):
        return np.sum(tensor * rng.standard_normal(tensor.shape).astype(dtype))

    used = [run.outputs, *parts(run.states[2]), *parts(run.states[5]), *parts(run.final)]
    loss = sum((weighed(tensor) for tensor in used[1:]), start=weighed(used[0]))
    loss.backward()
    out = {f"value {k}": tensor.data for k, tensor in enumerate(used)}
    out |= {f"state {t} {k}": p.data for t in range(T) for k, p in enumerate(parts(run.states[t]))}
    out |= {f"d{key}": parameter.grad for key, parameter in cell.named_parameters()}
    return out | {"dx": x.grad} | {f"dstart {k}": s.grad for k, s in enumerate(start)}


def compare(ours, theirs, rtol=1e-12, atol=1e-13):
    assert ours.keys() == theirs.keys()
    for key, expected in theirs.items():
        assert ours[key].dtype == expected.dtype
        np.testing.assert_allclose(ours[key], expected, rtol=rtol, atol=atol, err_msg=key)


FORMS = list(product((True, False), (None, [4, T, 0]), (False, True), (None, 3)))


@pytest.mark.parametrize("cache", [1, 2 * B * 4 * H, base.CACHE])
@pytest.mark.parametrize("name", CELLS)
def test_equals_the_op_graph(name, cache, monkeypatch):
    """The cache's size decides how many steps' slopes are prepared at a time: 1, a few, all."""
    monkeypatch.setattr(base, "CACHE", cache)
    for bias, lengths, reverse, truncate in FORMS:
        form = {"bias": bias, "lengths": lengths, "reverse": reverse, "truncate": truncate}
        compare(results(name, "fused", **form), results(name, "graph", **form))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 2, 4), (5, 1, 1, 3), (3, 2, 4, 1)])
@pytest.mark.parametrize("name", CELLS)
def test_small_shapes(name, shape):
    steps, batch, size, hidden = shape
    make, options = CELLS[name]
    found = []
    for engine in ("graph", "fused"):
        cell = make(size, hidden, rng=0, **options)
        x = tr.Tensor(np.random.default_rng(0).standard_normal((steps, batch, size)), True)
        np.sum(np.square(tr.unroll(cell, x, engine=engine).outputs)).backward()
        found.append({"dx": x.grad} | {key: p.grad for key, p in cell.named_parameters()})
    compare(found[1], found[0])


@pytest.mark.parametrize(
    ("wide", "name"),
    [
        *product(("x", "integers"), ("rnn", "lstm", "gru", "gru after")),
        *product(("state",), ("lstm", "gru", "gru after")),
    ],
)
def test_mixed_dtypes_meet_as_in_the_graph(name, wide):
    make, options = CELLS[name]
    found = []
    for engine in ("graph", "fused"):
        cell = make(D, H, rng=0, dtype=np.float32, **options)
        x = np.random.default_rng(0).integers(0, 3, (T, B, D))
        x = x if wide == "integers" else x.astype(np.float64 if wide == "x" else np.float32)
        state = None
        if wide == "state":
            state = tr.Tensor(np.full((B, H), 0.1), requires_grad=True)
            state = (state, state) if make is tr.LSTMCell else state
        run = tr.unroll(cell, x, state, engine=engine)
        np.sum(np.square(run.outputs)).backward()
        found.append({"y": run.outputs.data} | {k: p.grad for k, p in cell.named_parameters()})
    tolerance = 1e-5 if found[0]["y"].dtype == np.float32 else 1e-6
    compare(found[1], found[0], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CELLS)
def test_float32(name):
    ours = results(name, "fused", dtype=np.float32)
    compare(ours, results(name, "graph", dtype=np.float32), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", CELLS)
def test_gradient_is_the_slope(name):
    make, options = CELLS[name]
    cell = make(D, H, rng=0, **options)
    x = np.random.default_rng(1).standard_normal((3, 2, D))
    assert tr.gradcheck(lambda x: tr.unroll(cell, x, lengths=[2, 3], engine="fused").outputs, x)


@pytest.mark.parametrize("make", [tr.RNN, tr.LSTM, tr.GRU])
def test_layers(make):
    x = np.random.default_rng(1).standard_normal((T, B, D))
    found = {}
    for engine in ("graph", "fused"):
        layers = make(D, H, num_layers=2, bidirectional=True, rng=0)
        run = layers(x, lengths=[T, 2, 5], engine=engine)
        np.sum(np.square(run.outputs)).backward()
        found[engine] = {name: p.grad for name, p in layers.named_parameters()}
        found[engine]["outputs"] = run.outputs.data
    compare(found["fused"], found["graph"])


@pytest.mark.parametrize("name", CELLS)
def test_sweeping_twice_adds_the_same_again(name):
    make, options = CELLS[name]
    cell = make(D, H, rng=0, **options)
    loss = np.sum(np.square(tr.unroll(cell, np.ones((T, B, D)), engine="fused").outputs))
    loss.backward()
    once = [parameter.grad for parameter in cell.parameters()]
    loss.backward()
    for parameter, g in zip(cell.parameters(), once, strict=True):
        np.testing.assert_array_equal(parameter.grad, 2 * g)


@pytest.mark.parametrize("name", CELLS)
def test_asking_for_one_gradient_does_not_stale_the_others(name):
    """A flow asks for one weight's share alone; another sweep then comes with another gradient."""
    make, options = CELLS[name]
    cell = make(D, H, rng=0, **options)
    y = tr.unroll(cell, np.ones((T, B, D)), engine="fused").outputs
    (share,) = tr.trace(np.sum(y)).contributions(cell.weight_hh)
    np.sum(y * 3.0).backward()
    np.testing.assert_allclose(cell.weight_hh.grad, 3 * share, rtol=1e-12)
    again = tr.unroll(cell, np.ones((T, B, D))).outputs
    theirs = tr.grad(np.sum(again * 3.0), [cell.weight_ih])[0]
    np.testing.assert_allclose(cell.weight_ih.grad, theirs.data, rtol=1e-12, atol=1e-14)


def test_new_weights_leave_the_recorded_run_alone():
    cell = tr.GRUCell(D, H, rng=0)
    x = np.ones((T, B, D))
    loss = np.sum(tr.unroll(cell, x, engine="fused").outputs)
    loss.backward()
    expected, cell.weight_hh.grad = cell.weight_hh.grad, None
    for parameter in cell.parameters():
        parameter.data = parameter.data * 3
    x[:] = 7
    loss.backward()
    np.testing.assert_array_equal(cell.weight_hh.grad, expected)


def test_constants_get_no_gradient_computed(monkeypatch):
    cell = tr.LSTMCell(D, H, rng=0)
    run = tr.unroll(cell, np.ones((T, B, D)), engine="fused")
    (primitive,) = (n for n in tr.graph.topological(run.final.h) if n.params.get("function"))
    assert primitive.params["function"].backward(np.ones((2, T, B, H)))[0] is None
    assert repr(primitive.params["function"]) == "<LSTMFunction>"


# -- what is refused


class Own(tr.RNNCell):
    pass


@pytest.mark.parametrize(
    "cell",
    [
        tr.LSTMCell(D, H, peepholes=True),
        tr.LSTMCell(D, H, coupled=True),
        Own(D, H),
    ],
)
def test_cells_without_a_fused_form(cell):
    with pytest.raises(tr.NotDifferentiableError, match="engine='graph'"):
        tr.unroll(cell, np.ones((T, B, D)), engine="fused")


def test_second_order_is_refused():
    cell = tr.RNNCell(D, H, rng=0)
    loss = np.sum(tr.unroll(cell, np.ones((T, B, D)), engine="fused").outputs)
    with pytest.raises(tr.NotDifferentiableError, match="first derivatives only"):
        tr.grad(loss, [cell.weight_hh], create_graph=True)


def test_forward_mode_is_refused():
    cell = tr.RNNCell(D, H, rng=0)
    x = np.ones((T, B, D))
    with pytest.raises(tr.NotDifferentiableError, match="no forward mode: unroll with engine='gra"):
        tr.jvp(lambda x: tr.unroll(cell, x, engine="fused").outputs, (x,), (x,))


def test_the_gradient_between_steps_is_refused_rather_than_wrong():
    run = tr.unroll(tr.RNNCell(D, H, rng=0), np.ones((T, B, D)), engine="fused")
    flow = tr.trace(np.sum(run.final))
    with pytest.raises(tr.GradientError, match="no gradient to see between its steps"):
        flow.through_time(run)
    layers = tr.RNN(D, H, rng=0)(np.ones((T, B, D)), engine="fused")
    with pytest.raises(tr.GradientError, match="no gradient to see between its steps"):
        tr.trace(np.sum(layers.outputs)).through_time(layers)


# -- proof that the comparison notices: one change to the source, and it must fail

MUTANTS = [
    ("rnn", "rnn", "dh += g_t", "dh[...] = g_t"),
    ("rnn", "rnn", "1 - h * h", "1 - h"),
    ("rnn", "rnn", "outer(da, h[:-1])", "outer(da, h[1:])"),
    ("rnn", "rnn", "dh += past", "pass"),
    ("rnn", "rnn", "np.copyto(h_t, past, where=padding)", "pass"),
    ("lstm", "lstm", "dc *= f\n", "dc[...] = 0\n"),  # the path through c is dropped
    ("lstm", "lstm", "dc += from_h", "pass"),
    ("lstm", "lstm", "dc += gc_t", "pass"),
    ("lstm", "lstm", "dh += gh_t", "dh[...] = gh_t"),
    ("lstm", "lstm", "dc += past_c", "pass"),
    ("lstm", "lstm", "k_i *= ig", "k_i *= o"),
    ("lstm", "lstm", "k_f *= c_old", "k_f *= tanh_c"),
    ("lstm", "lstm", "k_o *= h", "k_o *= c_old"),
    ("lstm", "lstm", "np.subtract(o, to_c, out=to_c)", "np.subtract(i, to_c, out=to_c)"),
    ("lstm", "lstm", "i, f, g, o = gates", "f, i, g, o = gates"),
    ("lstm", "lstm", "i, f, g, o = gates", "o, f, g, i = gates"),
    ("lstm", "lstm", "i, f, g, o = gates", "i, o, g, f = gates"),
    ("gru", "gru", "np.subtract(n, past, out=h)\n    h *= z\n    h += past",
     "np.subtract(past, n, out=h)\n    h *= z\n    h += n"),  # z flipped
    ("gru", "gru", "(r, z, n), (k_r,", "(z, r, n), (k_r,"),
    ("gru", "gru", "dh *= keep\n", "pass\n"),
    ("gru", "gru", " d *= r\n", " pass\n"),
    ("gru", "gru", "np.matmul(da_rz, u_rz, out=d)", "d[...] = 0"),
    ("gru", "gru", "outer(da_n, rh)", "outer(da_n, h[:-1])"),
    ("gru", "gru after", "np.multiply(da_n_t, r, out=dp)", "dp[...] = da_n_t"),
    ("gru", "gru after", "dp[...] = da_n", "pass"),
    ("gru", "gru after", "np.add(product[2], bias_hn, out=p_t)", "p_t[...] = product[2]"),
    ("gru", "gru after", "past, p[span], ", "past, past, "),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "old", "new"), MUTANTS)
def test_the_comparison_notices(module, name, old, new, monkeypatch):
    source = inspect.getsource(importlib.import_module(f"tinygrad_rnn.nn.fused.{module}"))
    assert old in source
    mutant = types.ModuleType("mutant")
    exec(compile(source.replace(old, new), "mutant", "exec"), mutant.__dict__)
    kind = {
        "rnn": "RNNFunction",
        "lstm": "LSTMFunction",
        "gru": "GRUFunction",
        "gru after": "GRUAfterFunction",
    }
    monkeypatch.setattr(fused, kind[name], getattr(mutant, kind[name]))
    form = {"lengths": [4, T, 1]}
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(results(name, "fused", **form), results(name, "graph", **form))


def test_the_exchanged_reset_gate_is_noticed(monkeypatch):
    monkeypatch.setattr(fused, "GRUAfterFunction", fused.GRUFunction)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(
            results("gru after", "fused", bias=False), results("gru after", "graph", bias=False)
        )

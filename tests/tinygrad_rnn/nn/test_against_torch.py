"""RNN, LSTM and GRU against PyTorch's: outputs, final states and every gradient, and proof that the
comparison would notice a wrong convention."""

from itertools import product

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn.ops.cut import stop_gradient

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.oracle

TOLERANCE = {"rtol": 1e-9, "atol": 1e-11}
D, H, T = 3, 4, 6
KINDS = {
    "RNN": (tr.RNN, {}, torch.nn.RNN, {}),
    "RNN relu": (tr.RNN, {"nonlinearity": "relu"}, torch.nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (tr.LSTM, {}, torch.nn.LSTM, {}),
    "GRU": (tr.GRU, {"reset": "after"}, torch.nn.GRU, {}),
}


def signs(kind):
    """PyTorch's GRU calls 1 - z what is z here: that gate's rows are negated."""
    return np.repeat([1.0, -1.0, 1.0], H) if kind == "GRU" else np.ones(1)


def as_ours(kind, theirs):
    """Map PyTorch's arrays (values, or gradients of them) by their names to ours."""
    ours, sign = {}, signs(kind)
    for name, array in theirs.items():
        what, layer = name.replace("_reverse", "").rsplit("_l", 1)
        place = f"{'reverse' if name.endswith('_reverse') else 'layers'}.{layer}"
        if what.startswith("weight"):
            ours[f"{place}.{what}"] = array * sign[:, None]
        elif what == "bias_hh" and kind == "GRU":
            ours[f"{place}.bias_hn"] = array[2 * H :]
            ours[f"{place}.bias_hh"] = array * sign
        else:
            ours[f"{place}.{what}"] = array * sign
    return ours


def joined_biases(kind, ours):
    """Our cells have the sum of PyTorch's two biases, but for the GRU's candidate."""
    out = {name: array.copy() for name, array in ours.items() if "bias_" not in name}
    for name in ours:
        if name.endswith("bias_ih"):
            place = name.removesuffix("bias_ih")
            out[f"{place}bias"] = ours[name] + ours[f"{place}bias_hh"]
            if kind == "GRU":
                out[f"{place}bias"][2 * H :] = ours[name][2 * H :]
                out[f"{place}bias_hn"] = ours[f"{place}bias_hn"]
    return out


class Case:
    """The same weights, inputs, initial states and loss in both libraries."""

    def __init__(self, kind, layers=1, bidirectional=False, batch=2, lengths=None, bias=True):
        rng = np.random.default_rng([layers, bidirectional, batch, bias])
        ours, our_options, theirs, their_options = KINDS[kind]
        self.kind, self.lengths, self.batch = kind, lengths, batch
        arguments = {"num_layers": layers, "bidirectional": bidirectional, "bias": bias}
        self.theirs = theirs(D, H, **arguments, **their_options, dtype=torch.float64)
        with torch.no_grad():
            for parameter in self.theirs.parameters():
                parameter.copy_(torch.from_numpy(rng.uniform(-0.8, 0.8, parameter.shape)))
        self.ours = ours(D, H, **arguments, **our_options)
        values = {name: p.detach().numpy() for name, p in self.theirs.named_parameters()}
        self.ours.load_state_dict(joined_biases(kind, as_ours(kind, values)))
        count = layers * (1 + bidirectional)
        self.x = rng.standard_normal((T, batch, D))
        self.h = rng.uniform(-1, 1, (count, batch, H))
        self.c = rng.uniform(-1, 1, (count, batch, H))
        self.weights = rng.standard_normal((T, batch, H * (1 + bidirectional)))
        if lengths is not None:
            self.weights[np.arange(T)[:, None] >= np.array(lengths)] = 0.0
        self.final_weights = rng.standard_normal((count, batch, H))

    def their_results(self):
        x, h, c = (torch.tensor(array, requires_grad=True) for array in (self.x, self.h, self.c))
        start = (h, c) if self.kind == "LSTM" else h
        if self.lengths is None:
            outputs, final = self.theirs(x, start)
        else:
            packed = torch.nn.utils.rnn.pack_padded_sequence(x, self.lengths, enforce_sorted=False)
            outputs, final = self.theirs(packed, start)
            outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, total_length=T)
        final = final[1] if self.kind == "LSTM" else final
        weights, final_weights = torch.tensor(self.weights), torch.tensor(self.final_weights)
        ((outputs * weights).sum() + (final * final_weights).sum()).backward()
        gradients = {n: p.grad.numpy() for n, p in self.theirs.named_parameters()}
        found = {f"d{n}": g for n, g in as_ours(self.kind, gradients).items()}
        # Either bias has the gradient of the sum.
        out = {n.replace("bias_ih", "bias"): g for n, g in found.items() if "bias_hh" not in n}
        outputs = outputs.detach().numpy() * (self.weights != 0)
        out |= {"outputs": outputs, "final": final.detach().numpy()}
        out |= {"dx": x.grad.numpy(), "dh_0": h.grad.numpy()}
        return out | ({"dc_0": c.grad.numpy()} if self.kind == "LSTM" else {})

    def our_results(self, engine="graph", truncate=None):
        x, h, c = (tr.Tensor(array, requires_grad=True) for array in (self.x, self.h, self.c))
        start = list(zip(h, c, strict=True)) if self.kind == "LSTM" else list(h)
        run = self.ours(x, start, self.lengths, truncate=truncate, engine=engine)
        final = np.stack([s.c if self.kind == "LSTM" else s for s in run.final])
        (np.sum(run.outputs * self.weights) + np.sum(final * self.final_weights)).backward()
        out = {f"d{name}": p.grad for name, p in self.ours.named_parameters()}
        outputs = run.outputs.data * (self.weights != 0)
        out |= {"outputs": outputs, "final": final.data, "dx": x.grad, "dh_0": h.grad}
        return out | ({"dc_0": c.grad} if self.kind == "LSTM" else {})


def compare(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, **TOLERANCE, err_msg=name)


GRID = list(product(KINDS, (1, 2), (False, True), (1, 3), (False, True), (True, False)))


@pytest.mark.parametrize("engine", ["graph", "fused"])
@pytest.mark.parametrize(("kind", "layers", "bidirectional", "batch", "padded", "bias"), GRID)
def test_values_and_all_gradients(kind, layers, bidirectional, batch, padded, bias, engine):
    lengths = [4, T, 1][:batch] if padded else None
    case = Case(kind, layers, bidirectional, batch, lengths, bias)
    compare(case.our_results(engine), case.their_results())


def swap(first, second):
    """Exchange two gates: the rows of one become those of the other."""

    def mutate(case):
        cell = case.ours.layers[0]
        a, b = cell.rows(first), cell.rows(second)
        for parameter in (cell.weight_ih, cell.weight_hh, cell.bias):
            array = parameter.data.copy()
            array[a], array[b] = parameter.data[b], parameter.data[a]
            parameter.data = array

    return mutate


def flip_z(case):
    cell = case.ours.layers[0]
    for parameter in (cell.weight_ih, cell.weight_hh, cell.bias):
        array = parameter.data.copy()
        array[cell.rows("z")] *= -1
        parameter.data = array


def exchange_reset(case):
    case.ours.layers[0].reset = "before"


def drop_dc(case):
    """Let no gradient go from c_t to c_{t-1}."""

    class Forgetful(tr.LSTMCell):
        def __call__(self, x, state):
            return super().__call__(x, tr.LSTMState(state.h, stop_gradient(state.c)))

    case.ours.layers[0].__class__ = Forgetful


def nothing(case):
    pass


MUTANTS = {
    "z flipped": ("GRU", flip_z, None),
    "r and z swapped": ("GRU", swap("r", "z"), None),
    "reset before instead of after": ("GRU", exchange_reset, None),
    "i and f swapped": ("LSTM", swap("i", "f"), None),
    "i and o swapped": ("LSTM", swap("i", "o"), None),
    "f and o swapped": ("LSTM", swap("f", "o"), None),
    "gradient truncated, LSTM": ("LSTM", nothing, T - 1),
    "gradient truncated, GRU": ("GRU", nothing, T - 1),
    "gradient truncated, RNN": ("RNN", nothing, T - 1),
    "dc path dropped": ("LSTM", drop_dc, None),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_comparison_notices(name):
    kind, mutate, truncate = MUTANTS[name]
    theirs = Case(kind).their_results()
    compare(Case(kind).our_results(), theirs)
    mutant = Case(kind)
    mutate(mutant)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(mutant.our_results(truncate=truncate), theirs)

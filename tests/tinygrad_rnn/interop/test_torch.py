"""PyTorch itself as the oracle, both ways, over kinds x layers x directions x batch x bias."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tr
from tinygrad_rnn import interop

torch: Any = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
pytestmark = pytest.mark.oracle

KINDS = ["RNN", "LSTM", "GRU"]
GRID = list(product(KINDS, (1, 2), (False, True), (1, 3), (False, True)))
T, I, H = 4, 2, 3  # noqa: E741  # I is the input size, as everywhere here


def randomised(module: Any, seed: int = 0) -> Any:
    """Return the module in float64, every weight random: none is zero, no two are equal."""
    generator = torch.Generator().manual_seed(seed)
    module.double()
    for parameter in module.parameters():
        parameter.data = (
            torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.6
        )
    return module


def loss_of(outputs: Any, cotangent: Any, cells: Any, cell_cotangent: Any) -> Any:
    """Return a loss of all outputs and, for an LSTM, of the last cell states."""
    total = (outputs * cotangent).sum()
    return total if cells is None else total + (cells * cell_cotangent).sum()


def assert_same(theirs: Any, ours: Any, lstm: bool, batch: int) -> None:
    """Assert the same outputs, last states and gradients of a torch module and of our layers."""
    rng = np.random.default_rng(1)
    count = len(ours.layers) + len(ours.reverse)
    x = rng.normal(size=(T, batch, I))
    h_0, c_0, dc = rng.normal(size=(3, count, batch, H))
    dy = rng.normal(size=(T, batch, H * (1 + bool(ours.reverse))))

    tx, th, tc = (torch.tensor(a, requires_grad=True) for a in (x, h_0, c_0))
    outputs, last = theirs(tx, (th, tc) if lstm else th)
    cells = last[1] if lstm else None
    loss_of(outputs, torch.tensor(dy), cells, torch.tensor(dc)).backward()

    ox, oh, oc = (tr.Tensor(a, requires_grad=True) for a in (x, h_0, c_0))
    states = [tr.LSTMState(oh[k], oc[k]) if lstm else oh[k] for k in range(count)]
    run = ours(ox, states)
    ends = np.stack([state.c for state in run.final]) if lstm else None
    loss_of(run.outputs, dy, ends, dc).backward()

    close(run.outputs.data, outputs)
    hidden = [state.h if lstm else state for state in run.final]
    close(np.array([h.data for h in hidden]), last[0] if lstm else last)
    if lstm:
        close(ends.data, cells)  # type: ignore[union-attr]  # it is an LSTM
    for found, expected in ((ox, tx), (oh, th), (oc, tc))[: 2 + lstm]:
        close(found.grad, expected.grad)
    assert_weight_gradients(theirs, ours)


def assert_weight_gradients(theirs: Any, ours: Any) -> None:
    """Loading permutes rows and changes signs, so gradients are carried over as weights are."""
    gradients = {name: p.grad.numpy().copy() for name, p in theirs.named_parameters()}
    for name, gradient in gradients.items():
        if name.startswith("bias_hh"):  # all rows but a GRU's n are added to the other bias
            summed = slice(2 * H) if len(gradient) == 3 * H else slice(None)
            close(gradient[summed], gradients[name.replace("hh", "ih")][summed])
            gradient[summed] = 0
    carried = interop.from_torch(gradients)
    for (name, p), (same, q) in zip(
        ours.named_parameters(), carried.named_parameters(), strict=True
    ):
        assert name == same
        close(p.grad, q.data)


def close(found: Any, expected: Any) -> None:
    expected = expected.detach().numpy() if torch.is_tensor(expected) else expected
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("kind", "layers", "bidirectional", "batch", "bias"), GRID)
def test_a_torch_module_becomes_the_same_layers(
    kind: str, layers: int, bidirectional: bool, batch: int, bias: bool
) -> None:
    module = randomised(
        getattr(torch.nn, kind)(I, H, layers, bias=bias, bidirectional=bidirectional)
    )
    assert_same(module, tr.from_torch(module), kind == "LSTM", batch)


@pytest.mark.parametrize(("kind", "layers", "bidirectional", "batch", "bias"), GRID)
def test_layers_become_the_same_torch_module(
    kind: str, layers: int, bidirectional: bool, batch: int, bias: bool
) -> None:
    rng = np.random.default_rng(2)
    options = {"reset": "after"} if kind == "GRU" else {}
    ours = getattr(tr, kind)(I, H, layers, bidirectional, bias=bias, **options)
    for parameter in ours.parameters():
        parameter.data = rng.normal(size=parameter.shape) * 0.6
    module = getattr(torch.nn, kind)(I, H, layers, bias=bias, bidirectional=bidirectional).double()
    weights = interop.to_torch(ours)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    assert_same(module, ours, kind == "LSTM", batch)


@pytest.mark.parametrize(("kind", "bias"), list(product(KINDS, (False, True))))
def test_cells_go_both_ways(kind: str, bias: bool) -> None:
    rng = np.random.default_rng(3)
    module = randomised(getattr(torch.nn, f"{kind}Cell")(I, H, bias=bias))
    x, h, c = rng.normal(size=(5, I)), rng.normal(size=(5, H)), rng.normal(size=(5, H))
    tx, th, tc = map(torch.tensor, (x, h, c))
    expected = module(tx, (th, tc) if kind == "LSTM" else th)
    ours: Any = tr.from_torch(module)
    assert type(ours).__name__ == f"{kind}Cell"
    found = ours(x, tr.LSTMState(tr.Tensor(h), tr.Tensor(c)) if kind == "LSTM" else tr.Tensor(h))
    pairs = zip(found, expected, strict=True) if kind == "LSTM" else [(found, expected)]
    for one, other in pairs:
        close(one.data, other)
    back = getattr(torch.nn, f"{kind}Cell")(I, H, bias=bias).double()
    weights = interop.to_torch(ours)
    back.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    again = back(tx, (th, tc) if kind == "LSTM" else th)
    close(
        (again[0] if kind == "LSTM" else again).detach(),
        expected[0] if kind == "LSTM" else expected,
    )


@pytest.mark.parametrize("layered", [False, True])
def test_relu_is_carried_over(layered: bool) -> None:
    if layered:
        module = randomised(torch.nn.RNN(I, H, 2, nonlinearity="relu"))
        assert_same(module, tr.from_torch(module), False, 2)
        return
    module = randomised(torch.nn.RNNCell(I, H, nonlinearity="relu"))
    ours: Any = tr.from_torch(module)
    x, h = np.random.default_rng(4).normal(size=(2, 5, 3))
    close(ours(x[:, :I], tr.Tensor(h)).data, module(torch.tensor(x[:, :I]), torch.tensor(h)))


def test_a_whole_model_is_read_by_prefix_from_the_module_or_from_its_checkpoint(
    tmp_path: Any,
) -> None:
    class Model(torch.nn.Module):  # type: ignore[misc]  # torch is Any here
        def __init__(self) -> None:
            super().__init__()
            self.encoder = torch.nn.GRU(I, H, num_layers=2, dropout=0.25)
            self.head = torch.nn.Linear(H, 1)

    model = randomised(Model()).eval()
    with pytest.raises(tr.StateDictError, match="give the prefix 'encoder'"):
        tr.from_torch(model)
    with pytest.raises(tr.StateDictError, match="under 'encodr': give the prefix 'encoder'"):
        tr.from_torch(model.state_dict(), prefix="encodr")
    with pytest.raises(tr.StateDictError, match=r"here: there is weight, bias$"):
        tr.from_torch(model.head)
    module: Any = tr.from_torch(model, prefix="encoder")
    assert module.dropout.p == 0.25
    assert not module.training
    torch.save(model.state_dict(), tmp_path / "model.pt")
    arrays = torch.load(tmp_path / "model.pt", weights_only=True)
    for prefix in ("encoder", "encoder."):
        loaded: Any = tr.from_torch(arrays, prefix=prefix, dropout=0.25)
        for (name, p), (same, q) in zip(
            loaded.named_parameters(), module.named_parameters(), strict=True
        ):
            assert name == same
            np.testing.assert_array_equal(p.data, q.data)
        assert loaded.dropout.p == 0.25


def test_where_the_gradient_of_a_torch_module_vanishes() -> None:
    module = randomised(torch.nn.LSTM(I, H, num_layers=2))
    x = np.random.default_rng(6).normal(size=(9, 1, I))
    run = tr.from_torch(module)(x)  # type: ignore[operator]  # layers, not a cell
    found = tr.trace(run.outputs[-1].sum()).through_time(run)["h"]

    start = torch.zeros(2, 1, H, dtype=torch.float64)
    for t in range(len(x) - 1):  # PyTorch shows its states only where a call ends
        _, (h, c) = module(torch.tensor(x[: t + 1]), (start, start))
        h = h.detach().requires_grad_()
        outputs, _ = module(torch.tensor(x[t + 1 :]), (h, c))
        (gradient,) = torch.autograd.grad(outputs[-1].sum(), h)
        np.testing.assert_allclose(found[t], gradient[1].norm(), rtol=1e-9)


def test_batch_first_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="batch_first"):
        tr.from_torch(torch.nn.LSTM(I, H, batch_first=True))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_projected_lstm(bidirectional: bool) -> None:
    module = randomised(torch.nn.LSTM(I, 4, 2, bidirectional=bidirectional, proj_size=H))
    ours: Any = tr.from_torch(module)
    x = np.random.default_rng(3).normal(size=(T, 2, I))
    theirs, _ = module(torch.tensor(x))
    weights = np.random.default_rng(4).normal(size=theirs.shape)
    (theirs * torch.tensor(weights)).sum().backward()
    run = ours(x)
    np.testing.assert_allclose(run.outputs.data, theirs.detach(), rtol=0, atol=1e-14)
    np.sum(run.outputs * weights).backward()
    found = ours.layers[1].weight_hr.grad
    np.testing.assert_allclose(found, module.weight_hr_l1.grad, rtol=1e-10, atol=1e-14)
    found = ours.layers[0].weight_hh.grad
    np.testing.assert_allclose(found, module.weight_hh_l0.grad, rtol=1e-10, atol=1e-14)
    with pytest.raises(tr.NotDifferentiableError, match="projected states"):
        ours(x, engine="fused")
    back = interop.to_torch(ours)
    assert list(back)[:5] == [name for name in module.state_dict() if name.endswith("_l0")]
    np.testing.assert_array_equal(back["weight_hr_l0"], module.weight_hr_l0.detach())


def test_float32_stays_float32() -> None:
    module = torch.nn.LSTM(I, H)
    ours: Any = tr.from_torch(module)
    assert all(p.dtype == np.float32 for p in ours.parameters())
    x = np.random.default_rng(5).normal(size=(T, 1, I)).astype(np.float32)
    found = ours(x).outputs
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found.data, module(torch.tensor(x))[0].detach().numpy(), rtol=1e-5, atol=1e-6
    )


def test_a_dtype_that_numpy_lacks_is_refused_by_name() -> None:
    weights = torch.nn.RNN(I, H).state_dict()
    with pytest.raises(tr.StateDictError, match=r"weight_ih_l0 cannot be read.*Float8"):
        tr.from_torch({name: w.to(torch.float8_e4m3fn) for name, w in weights.items()})


def test_later_training_of_the_module_does_not_reach_the_layers() -> None:
    module = randomised(torch.nn.RNN(I, H))
    ours: Any = tr.from_torch(module)
    before = ours.layers[0].weight_hh.data.copy()
    with torch.no_grad():
        module.weight_hh_l0.add_(1.0)
    np.testing.assert_array_equal(ours.layers[0].weight_hh.data, before)

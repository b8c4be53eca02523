"""A user's program, run from an installed wheel and checked by mypy --strict and pyright.

It trains a little, asks where the gradient went, and uses each kind of public name that a type
checker could get wrong.
"""

import numpy as np
from numpy.typing import NDArray

import tinygrad_rnn as tr


class Leaky(tr.Cell):
    """A cell of the user's own: h_t = (1 - a) h_{t-1} + a tanh(W x_t)."""

    def __init__(self, inputs: int, hidden: int, leak: float) -> None:
        rng = np.random.default_rng(0)
        self.hidden, self.leak = hidden, leak
        self.weight = tr.Parameter(rng.standard_normal((hidden, inputs)))

    def initial_state(self, batch: int) -> tr.Tensor:
        return tr.Tensor(np.zeros((batch, self.hidden)))

    def __call__(self, x: tr.Tensor, state: tr.Tensor) -> tr.Tensor:
        new: tr.Tensor = np.tanh(tr.f.linear(x, self.weight))
        mixed: tr.Tensor = (1 - self.leak) * state + self.leak * new
        return mixed


def half_distance(a: tr.Tensor, b: tr.Tensor) -> tr.Tensor:
    """Return a formula in operators alone."""
    return abs(-(a - b) @ a.T / 2) ** 2 + 1.0 * b[0]


def rows(a: tr.Tensor) -> tr.Tensor:
    """Return a chain of methods."""
    return a.reshape(2, -1).transpose(1, 0).mean(axis=1).sum()


def larger(a: tr.Tensor, b: tr.Tensor) -> NDArray[np.bool_]:
    """Return where one is larger: a comparison is a plain array."""
    return (a > b) & (a != b)


def train(cell: tr.Cell, x: np.ndarray, target: np.ndarray, steps: int) -> list[float]:
    """Follow the gradient downhill; return the losses."""
    losses: list[float] = []
    for _ in range(steps):
        loss = tr.mse_loss(tr.unroll(cell, x).outputs, target)
        loss.backward()
        losses.append(float(loss.data))
        for parameter in cell.parameters():
            assert parameter.grad is not None
            parameter.data = parameter.data - 0.1 * parameter.grad
            parameter.grad = None
    return losses


def main() -> None:
    """Run what the package promises and stop at the first thing that does not hold."""
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((6, 2, 3)), 0.1 * rng.standard_normal((6, 2, 4))
    cells: list[tr.Cell] = [
        tr.RNNCell(3, 4, rng=0),
        tr.LSTMCell(3, 4, rng=0, forget_bias=2.0),
        tr.GRUCell(3, 4, rng=0),
        Leaky(3, 4, leak=0.3),
    ]
    for cell in cells:
        losses = train(cell, x, target, steps=20)
        assert losses[-1] < losses[0], (cell, losses)
        run = tr.unroll(cell, x)
        loss = tr.mse_loss(run.outputs, target)
        flow = tr.trace(loss)
        assert flow.through_time(run)["h"].shape == (6,)
        largest: tr.Edge = max(flow.edges, key=lambda edge: edge.l2)
        assert largest.finite
    a = tr.Tensor([1.0, 2.0], requires_grad=True, name="a")
    (gradient,) = tr.grad((a * a).sum(), [a])
    assert np.array_equal(gradient.data, [2.0, 4.0])
    m, n = tr.Tensor([[1.0, 2.0], [3.0, 4.0]]), tr.Tensor([[0.0, 2.0], [5.0, 1.0]])
    assert np.array_equal(half_distance(m, n).data, [[0.25, 4.25], [4.0, 11.0]])
    assert rows(m).data == 5.0
    assert larger(m, n).tolist() == [[True, False], [False, True]]
    try:
        a.backward()
    except tr.TinygradError as error:
        told = str(error)
    else:
        told = "nothing"
    assert "gradient=" in told


if __name__ == "__main__":
    main()

"""PyTorch in three ways: elementary operations, its cells in a loop, and its whole layers.

Its GRU has the reset gate after the matrix product and the update gate the other way round, so its
GRU numbers are compared with each other and not with ours; the cost is nearly the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.nn import functional

from tests.benchmarks.cases import Case

torch.set_num_threads(1)
torch.set_num_interop_threads(1)


def run(parameters: list, forward: Callable, weight_hh: torch.Tensor) -> Callable:
    def step() -> tuple:
        for parameter in parameters:
            parameter.grad = None
        loss = forward().square().sum()
        loss.backward()
        return loss.detach(), weight_hh.grad

    return step


def elementary(case: Case) -> Callable:
    """What one writes by hand: each gate from its own slice of one product."""
    w, u, b = (torch.tensor(array, requires_grad=True) for array in case.weights)
    x, zeros, hidden = torch.tensor(case.x), torch.tensor(case.zeros()), case.size.hidden
    linear, sigmoid, tanh = functional.linear, torch.sigmoid, torch.tanh

    def rnn() -> torch.Tensor:
        h, hs = zeros, []
        for x_t in x:
            h = tanh(linear(x_t, w, b) + linear(h, u))
            hs.append(h)
        return torch.stack(hs)

    def lstm() -> torch.Tensor:
        h, c, hs = zeros, zeros, []
        for x_t in x:
            i, f, g, o = (linear(x_t, w, b) + linear(h, u)).chunk(4, 1)
            c = sigmoid(f) * c + sigmoid(i) * tanh(g)
            h = sigmoid(o) * tanh(c)
            hs.append(h)
        return torch.stack(hs)

    def gru() -> torch.Tensor:
        h, hs = zeros, []
        for x_t in x:
            a = linear(x_t, w, b)
            both, candidate = a[:, : 2 * hidden], a[:, 2 * hidden :]
            r, z = (both + linear(h, u[: 2 * hidden])).chunk(2, 1)
            n = tanh(candidate + linear(sigmoid(r) * h, u[2 * hidden :]))
            z = sigmoid(z)
            h = (1 - z) * h + z * n
            hs.append(h)
        return torch.stack(hs)

    return run([w, u, b], {"rnn": rnn, "lstm": lstm, "gru": gru}[case.cell], u)


def module(case: Case, whole: bool) -> Callable:
    """`nn.LSTM` and the like, or `nn.LSTMCell` and the like called once a step."""
    name = case.cell.upper() + ("" if whole else "Cell")
    net = getattr(torch.nn, name)(case.size.inputs, case.size.hidden)
    net = net.to(getattr(torch, case.dtype))
    x, zeros = torch.tensor(case.x), torch.tensor(case.zeros())
    parameters = dict(net.named_parameters())
    with torch.no_grad():
        for key, parameter in parameters.items():
            kind = key.removesuffix("_l0")
            if kind == "bias_hh":
                parameter.zero_()
            else:
                own = {"weight_ih": "ih", "weight_hh": "hh", "bias_ih": "bias"}[kind]
                parameter.copy_(torch.tensor(getattr(case.weights, own)))

    def cells() -> torch.Tensor:
        state, hs = (zeros, zeros) if case.cell == "lstm" else zeros, []
        for x_t in x:
            state = net(x_t, state)
            hs.append(state[0] if case.cell == "lstm" else state)
        return torch.stack(hs)

    weight_hh = next(value for key, value in parameters.items() if key.startswith("weight_hh"))
    return run(list(parameters.values()), (lambda: net(x)[0]) if whole else cells, weight_hh)


cell = partial(module, whole=False)
layer = partial(module, whole=True)

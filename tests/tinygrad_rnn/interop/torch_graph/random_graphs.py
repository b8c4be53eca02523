"""Random graphs of PyTorch's: every drawn edge against what PyTorch's own hooks are told.

    python -m tests.tinygrad_rnn.interop.torch_graph.random_graphs 10000

Each graph is a loop of random operations: cells, weights used again, views, writes in place.
"""

import random
import sys

import numpy as np
import torch
from torch import nn

import tinygrad_rnn as tr
from tinygrad_rnn.interop.torch import watch

H = 4
INNER = {  # nodes of PyTorch's that are part of an operation, or are read through
    "TBackward0", "PermuteBackward0", "AddBackward0", "UnsafeSplitBackward0", "SplitBackward0",
    "UnbindBackward0", "SelectBackward0", "StackBackward0",
}  # fmt: skip


class Random(nn.Module):
    """A network of random operations; the same seed makes the same one."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed
        self.cells = nn.ModuleList([nn.LSTMCell(H, H), nn.GRUCell(H, H), nn.RNNCell(H, H)])
        self.linear, self.norm = nn.Linear(H, H), nn.LayerNorm(H)
        self.W = nn.Parameter(torch.randn(H, H) / 2)
        self.double()

    def forward(self, x):
        choose = random.Random(self.seed)
        pool = [x, torch.tanh(self.linear(x))]
        body = [choose.randrange(len(OPERATIONS)) for _ in range(choose.randint(1, 6))]
        state = None
        for _ in range(choose.randint(1, 5)):
            for k in body:
                a, b = choose.choice(pool), choose.choice(pool[-3:])
                if k == 0:
                    state = self.cells[0](a, state)
                    pool.append(state[0])
                else:
                    pool.append(OPERATIONS[k](self, a, b))
        return sum((one * one).sum() for one in (pool[1], *pool[-3:]))


def written(m, a, b):
    out = a * b
    out.mul_(0.5)
    out[:, 1:].add_(b[:, 1:])
    return out


OPERATIONS = [
    None,  # an LSTM cell, which has a state
    lambda m, a, b: m.cells[1](a, b),
    lambda m, a, b: m.cells[2](a, b),
    lambda m, a, b: m.linear(a) + b @ m.W,
    lambda m, a, b: torch.tanh(a @ m.W + b @ m.W.T),
    lambda m, a, b: m.norm(a - b),
    lambda m, a, b: torch.sigmoid(a) * b,
    lambda m, a, b: torch.cat([a[:, :2], b[:, 2:]], 1),
    lambda m, a, b: torch.stack([a, b]).mean(0) + torch.stack([a, b], 1)[:, 1],
    lambda m, a, b: sum(a.chunk(2, 1)).repeat(1, 2) * b,
    lambda m, a, b: a.t().reshape(-1, H).relu() + b.detach(),
    lambda m, a, b: torch.softmax(a, -1) / (1 + b * b),
    lambda m, a, b: torch.where(a > 0, a, 1 - b),
    lambda m, a, b: a.unbind(0)[0].expand_as(b) * 2,
    lambda m, a, b: a.sum(0, keepdim=True) * b.flatten()[::1].view_as(b),
    written,
]


def hooked(loss):
    """Return what every node of PyTorch's graph sends back, by node and slot, and receives."""
    sent, received, handles = {}, {}, []
    waiting, seen = [loss.grad_fn], {loss.grad_fn}
    while waiting:
        node = waiting.pop()

        def note(back, got, node=node):
            edges = enumerate(zip(back, node.next_functions, strict=True))
            sent.update({(node, k): part for k, (part, (below, _)) in edges if below is not None})
            received.update({(node, k): part for k, part in enumerate(got)})

        if node.name() != "torch::autograd::AccumulateGrad":
            handles.append(node.register_hook(note))
        for below, _ in node.next_functions:
            if below is not None and below not in seen:
                seen.add(below)
                waiting.append(below)
    loss.backward(retain_graph=True)
    for handle in handles:
        handle.remove()
    return {place: part for place, part in sent.items() if part is not None}, received


def check(seed):
    """Compare one random graph; return how many edges it has.

    Raises:
        AssertionError: if a number differs, or an edge is missing.
    """
    torch.manual_seed(seed)
    model = Random(seed)
    x = torch.randn(2, H, dtype=torch.float64, requires_grad=seed % 2 == 0)
    with watch(model):
        loss = model(x)
    flow = tr.trace(loss)
    sent, received = hooked(loss)
    drawn = set()
    for edge in flow.edges:
        origin = edge.consumer.origins[edge.slot]
        place = origin.node, origin.slot
        part = sent[place] if origin.slot >= 0 else received[origin.node, -1 - origin.slot]
        drawn.add(place)
        np.testing.assert_allclose(edge.l2, float(part.norm()), rtol=1e-9, err_msg=f"seed {seed}")
        assert flow.contribution(edge).shape == edge.source.shape
    missing = {node.name() for node, slot in sent if (node, slot) not in drawn}
    assert missing <= INNER, f"seed {seed}: {missing} are not drawn"
    for node in flow.graph.nodes:
        if parts := flow.contributions(node):
            whole = flow.gradient(node)
            np.testing.assert_allclose(sum(parts), whole, atol=1e-9 * (1 + np.abs(whole).max()))
    for node in flow.graph.nodes:
        if node.op is None and node.requires_grad:
            expected = node.out[0].variable.grad.numpy()
            np.testing.assert_allclose(flow.gradient(node), expected, rtol=1e-8, atol=1e-12)
    return len(flow.edges)


if __name__ == "__main__":
    count = int(sys.argv[1])
    edges = 0
    for seed in range(count):
        edges += check(seed)
        if (seed + 1) % 500 == 0:
            print(f"{seed + 1} graphs, {edges} edges: all as PyTorch's own hooks say", flush=True)

"""Random graphs of 5 to 60 operations against PyTorch: values, gradients, jvp and Hv.

    python -m tests.tinygrad_rnn.random_graphs 10000

Every operation is written twice, once in NumPy's words and once in PyTorch's, and applied to random
earlier results, shared or not. Values are kept below 3 by scaling, so that nothing overflows.
"""

import sys
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F

import tinygrad_rnn as tr
from tinygrad_rnn.forward import pushforward
from tinygrad_rnn.ops.gates import sigmoid_gate, tanh_gate

SHAPES = [(), (3,), (2, 3), (2, 3), (3, 2), (1, 3), (2, 2, 3)]
TOLERANCE = 1e-9


# Near a kink the two engines may round to different sides of it, so there an operation is not
# drawn; exactly on it they are compared by a test of its own, one operation at a time.
def off_zero(x):
    return np.min(np.abs(x), initial=1.0) > 1e-6


def apart(x):
    return np.min(np.diff(np.sort(np.ravel(x))), initial=1.0) > 1e-6


def between_multiples(x, y):
    return off_zero(np.sin(np.pi * x / y))


# Of one tensor of any shape: (NumPy, PyTorch), and where it is smooth if not everywhere.
ANY = [
    (np.exp, torch.exp),
    (np.exp2, torch.exp2),
    (np.expm1, torch.expm1),
    (np.sin, torch.sin),
    (np.cos, torch.cos),
    (lambda x: np.tan(x * 0.4), lambda x: torch.tan(x * 0.4)),
    (np.tanh, torch.tanh),
    (np.sinh, torch.sinh),
    (np.cosh, torch.cosh),
    (np.arctan, torch.arctan),
    (lambda x: np.arcsin(x * 0.3), lambda x: torch.arcsin(x * 0.3)),
    (lambda x: np.arccos(x * 0.3), lambda x: torch.arccos(x * 0.3)),
    (np.square, torch.square),
    (lambda x: -x, lambda x: -x),
    (lambda x: +x, lambda x: +x),
    (np.abs, torch.abs, off_zero),
    (np.sign, torch.sign, off_zero),
    (lambda x: np.sqrt(x * x + 0.5), lambda x: torch.sqrt(x * x + 0.5)),
    (lambda x: np.log(x * x + 0.5), lambda x: torch.log(x * x + 0.5)),
    (lambda x: np.log2(x * x + 0.5), lambda x: torch.log2(x * x + 0.5)),
    (lambda x: np.log10(x * x + 0.5), lambda x: torch.log10(x * x + 0.5)),
    (lambda x: np.log1p(x * x), lambda x: torch.log1p(x * x)),
    (lambda x: np.reciprocal(x * x + 0.5), lambda x: torch.reciprocal(x * x + 0.5)),
    (lambda x: x**3, lambda x: x**3),
    (lambda x: 2.0 ** (x * 0.5), lambda x: 2.0 ** (x * 0.5)),
    (lambda x: 1.0 - x, lambda x: 1.0 - x),
    (tr.f.sigmoid, torch.sigmoid),
    (tr.f.softplus, F.softplus),
    (tr.f.relu, torch.relu, off_zero),
    (lambda x: tr.f.leaky_relu(x, 0.2), lambda x: F.leaky_relu(x, 0.2), off_zero),
    (lambda x: tr.f.elu(x, 0.7), lambda x: F.elu(x, 0.7), off_zero),
    (tr.f.erf, torch.erf),
    (
        lambda x: np.clip(x, -1.1, 0.9),
        lambda x: torch.clip(x, -1.1, 0.9),
        lambda x: off_zero(x + 1.1) and off_zero(x - 0.9),
    ),
    (lambda x: x.astype(np.float64), lambda x: x.double()),
    (np.ravel, torch.ravel),
    (lambda x: np.expand_dims(x, 0)[0], lambda x: x[None][0]),
    (lambda x: np.squeeze(x[None]), lambda x: torch.squeeze(x[None])),
    (lambda x: np.broadcast_to(x, (2, *x.shape))[1], lambda x: x.expand(2, *x.shape)[1]),
    (np.sum, torch.sum),
    (np.mean, torch.mean),
    (np.max, torch.amax, apart),
    (np.min, torch.amin, apart),
    (np.prod, torch.prod),
    (np.linalg.norm, torch.linalg.vector_norm, off_zero),
    (tr.f.logsumexp, lambda x: torch.logsumexp(x, tuple(range(x.ndim)))),
    (lambda x: x[None, ..., None], lambda x: x[None, ..., None]),
]


def _last(f, g, *smooth):
    """The same along the last axis in both."""
    return (lambda x: f(x, axis=-1)), (lambda x: g(x, dim=-1)), *smooth


# Of one tensor with at least one axis.
AXES = [
    _last(np.sum, torch.sum),
    _last(np.mean, torch.mean),
    _last(np.max, torch.amax, apart),
    _last(np.min, torch.amin, apart),
    _last(np.prod, torch.prod),
    _last(np.cumsum, torch.cumsum),
    _last(np.linalg.norm, torch.linalg.vector_norm, off_zero),
    _last(tr.f.softmax, torch.softmax),
    _last(tr.f.log_softmax, torch.log_softmax),
    _last(tr.f.logsumexp, torch.logsumexp),
    (
        lambda x: np.max(x, axis=0, keepdims=True) - x,
        lambda x: torch.amax(x, 0, keepdim=True) - x,
        apart,
    ),
    (lambda x: np.var(x + 0.1, axis=-1), lambda x: torch.var(x + 0.1, dim=-1, correction=0)),
    (lambda x: np.var(np.ravel(x)), lambda x: torch.var(x.ravel(), correction=0)),
    (lambda x: x[::-1], lambda x: torch.flip(x, (0,))),
    (lambda x: x[..., 0], lambda x: x[..., 0]),
    (lambda x: x[..., [0, -1, 0]], lambda x: x[..., [0, -1, 0]]),
    (lambda x: x[x.data > 0], lambda x: x[x > 0], off_zero),
    (lambda x: np.roll(x, 1, axis=-1), lambda x: torch.roll(x, 1, -1)),
    (lambda x: np.pad(np.ravel(x), (1, 2)), lambda x: F.pad(x.ravel(), (1, 2))),
    (lambda x: np.sort(x, axis=-1), lambda x: torch.sort(x, dim=-1, stable=True)[0], apart),
    (lambda x: np.tile(x, 2), lambda x: torch.tile(x, (2,))),
    (lambda x: np.transpose(x), lambda x: x.permute(*reversed(range(x.ndim)))),
    (lambda x: np.swapaxes(x, 0, -1), lambda x: torch.swapaxes(x, 0, -1)),
    (lambda x: np.einsum("...i,...i->...", x, x), lambda x: torch.einsum("...i,...i->...", x, x)),
    (lambda x: np.einsum("i...->i...", x), lambda x: torch.einsum("i...->i...", x)),
    (lambda x: sigmoid_gate(x, columns=np.s_[1:]), lambda x: torch.sigmoid(x[..., 1:])),
    (lambda x: tanh_gate(x, columns=np.s_[:1]), lambda x: torch.tanh(x[..., :1])),
]

# Of two tensors that broadcast together.
TWO = [
    (lambda a, b: a + b, lambda a, b: a + b),
    (lambda a, b: a - b, lambda a, b: a - b),
    (lambda a, b: a * b, lambda a, b: a * b),
    (lambda a, b: a / (b * b + 0.5), lambda a, b: a / (b * b + 0.5)),
    (  # where b = 0, PyTorch's d2/da db of a ** b is 0 instead of 1 / a
        lambda a, b: (a * a + 0.5) ** b,
        lambda a, b: (a * a + 0.5) ** b,
        lambda a, b: off_zero(b),
    ),
    (lambda a, b: np.hypot(a, b + 3.5), lambda a, b: torch.hypot(a, b + 3.5)),
    (lambda a, b: np.arctan2(a, b + 3.5), lambda a, b: torch.arctan2(a, b + 3.5)),
    (np.logaddexp, torch.logaddexp),
    (
        lambda a, b: a % (b + 4.0),
        lambda a, b: a % (b + 4.0),
        lambda a, b: between_multiples(a, b + 4.0),
    ),
    (
        lambda a, b: np.fmod(a * 3.0, b + 4.0),
        lambda a, b: torch.fmod(a * 3.0, b + 4.0),
        lambda a, b: between_multiples(a * 3.0, b + 4.0),
    ),
    (np.maximum, torch.maximum, lambda a, b: off_zero(a - b)),
    (np.minimum, torch.minimum, lambda a, b: off_zero(a - b)),
    (
        lambda a, b: np.where(a.data > 0, a, b),
        lambda a, b: torch.where(a > 0, a, b),
        lambda a, b: off_zero(a),
    ),
]

# Of two tensors of one shape with at least one axis.
ALIKE = [
    (lambda a, b: np.stack([a, b], axis=-1), lambda a, b: torch.stack([a, b], dim=-1)),
    (lambda a, b: np.concatenate([a, b]), lambda a, b: torch.cat([a, b])),
    (
        lambda a, b: np.std(np.stack([a, b + 9.0]), axis=0),
        lambda a, b: torch.std(torch.stack([a, b + 9.0]), 0, correction=0),
    ),
    (
        lambda a, b: np.std(np.ravel(np.stack([a, b + 9.0])), ddof=1),
        lambda a, b: torch.std(torch.stack([a, b + 9.0])),
    ),
    (
        lambda a, b: a @ (b.mT if b.ndim > 1 else b),
        lambda a, b: a @ (b.mT if b.ndim > 1 else b),
    ),
    (
        lambda a, b: np.einsum("...i,...i->...", a, b),
        lambda a, b: torch.einsum("...i,...i->...", a, b),
    ),
]

# Of two matrices of one shape: what cells are made of.
MATRICES = [
    (tr.f.linear, F.linear),
    (lambda a, b: tr.f.linear(a, b, b[:, 0]), lambda a, b: F.linear(a, b, b[:, 0])),
    (lambda a, b: tr.f.linear_pair(a, b, b, a), lambda a, b: F.linear(a, b) + F.linear(b, a)),
    (
        lambda a, b: tr.f.linear_pair(a, b, b, a, a[:, 0]),
        lambda a, b: F.linear(a, b) + F.linear(b, a, a[:, 0]),
    ),
    (lambda a, b: np.einsum("ij,kj->ik", a, b), lambda a, b: torch.einsum("ij,kj->ik", a, b)),
    (lambda a, b: np.outer(a, b)[1:], lambda a, b: torch.outer(a.ravel(), b.ravel())[1:]),
]


def draw_smooth_operation(rng, nodes):
    """Return the two functions of an operation and inputs around which it is smooth."""
    while True:
        (ours, theirs, *smooth), inputs = draw_operation(rng, nodes)
        if all(test(*[x.data for x, _ in inputs]) for test in smooth):
            return ours, theirs, inputs


def draw_operation(rng, nodes):
    kind = rng.integers(5)
    a = nodes[rng.integers(max(0, len(nodes) - 8), len(nodes))]
    shape = a[0].shape
    if kind == 0:
        return ANY[rng.integers(len(ANY))], [a]
    if kind == 1 and shape:
        return AXES[rng.integers(len(AXES))], [a]
    table = TWO
    partners = [n for n in nodes if _broadcast(n[0].shape, shape)]
    if kind >= 3 and shape:
        table = MATRICES if kind == 4 and len(shape) == 2 else ALIKE
        partners = [n for n in nodes if n[0].shape == shape]
    return table[rng.integers(len(table))], [a, partners[rng.integers(len(partners))]]


def _broadcast(a, b):
    pairs = zip(reversed(a), reversed(b), strict=False)
    return all(m == n or 1 in (m, n) for m, n in pairs)


def build(seed):
    """Return leaves and loss of one random graph, as pairs of a tensor of ours and of PyTorch's."""
    rng = np.random.default_rng(seed)
    nodes = []
    for _ in range(rng.integers(1, 4)):
        array = rng.uniform(-1.5, 1.5, SHAPES[rng.integers(len(SHAPES))])
        ours = tr.Tensor(array, requires_grad=True)
        nodes.append((ours, torch.tensor(array, requires_grad=True)))
    leaves, used = list(nodes), set()
    for _ in range(5 + int(56 * rng.random() ** 4)):
        ours, theirs, inputs = draw_smooth_operation(rng, nodes)
        x, y = ours(*[n[0] for n in inputs]), theirs(*[n[1] for n in inputs])
        used.update(id(n) for n in inputs)
        largest = np.max(np.abs(x.data), initial=0.0)
        if largest > 3:
            x, y = x * (2 / largest), y * (2 / largest)
        if 0 < x.size <= 24 and x.ndim <= 3:
            nodes.append((x, y))
    ends = [n for n in nodes if id(n) not in used] or nodes[-1:]
    weights = rng.uniform(0.5, 1.5, len(ends))
    losses = [(w * x.mean(), w * y.mean()) for w, (x, y) in zip(weights, ends, strict=True)]
    return leaves, sum(x for x, _ in losses), sum(y for _, y in losses), rng


def agree(what, ours, theirs, seed):
    """Relative to the largest element, since PyTorch too rounds to that."""
    assert ours.shape == tuple(theirs.shape), f"graph {seed}: {what} has another shape"
    theirs = theirs.detach().numpy(force=True)
    error = np.max(np.abs(ours - theirs), initial=0.0)
    scale = np.max(np.abs(theirs), initial=0.0)
    assert error <= TOLERANCE * max(scale, 1.0), f"graph {seed}: {what} is off by {error / scale}"


def compare(seed):
    """Compare one graph, and return which primitives it met."""
    leaves, ours, theirs, rng = build(seed)
    agree("value", ours.data, theirs, seed)
    xs, ts = [x for x, _ in leaves], [t for _, t in leaves]
    slopes = tr.grad(ours, xs, create_graph=True)
    expected = torch.autograd.grad(theirs, ts, create_graph=True, materialize_grads=True)
    for slope, other in zip(slopes, expected, strict=True):
        agree("gradient", slope.data, other, seed)
    directions = [rng.normal(size=x.shape) for x in xs]
    along = sum(torch.sum(g * torch.tensor(v)) for g, v in zip(expected, directions, strict=True))
    with tr.no_grad():
        moved = pushforward(ours, {x.index: v for x, v in zip(xs, directions, strict=True)})
    agree("jvp", np.asarray(moved), along, seed)
    if along.requires_grad:
        curved = torch.autograd.grad(along, ts, materialize_grads=True)
        product = sum(np.sum(g * v) for g, v in zip(slopes, directions, strict=True))
        mine = tr.grad(product, xs) if product.requires_grad else [x.detach() * 0 for x in xs]
        for curve, other in zip(mine, curved, strict=True):
            agree("Hessian-vector product", curve.data, other, seed)
    return Counter(node.op.name for node in tr.graph.topological(ours) if node.op)


if __name__ == "__main__":
    torch.set_num_threads(1)
    count, met = int(sys.argv[1]), Counter()
    for seed in range(count):
        met += compare(seed)
        if (seed + 1) % 500 == 0:
            print(f"{seed + 1} graphs, {sum(met.values())} nodes: all as PyTorch says", flush=True)
    print(", ".join(f"{name} {n}" for name, n in sorted(met.items())))

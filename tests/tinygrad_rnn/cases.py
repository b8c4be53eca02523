"""How to meet each primitive: a draw of shapes, parameters and values, and the function to check.

A case is a function of hypothesis' `draw` that returns `(f, arrays)`: `f` takes as many tensors (or
arrays) as there are arrays and must use the primitive. The values stay away from kinks and poles,
where no finite difference is a derivative; what holds there is tested by `test_hard_points.py`.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tinygrad_rnn as tr
from tinygrad_rnn.ops.gates import sigmoid_gate, tanh_gate
from tinygrad_rnn.ops.index import scatter

SHAPES = [(), (1,), (3,), (0,), (2, 3), (1, 3), (2, 1, 3), (2, 0)]
PAIRS = [  # of shapes that broadcast together
    ((), ()),
    ((3,), ()),
    ((), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((1,), (2, 2)),
    ((2, 3), (2, 3)),
    ((4, 1, 2), (3, 1)),
    ((0,), (1,)),
    ((2, 0), (2, 1)),
]
Case = Callable[[Any], tuple[Callable[..., Any], list[np.ndarray]]]


def values(draw: Any, shape: tuple[int, ...], low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Random values, evenly spread: never all equal, and no two closer than the spread allows."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = int(np.prod(shape))
    steps = (rng.permutation(size) + rng.uniform(0.25, 0.75, size)) / max(size, 1)
    return (low + (high - low) * steps).reshape(shape)


def unary(f: Callable[..., Any], low: float = -2.0, high: float = 2.0) -> Case:
    return lambda draw: (f, [values(draw, draw(st.sampled_from(SHAPES)), low, high)])


def off_zero(f: Callable[..., Any]) -> Case:
    """Values of either sign, none near zero, where the function has a kink or a pole."""

    def case(draw: Any) -> Any:
        array = values(draw, draw(st.sampled_from(SHAPES)), -1.0, 1.0)
        return f, [array + np.where(array < 0, -0.3, 0.3)]

    return case


def binary(
    f: Callable[..., Any],
    a: tuple[float, float] = (-2.0, 2.0),
    b: tuple[float, float] = (-2.0, 2.0),
) -> Case:
    """Two tensors, or one and a constant, or one tensor twice."""

    def case(draw: Any) -> Any:
        left, right = draw(st.sampled_from(PAIRS))
        x, y = values(draw, left, *a), values(draw, right, *b)
        kind = draw(st.sampled_from(["both", "left", "right", "number"]))
        if kind == "left":
            return lambda t: f(t, y), [x]
        if kind == "right":
            return lambda t: f(x, t), [y]
        if kind == "number":
            number = float(values(draw, (), *b))
            return lambda t: f(t, number), [x]
        return f, [x, y]

    return case


def apart(f: Callable[..., Any]) -> Case:
    """Two tensors of which no two elements are equal or nearly so."""

    def case(draw: Any) -> Any:
        left, right = draw(st.sampled_from(PAIRS))
        x = values(draw, left)
        y = np.random.default_rng(5).permutation(values(draw, right).ravel()).reshape(right)
        gap = x - y
        return f, [x, np.where(np.min(np.abs(gap), initial=1.0) < 0.01, y + 0.0371, y)]

    return case


def some_zeros(case: Case) -> Case:
    """Put an exact 0 in one place, or in two."""

    def changed(draw: Any) -> Any:
        f, (x,) = case(draw)
        for _ in range(draw(st.integers(0, 2))):
            if x.size:
                x.flat[draw(st.integers(0, x.size - 1))] = 0.0
        return f, [x]

    return changed


def an_axis(draw: Any, ndim: int) -> int:
    return draw(st.integers(-ndim, ndim - 1))


def axes(draw: Any, ndim: int) -> Any:
    choices: list[Any] = [None]
    if ndim:
        choices += [an_axis(draw, ndim), tuple(range(ndim)), (an_axis(draw, ndim),)]
    return draw(st.sampled_from(choices))


def reduction(
    f: Callable[..., Any], low: float = -2.0, high: float = 2.0, empty: bool = True
) -> Case:
    def case(draw: Any) -> Any:
        shapes = [s for s in [*SHAPES, (2, 3, 2)] if empty or np.prod(s)]
        shape = draw(st.sampled_from(shapes))
        axis, keepdims = axes(draw, len(shape)), draw(st.booleans())
        return lambda x: f(x, axis=axis, keepdims=keepdims), [values(draw, shape, low, high)]

    return case


def along(f: Callable[..., Any], low: float = -2.0, high: float = 2.0) -> Case:
    """Functions of one axis that keep the shape."""

    def case(draw: Any) -> Any:
        shape = draw(st.sampled_from([(1,), (3,), (2, 3), (2, 3, 2)]))
        axis = an_axis(draw, len(shape))
        return lambda x: f(x, axis=axis), [values(draw, shape, low, high)]

    return case


def one_of(*choices: tuple[Callable[..., Any], tuple[int, ...]]) -> Case:
    """A table of functions of one tensor, each with a shape it applies to."""

    def case(draw: Any) -> Any:
        f, shape = draw(st.sampled_from(choices))
        return f, [values(draw, shape)]

    return case


def several(*choices: tuple[Callable[..., Any], list[tuple[int, ...]]]) -> Case:
    """A table of functions of several tensors, each with the shapes they apply to."""

    def case(draw: Any) -> Any:
        f, shapes = draw(st.sampled_from(choices))
        return f, [values(draw, shape) for shape in shapes]

    return case


MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 2)),
    ((2, 1, 2, 3), (5, 3, 2)),
    ((3,), (2, 3, 4)),
    ((2, 4, 3), (3,)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
]


def gate(f: Callable[..., Any]) -> Case:
    """Some columns of a pre-activation, also with axes before the batch."""
    return one_of(
        *[
            (lambda a, c=c: f(a, columns=c), shape)
            for c, shape in [
                (np.s_[0:2], (3, 6)),
                (np.s_[4:6], (1, 6)),
                (np.s_[2:4], (2, 3, 4)),
                (np.s_[:], (3,)),
            ]
        ]
    )


SLICES = [  # indices that read a view, in which no element stands twice
    (0, (3,)),
    (-1, (2, 3)),
    (np.s_[1:], (3, 2)),
    (np.s_[::-2], (5,)),
    (np.s_[..., 0], (2, 3)),
    (np.s_[:, None, 1], (2, 3)),
    (np.s_[1, 2], (2, 3)),
    ((), (2,)),
    (Ellipsis, ()),
    (np.s_[2:2], (3,)),
    (np.int64(1), (2, 2)),
]
PICKS = [
    (np.s_[[0, 2, 0]], (3, 2)),
    (np.s_[:, [1, 1]], (2, 3)),
    (np.s_[[0, 1, 0], [2, 2, 2]], (2, 3)),
    (np.s_[np.array([[0, 1], [1, 1]])], (3,)),
    (np.array([True, False, True]), (3, 2)),
    (np.array([[True, False], [False, True]]), (2, 2)),
    (np.s_[0, [1, 0], :2], (2, 3, 3)),
    (np.s_[[0, 1], :, [1, 1]], (2, 3, 2)),
    (np.array([], dtype=int), (3,)),
    (True, (2,)),
]

# Labels of length 1 in one place and longer in another, as NumPy broadcasts them.
EINSUM_OF_ONE: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(2, 1), (3, 4)]),
    ("ij,jk->ik", [(2, 3), (1, 4)]),
    ("i,i->", [(1,), (3,)]),
    ("i,i->i", [(3,), (1,)]),
    ("ij,ij,ij->j", [(1, 3), (2, 1), (2, 3)]),
    ("ij,j->", [(2, 1), (4,)]),
    ("...ij,...jk->...ik", [(5, 2, 1), (1, 3, 4)]),
    ("ii->i", [(1, 1)]),
]

EINSUM: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij,jk", [(2, 3), (3, 4)]),
    ("ba,ac", [(2, 3), (3, 4)]),
    ("i,i->", [(3,), (3,)]),
    ("i,j->ij", [(2,), (3,)]),
    ("ij->ji", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ij->j", [(2, 3)]),
    ("ii->i", [(3, 3)]),
    ("ii", [(3, 3)]),
    ("iij->j", [(2, 2, 3)]),
    ("iii->i", [(2, 2, 2)]),
    ("ij,kl->il", [(2, 3), (4, 2)]),
    ("ii,ij->j", [(2, 2), (2, 3)]),
    ("ij,jk,kl->il", [(2, 3), (3, 2), (2, 2)]),
    ("i,i,i->i", [(3,), (3,), (3,)]),
    ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]),
    ("...ij,jk", [(5, 2, 3), (3, 4)]),
    ("...i,...i->...", [(2, 1, 3), (4, 3)]),
    ("...i,...i->...i", [(1, 3), (2, 3)]),
    ("...->...", [(2, 3)]),
    ("ij...->i...", [(2, 3, 4)]),
    ("ij,ij->ij", [(1, 3), (2, 3)]),
    (" i j , j -> i ", [(2, 3), (3,)]),
]

CASES: dict[str, Case] = {
    "add": binary(lambda a, b: a + b),
    "subtract": binary(lambda a, b: a - b),
    "multiply": binary(lambda a, b: a * b),
    "divide": binary(lambda a, b: a / b, b=(0.5, 2.0)),
    "power": binary(lambda a, b: a**b, a=(0.5, 2.0)),
    "negative": unary(lambda x: -x),
    "positive": unary(lambda x: +x),
    "reciprocal": off_zero(np.reciprocal),
    "absolute": off_zero(abs),
    "sign": off_zero(np.sign),
    "exp2": unary(np.exp2),
    "expm1": unary(np.expm1),
    "log2": unary(np.log2, 0.5, 3.0),
    "log10": unary(np.log10, 0.5, 3.0),
    "log1p": unary(np.log1p, -0.5, 2.0),
    "logaddexp": binary(np.logaddexp),
    "hypot": binary(np.hypot, a=(0.5, 2.0)),
    "arctan2": binary(np.arctan2, b=(0.5, 2.0)),
    "remainder": binary(lambda a, b: a % b, a=(5.2, 6.8), b=(3.4, 3.9)),
    "fmod": binary(np.fmod, a=(-6.8, -5.2), b=(3.4, 3.9)),
    "maximum": apart(np.maximum),
    "minimum": apart(np.minimum),
    "where": binary(lambda a, b: np.where(b.data > 0 if isinstance(b, tr.Tensor) else b > 0, a, b)),
    "clip": unary(lambda x: np.clip(x, -1.21, 0.83)),
    "cast": unary(lambda x: x.astype(np.float64)),
    "sin": unary(np.sin),
    "cos": unary(np.cos),
    "tan": unary(np.tan, -1.0, 1.0),
    "arcsin": unary(np.arcsin, -0.9, 0.9),
    "arccos": unary(np.arccos, -0.9, 0.9),
    "arctan": unary(np.arctan),
    "sinh": unary(np.sinh),
    "cosh": unary(np.cosh),
    "softplus": unary(tr.f.softplus),
    "leaky_relu": off_zero(lambda x: tr.f.leaky_relu(x, slope=0.2)),
    "elu": off_zero(lambda x: tr.f.elu(x, alpha=0.7)),
    "erf": unary(tr.f.erf),
    "exp": unary(np.exp),
    "log": unary(np.log, 0.5, 3.0),
    "sqrt": unary(np.sqrt, 0.5, 3.0),
    "square": unary(np.square),
    "tanh": unary(np.tanh),
    "sigmoid": unary(tr.f.sigmoid, -9.0, 9.0),
    "relu": off_zero(tr.f.relu),
    "sum": reduction(np.sum),
    "mean": reduction(np.mean, empty=False),
    "log_softmax": along(tr.f.log_softmax),
    "softmax": along(tr.f.softmax),
    "logsumexp": reduction(tr.f.logsumexp, empty=False),
    "cumsum": along(np.cumsum),
    "max": reduction(np.max, empty=False),
    "min": reduction(np.min, empty=False),
    "prod": some_zeros(reduction(np.prod)),
    "var": reduction(np.var, empty=False),
    "std": reduction(np.std, empty=False),
    "norm": one_of(
        (np.linalg.norm, (2, 3)),
        (np.linalg.norm, (2, 3, 2)),
        (lambda x: np.linalg.norm(x, axis=-1), (2, 3, 2)),
        (lambda x: np.linalg.norm(x, axis=0, keepdims=True), (2, 3)),
        (lambda x: np.linalg.norm(x, axis=(0, 2)), (2, 3, 2)),
        (lambda x: np.linalg.norm(x, 2), (3,)),
        (lambda x: np.linalg.norm(x, "fro"), (2, 3)),
        (lambda x: np.linalg.norm(x, ord=2, axis=0), (2, 3)),
    ),
    "einsum": several(
        *[(lambda *xs, s=s: np.einsum(s, *xs), shapes) for s, shapes in [*EINSUM, *EINSUM_OF_ONE]]
    ),
    "concatenate": several(
        (lambda a, b: np.concatenate([a, b]), [(2, 3), (1, 3)]),
        (lambda a, b: np.concatenate([a, b, a], axis=-1), [(2, 1), (2, 2)]),
        (lambda a: np.concatenate([a, np.ones((2, 2))], axis=1), [(2, 3)]),
        (lambda a, b: np.concatenate([a, b], axis=None), [(2, 1), (3,)]),
        (lambda a, b: np.concatenate([a, b]), [(0, 2), (2, 2)]),
    ),
    "matmul": several(*[(lambda a, b: a @ b, [a, b]) for a, b in MATMUL]),
    "linear": several(
        (tr.f.linear, [(4, 3), (2, 3)]),
        (tr.f.linear, [(3,), (2, 3)]),
        (tr.f.linear, [(5, 4, 3), (2, 3)]),
        (lambda x, w: tr.f.linear(x, w, rows=np.s_[1:3]), [(4, 3), (4, 3)]),
    ),
    "affine": several(
        (tr.f.linear, [(4, 3), (2, 3), (2,)]),
        (tr.f.linear, [(3,), (2, 3), (2,)]),
        (tr.f.linear, [(5, 4, 3), (2, 3), (2,)]),
        (lambda x, w, b: tr.f.linear(x, w, b, rows=np.s_[1:3]), [(4, 3), (4, 3), (4,)]),
    ),
    "linear_recurrence": several(
        (tr.f.linear_recurrence, [(4, 3), (4, 3), (3,)]),
        (tr.f.linear_recurrence, [(3, 2, 2), (3, 2, 2), (2, 2)]),
        (tr.f.linear_recurrence, [(1, 2), (1, 2), (2,)]),
        (tr.f.linear_recurrence, [(5,), (5,), ()]),
        (lambda a, b: tr.f.linear_recurrence(a, b), [(3,), (4, 3)]),
    ),
    "sigmoid_gate": gate(sigmoid_gate),
    "tanh_gate": gate(tanh_gate),
    "linear_pair": several(
        (tr.f.linear_pair, [(4, 3), (2, 3), (4, 5), (2, 5)]),
        (tr.f.linear_pair, [(6, 4, 3), (2, 3), (6, 4, 5), (2, 5)]),
    ),
    "affine_pair": several(
        (tr.f.linear_pair, [(4, 3), (2, 3), (4, 5), (2, 5), (2,)]),
        (tr.f.linear_pair, [(3,), (2, 3), (5,), (2, 5), (2,)]),
    ),
    "getitem": one_of(*[(lambda x, i=i: x[i], shape) for i, shape in SLICES]),
    "pick": one_of(*[(lambda x, i=i: x[i], shape) for i, shape in PICKS]),
    "scatter": one_of(
        *[
            (lambda g, i=i, s=s: scatter(g, index=i, shape=s), np.empty(s)[i].shape)
            for i, s in SLICES + PICKS
        ]
    ),
    "reshape": one_of(
        (lambda x: np.reshape(x, (3, 2)), (2, 3)),
        (lambda x: x.reshape(-1), (2, 3)),
        (lambda x: x.reshape(3, 1, 2), (2, 3)),
        (lambda x: np.reshape(x, ()), (1,)),
        (lambda x: x.reshape(0, 4), (2, 0)),
    ),
    "transpose": one_of(
        (np.transpose, (2, 3)),
        (lambda x: x.T, (2, 3, 4)),
        (lambda x: x.transpose(1, 2, 0), (2, 3, 4)),
        (lambda x: np.transpose(x, (-1, 0, 1)), (2, 3, 4)),
        (lambda x: x.transpose(0), (3,)),
        (np.transpose, ()),
    ),
    "swapaxes": one_of(
        (lambda x: np.swapaxes(x, 0, -1), (2, 3, 4)), (lambda x: x.swapaxes(1, 0), (2, 0))
    ),
    "expand_dims": one_of(
        (lambda x: np.expand_dims(x, 0), (2, 3)),
        (lambda x: np.expand_dims(x, (0, -1)), (2,)),
        (lambda x: np.expand_dims(x, 0), ()),
    ),
    "squeeze": one_of(
        (np.squeeze, (2, 1, 3)),
        (lambda x: x.squeeze(1), (2, 1)),
        (lambda x: np.squeeze(x, axis=(0, 2)), (1, 2, 1)),
    ),
    "broadcast_to": one_of(
        (lambda x: np.broadcast_to(x, (2, 3)), (3,)),
        (lambda x: np.broadcast_to(x, (2, 3)), (2, 1)),
        (lambda x: np.broadcast_to(x, (4, 2, 3)), (1, 3)),
        (lambda x: np.broadcast_to(x, (2, 3)), ()),
        (lambda x: np.broadcast_to(x, (0, 3)), (1, 3)),
    ),
    "stack": several(
        (lambda a, b: np.stack([a, b]), [(2, 3), (2, 3)]),
        (lambda a, b: np.stack([a, b, a], axis=-1), [(2,), (2,)]),
        (lambda a: np.stack([a, np.ones(2)], axis=1), [(2,)]),
        (lambda a, b: np.stack([a, b], axis=1), [(0, 2), (0, 2)]),
    ),
}

A, B = (2, 3), (2, 3, 4)
PICKED = np.array([[0, 2], [1, 1]])

# NumPy's functions that are made of primitives rather than being one.
COMPOSED: dict[Callable[..., Any], Case] = {
    np.moveaxis: one_of(
        (lambda x: np.moveaxis(x, 0, -1), B), (lambda x: np.moveaxis(x, (0, 1), (-1, 0)), B)
    ),
    np.ravel: one_of((np.ravel, A), (np.ravel, ()), (lambda x: x.ravel(), B)),
    np.tile: one_of(
        (lambda x: np.tile(x, 3), A),
        (lambda x: np.tile(x, (2, 1, 2)), A),
        (lambda x: np.tile(x, (2, 2)), (3,)),
        (lambda x: np.tile(x, 2), ()),
        (lambda x: np.tile(x, 0), (3,)),
    ),
    np.vstack: several(
        (lambda a, b: np.vstack([a, b]), [(3,), A]),
        (lambda a, b: np.vstack((a, 1.0, b)), [(), (1,)]),
        (lambda a: np.vstack([np.ones((1, 3, 2)), a]), [(2, 3, 2)]),
    ),
    np.hstack: several(
        (lambda a, b: np.hstack([a, b]), [(3,), (0,)]),
        (lambda a, b: np.hstack((a, 1.0, b)), [(), (2,)]),
        (lambda a, b: np.hstack([a, np.ones((2, 1)), b]), [A, (2, 2)]),
        (lambda a, b: np.hstack([a, b]), [B, (2, 1, 4)]),
    ),
    np.diff: one_of(
        (np.diff, (4,)),
        (np.diff, (1,)),
        (lambda x: np.diff(x, 2), A),
        (lambda x: np.diff(x, axis=0), A),
        (lambda x: np.diff(x, 3, axis=-2), (2, 3, 2)),
    ),
    np.tensordot: several(
        (np.tensordot, [(3, 2, 4), (2, 4, 5)]),
        (lambda a, b: np.tensordot(a, b, axes=0), [(2,), A]),
        (lambda a, b: np.tensordot(a, b, 1), [A, (3,)]),
        (lambda a, b: np.tensordot(a, b, (1, 0)), [A, (3, 2)]),
        (lambda a, b: np.tensordot(a, b, ([0, 2], [-1, 0])), [(2, 3, 4), (4, 5, 2)]),
        (lambda a, b: np.tensordot(a, b, ([0, 1], [0, 1])), [A, A]),
        (lambda a: np.tensordot(a, np.ones((2, 4)), axes=[[0], [0]]), [A]),
    ),
    np.split: one_of(
        (lambda x: np.concatenate(np.split(x, 3, axis=1)), A),
        (lambda x: np.concatenate(np.split(x, [1], axis=-1)[::-1], axis=-1), A),
        (lambda x: np.split(x, [0, 2])[1], (3,)),
    ),
    np.array_split: one_of((lambda x: np.array_split(x, 2)[0], (5,))),
    np.repeat: one_of(
        (lambda x: np.repeat(x, 2), A),
        (lambda x: x.repeat(3, axis=1), A),
        (lambda x: np.repeat(x, [0, 2], axis=0), A),
        (lambda x: np.repeat(x, 2), ()),
    ),
    np.pad: one_of(
        (lambda x: np.pad(x, 1), A),
        (lambda x: np.pad(x, ((1, 0), (2, 1))), A),
        (lambda x: np.pad(x, (2, 1), constant_values=7.0), (3,)),
        (lambda x: np.pad(x, ((1, 2), (0, 1)), constant_values=((1, 2), (3, 4))), A),
        (lambda x: np.pad(x, 2, mode="edge"), A),
        (lambda x: np.pad(x, 1, mode="reflect"), A),
        (lambda x: np.pad(x, 2, mode="symmetric"), A),
        (lambda x: np.pad(x, ((0, 1), (3, 0)), mode="wrap"), A),
    ),
    np.flip: one_of((np.flip, A), (lambda x: np.flip(x, 1), A), (lambda x: np.flip(x, (0, -1)), B)),
    np.roll: one_of(
        (lambda x: np.roll(x, 1), A),
        (lambda x: np.roll(x, -2, axis=1), A),
        (lambda x: np.roll(x, (1, 2), axis=(0, 2)), B),
        (lambda x: np.roll(x, 1, axis=(0, 1)), A),
    ),
    np.take: one_of(
        (lambda x: np.take(x, [5, 0, 0]), A),
        (lambda x: np.take(x, PICKED, axis=1), A),
        (lambda x: x.take(-1, axis=0), A),
        (lambda x: np.take(x, PICKED, axis=-2), B),
    ),
    np.take_along_axis: one_of(
        (lambda x: np.take_along_axis(x, PICKED, axis=1), A),
        (lambda x: np.take_along_axis(x, PICKED[:1], axis=-1), A),
        (lambda x: np.take_along_axis(x, np.array([5, 0, 0]), axis=None), A),
        (lambda x: np.take_along_axis(x, PICKED, axis=-1), (1, 3)),
    ),
    np.sort: one_of(
        (np.sort, A), (lambda x: np.sort(x, axis=0), A), (lambda x: np.sort(x, axis=None), A)
    ),
    np.diag: one_of(
        (np.diag, (3,)),
        (lambda x: np.diag(x, 2), (3,)),
        (lambda x: np.diag(x, -1), (3,)),
        (np.diag, A),
        (lambda x: np.diag(x, 1), A),
        (lambda x: np.diag(x, -1), A),
        (lambda x: np.diag(x, 5), A),
    ),
    np.diagonal: one_of(
        (np.diagonal, A),
        (np.diagonal, (3, 3)),
        (lambda x: np.diagonal(x, 1), (2, 5)),
        (lambda x: np.diagonal(x, -1), (5, 2)),
        (lambda x: x.diagonal(1, 1, 2), B),
        (lambda x: np.diagonal(x, -1, 2, 0), B),
    ),
    np.trace: one_of((np.trace, A), (lambda x: x.trace(1), A), (np.trace, B)),
    np.tril: one_of((np.tril, A), (lambda x: np.tril(x, -1), B), (lambda x: np.tril(x, 1), A)),
    np.triu: one_of((np.triu, A), (lambda x: np.triu(x, -1), B), (lambda x: np.triu(x, 1), A)),
    np.dot: several(
        (np.dot, [(3,), (3,)]),
        (np.dot, [A, (3, 2)]),
        (np.dot, [(), A]),
        (np.dot, [A, ()]),
        (np.dot, [B, (4,)]),
        (np.dot, [A, (2, 3, 4)]),
        (np.dot, [B, (2, 4, 3)]),
        (lambda a, b: a.dot(b), [A, (3,)]),
    ),
    np.outer: several((np.outer, [(2,), (3,)]), (np.outer, [A, (2,)]), (np.outer, [(), (2,)])),
    np.linalg.norm: one_of(
        (lambda x: np.linalg.norm(x, 1), (3,)),
        (lambda x: np.linalg.norm(x, 1, axis=1), A),
        (lambda x: np.linalg.norm(x, np.inf, axis=0), A),
        (lambda x: np.linalg.norm(x, -np.inf, axis=1, keepdims=True), A),
    ),
    np.amax: reduction(np.amax, empty=False),
    np.amin: reduction(np.amin, empty=False),
    operator.getitem: one_of((lambda x: operator.getitem(x, 1), A)),
    np.ndarray.astype: unary(lambda x: x.astype(np.float64)),
}

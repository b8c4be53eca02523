"""How to meet each primitive: a draw of shapes, parameters and values, and the function to check.

A case is a function of hypothesis' `draw` that returns `(f, arrays)`: `f` takes as many tensors (or
arrays) as there are arrays and must use the primitive. The values stay away from kinks and poles,
where no finite difference is a derivative; what holds there is tested by `test_hard_points.py`.
"""

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

CASES: dict[str, Case] = {
    "add": binary(lambda a, b: a + b),
    "subtract": binary(lambda a, b: a - b),
    "multiply": binary(lambda a, b: a * b),
    "divide": binary(lambda a, b: a / b, b=(0.5, 2.0)),
    "power": binary(lambda a, b: a**b, a=(0.5, 2.0)),
    "negative": unary(lambda x: -x),
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

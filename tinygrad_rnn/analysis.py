"""Analysis of vanishing gradients: the Jacobian of one step, and products of it over many.

    dL/ds_{t-k} = dL/ds_t  J_t J_{t-1} ... J_{t-k+1}      with J_t = ds_t/ds_{t-1}

where s is the whole state: h, or for an LSTM h followed by c. Every product that shrinks or grows
does so along its singular vectors, at the rates computed here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, chain, count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_rnn.errors import AnomalyError, GradientError, ShapeError
from tinygrad_rnn.functional import grad
from tinygrad_rnn.graph import Array, topological
from tinygrad_rnn.nn.base import Cell, prepared
from tinygrad_rnn.nn.run import Run
from tinygrad_rnn.nn.unroll import starting_state
from tinygrad_rnn.state import flatten, tree_map
from tinygrad_rnn.tensor import Tensor


def step_jacobians(
    cell: Cell, inputs: ArrayLike | Tensor, state: Any = None, batch: int = 0
) -> Array:
    """Return the Jacobian ds_t/ds_{t-1} of every step, as one batch element goes through them.

    The S rows of one Jacobian come from one sweep: the cell is called on S copies of the element,
    and each copy is swept back from another unit. So the cell must treat the rows of a batch alone.

    Args:
        cell: an RNNCell, LSTMCell, GRUCell, or a `Cell` of one's own.
        inputs: shape (T, B, I), as for `unroll`.
        state: the state before the first step; the cell's `initial_state` by default.
        batch: which of the B elements.

    Returns:
        Shape (T, S, S), where S counts the units of the whole state: H, or 2H for an LSTM with h
        first. Row j of the matrix t holds the derivatives of unit j of s_t.

    Raises:
        ShapeError: if `inputs` is not (T, B, I), or `state` does not fit.
        IndexError: if there is no such batch element.

    >>> from tinygrad_rnn.nn.cells import LSTMCell
    >>> step_jacobians(LSTMCell(2, 3, rng=0), np.ones((5, 1, 2))).shape
    (5, 6, 6)
    """
    inputs = _as_array(inputs)
    if inputs.ndim != 3 or len(inputs) < 1:
        raise ShapeError(
            f"step_jacobians: inputs of shape {inputs.shape} are not (T, B, I), T at least 1"
        )
    state = starting_state(cell, state, inputs.shape[1])
    state = tree_map(lambda part: Tensor(part.data[[batch]]), state)
    jacobians, call_cell = [], prepared(cell)
    for x in inputs[:, [batch]]:
        jacobian, state = _step_jacobian(call_cell, x, state)
        jacobians.append(jacobian)
    return np.array(jacobians)


def _step_jacobian(cell: Callable[[Any, Any], Any], x: Array, state: Any) -> tuple[Array, Any]:
    """Return ds_t/ds_{t-1} (S, S), and s_t, from x_t (1, I) and s_{t-1}, each of one element."""
    sizes = [part.size for part in flatten(state).values()]
    rows = sum(sizes)
    copies = tree_map(lambda part: Tensor(np.repeat(part.data, rows, 0), True), state)
    after = cell(np.repeat(x, rows, 0), copies)
    which = np.split(np.eye(rows), np.cumsum(sizes)[:-1], axis=1)
    picked: list[Tensor] = [
        (part * one.reshape(part.shape).astype(part.dtype)).sum()
        for part, one in zip(flatten(after).values(), which, strict=True)
    ]
    gradients = grad(sum(picked[1:], picked[0]), list(flatten(copies).values()))
    jacobian = np.concatenate([g.data.reshape(rows, -1) for g in gradients], axis=1)
    return jacobian, tree_map(lambda part: Tensor(part.data[:1]), after)


def _as_array(x: ArrayLike | Tensor) -> Array:
    return np.asarray(x.data if isinstance(x, Tensor) else x)


def products(jacobians: ArrayLike) -> Array:
    """Return how the last state answers to each earlier one: ds_T/ds_{T-k} for k = 1 .. T.

    Args:
        jacobians: shape (T, S, S), in time order, as `step_jacobians` gives them.

    Returns:
        Shape (T, S, S): at k - 1 the product J_T J_{T-1} ... J_{T-k+1} of the last k.

    Raises:
        ShapeError: if the Jacobians are not (T, S, S).
        AnomalyError: if one is not finite.

    >>> products([[[2.0]], [[3.0]], [[5.0]]]).ravel()
    array([ 5., 15., 30.])
    """
    return np.array(list(accumulate(_square_matrices(jacobians)[::-1], np.matmul)))


def log10_singular_values(jacobians: ArrayLike) -> Array:
    """Return the singular values of `products`, as powers of ten, so that none runs out of range.

    Args:
        jacobians: shape (T, S, S), in time order, as `step_jacobians` gives them.

    Returns:
        Shape (T, S): at k - 1 the log10 of the singular values of the last k Jacobians' product,
        largest first. A zero gives -inf. NaN stands for a value so far below the largest that the
        rounding of the product hides it: below S times the machine epsilon, times the largest.

    Raises:
        ShapeError: if the Jacobians are not (T, S, S).
        AnomalyError: if one is not finite.

    >>> log10_singular_values(np.full((400, 1, 1), 1e-3))[-1]
    array([-1200.])
    """
    matrices = _square_matrices(jacobians)
    product, scale = np.eye(matrices.shape[-1], dtype=matrices.dtype), 0.0
    floor = matrices.shape[-1] * np.finfo(matrices.dtype).eps
    out = []
    for matrix in matrices[::-1]:
        product = product @ matrix
        largest = float(np.max(np.abs(product), initial=0.0))
        if 0.0 < largest < np.inf:
            product, scale = product / largest, scale + np.log10(largest)
        values = np.linalg.svd(product, compute_uv=False)
        with np.errstate(divide="ignore"):
            logs = np.log10(values)
        out.append(np.where(values < floor * values[0], np.nan, logs) + scale)
    return np.array(out)


def _square_matrices(jacobians: ArrayLike) -> Array:
    matrices = _as_array(jacobians)
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or len(matrices) == 0:
        raise ShapeError(f"Jacobians of shape {matrices.shape} are not (T, S, S), T at least 1")
    if not np.all(np.isfinite(matrices)):
        raise AnomalyError("a Jacobian is not finite: look for the first such value in the run")
    return matrices


def spectral_radius(matrix: ArrayLike) -> Any:
    """Return the largest magnitude of an eigenvalue: the rate at which high powers grow (Gelfand).

    Args:
        matrix: shape (S, S), or (..., S, S) for several at once.

    Returns:
        One number, or shape (...).

    Raises:
        numpy.linalg.LinAlgError: if the matrix is not square, or not finite.

    >>> round(float(spectral_radius([[0.0, 4.0], [1.0, 0.0]])), 12)
    2.0
    """
    return np.max(np.abs(np.linalg.eigvals(_as_array(matrix))), axis=-1)


def norm_bound(weight_hh: ArrayLike | Tensor, largest_slope: float = 1.0) -> float:
    """Return the textbook bound on the norm of one step's Jacobian in a simple recurrent network.

    No gradient grows by more per step back, and below 1 every gradient vanishes: sigma_max(U)
    times the nonlinearity's largest slope (Pascanu et al. 2013, "On the difficulty of training
    recurrent neural networks", 2.1). It holds for ``h_t = f(U h_{t-1} + ...)``, not gated cells.

    Args:
        weight_hh: U, shape (H, H): an array or a parameter.
        largest_slope: 1 for tanh, relu and identity, 1/4 for the logistic sigmoid.

    Returns:
        The factor per step; its log10 compares with `decades_per_step`.

    Raises:
        ShapeError: if `weight_hh` is not square, as the stacked weight of a gated cell is not.

    >>> norm_bound([[3.0, 0.0], [0.0, 1.0]], largest_slope=0.25)
    0.75
    """
    matrix = _as_array(weight_hh)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"norm_bound: weight_hh of shape {matrix.shape} is not (H, H)")
    return float(np.linalg.norm(matrix, 2)) * largest_slope


def decades_per_step(norms: ArrayLike, reverse: bool = False) -> float:
    """Return by how many powers of ten a gradient changes for each step back in time.

    It is minus the slope of the least-squares line through log10(norm) against t, so it compares
    with the log10 of a spectral radius: -0.5 means that two steps back leave a tenth.

    Args:
        norms: shape (T,), in time order, as `GradientFlow.through_time` gives them. What is not
            finite is left out, and so are zeros and what is next to zero, below 2.2e-308: there
            the gradient ran out of floating-point range and is stuck at a few rounded values.
        reverse: whether they are of a run that reads from the last step to the first, whose
            gradient goes on from the first to the last.

    Returns:
        The rate, in decades per step; NaN where fewer than two norms are left.

    >>> round(decades_per_step([0.0, 1e-4, 1e-3, 1e-2]), 12)
    -1.0
    >>> round(decades_per_step([1e-2, 1e-3, 1e-4], reverse=True), 12)
    -1.0
    """
    norms = np.asarray(norms, dtype=np.float64)[:: -1 if reverse else 1]
    t = np.flatnonzero(np.isfinite(norms) & (norms >= np.finfo(np.float64).tiny))
    if len(t) < 2:
        return float("nan")
    away = t - t.mean()
    return -float(away @ np.log10(norms[t]) / (away @ away))


def activations(run: Run) -> dict[str, Array]:
    """Return what every sigmoid and tanh of an unrolled cell gave, through time.

    Args:
        run: what `unroll` returned with its op graph recorded.

    Returns:
        One array (T, B, H) for each, named by its scope: ``"forget gate"``, ``"candidate"``; by
        the primitive where the cell opened no scope. A second one of a name is numbered.

    Raises:
        GradientError: if the run recorded none: inside `no_grad`, fused, or checkpointed.

    >>> from tinygrad_rnn.nn.cells import GRUCell
    >>> from tinygrad_rnn.nn.unroll import unroll
    >>> sorted(activations(unroll(GRUCell(2, 3, rng=0), np.ones((5, 1, 2)))))
    ['candidate', 'reset gate', 'update gate']
    """
    return {
        name: np.stack([node.data for node in nodes]) for name, nodes in _squashing(run).items()
    }


def saturation(run: Run, margin: float = 0.1) -> dict[str, Array]:
    """Return the share of units and gates that are stuck near an end of their range, through time.

    There the slope is small, and little gradient passes. The default margin is that of Karpathy et
    al. 2015, "Visualizing and understanding recurrent networks": a gate below 0.1 or above 0.9.

    Args:
        run: what `unroll` returned with its op graph recorded.
        margin: how near, as a share of the range: 0.1 means beyond -0.8 and 0.8 for a tanh.

    Returns:
        One array (T, 2) for each name of `activations`: the shares of all its B * H values that
        are near the lower end, and near the upper.

    Raises:
        GradientError: as for `activations`.

    >>> from tinygrad_rnn.nn.cells import LSTMCell
    >>> from tinygrad_rnn.nn.unroll import unroll
    >>> wide_open = LSTMCell(2, 3, rng=0, forget_bias=9.0)
    >>> saturation(unroll(wide_open, np.ones((2, 1, 2))))["forget gate"]
    array([[0., 1.],
           [0., 1.]])
    """
    out = {}
    for name, nodes in _squashing(run).items():
        op = nodes[0].op
        assert op is not None
        low = LOWER_END[op.name]
        share = (np.stack([node.data for node in nodes]) - low) / (1.0 - low)  # of the way up
        ends = np.stack([share < margin, share > 1 - margin], axis=-1)
        out[name] = ends.mean(axis=tuple(range(1, ends.ndim - 1)))
    return out


# The upper end of all is 1.
LOWER_END = {"sigmoid": 0.0, "sigmoid_gate": 0.0, "tanh": -1.0, "tanh_gate": -1.0}


def _squashing(run: Run) -> dict[str, list[Tensor]]:
    """Return the nodes of every sigmoid and tanh that the run's own steps made, by name."""
    parts = [list(flatten(state).values()) for state in run.states]
    # Known by identity: an encoder or a layer below, in the same graph, has its own step t.
    steps = {id(e): t for t, ps in enumerate(parts) for p in ps for e in p.scope if e.name == "t"}
    found: dict[str, dict[int, Tensor]] = {}
    for node in topological(*chain.from_iterable(parts)):
        t = next((steps[id(entry)] for entry in node.scope if id(entry) in steps), None)
        if t is None or node.op is None or node.op.name not in LOWER_END:
            continue
        inner = [str(e) for e in node.scope if e.name not in ("t", "layer", "direction")]
        name = base = "/".join(inner) or node.op.name
        again = count(2)
        while t in found.setdefault(name, {}):
            name = f"{base} {next(again)}"
        found[name][t] = node
    if not found:
        raise GradientError(
            "this run recorded no sigmoid and no tanh to look at: unroll it outside of no_grad(), "
            'with engine="graph" and without checkpoint'
        )
    return {name: [by_step[t] for t in sorted(by_step)] for name, by_step in found.items()}

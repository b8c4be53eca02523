"""Calls that a user of NumPy writes: each with the arrays it is of, by the function that is called.

Every call is tested for its value, which is NumPy's own, and for its derivatives.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

A, B, V, W, S = (2, 3), (2, 3, 4), (4,), (5,), (3, 3)
Call = tuple[Callable[..., Any], list[Any]]


def spread(
    shape: tuple[int, ...], seed: int = 0, low: float = 0.3, high: float = 0.9
) -> np.ndarray:
    """Random values, evenly spread, no two of them equal."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    steps = (rng.permutation(size) + rng.uniform(0.25, 0.75, size)) / max(size, 1)
    return (low + (high - low) * steps).reshape(shape)


def regular(n: int = 3, stack: tuple[int, ...] = ()) -> np.ndarray:
    """A matrix that is far from singular, and not symmetric."""
    return 2 * np.eye(n) + 0.4 * np.random.default_rng(1).normal(size=(*stack, n, n))


def positive(x: Any) -> Any:
    """A symmetric matrix with eigenvalues above 0, made of any."""
    return np.matmul(x, x.mT if hasattr(x, "mT") else x.T) + np.eye(x.shape[-1])


HOLES = np.array([[0.3, np.nan, 0.7], [0.2, 0.9, np.nan]])
MASK = np.array([[True, False, True], [True, True, False]])
K = np.array([0, 2])


def with_holes(f: Callable[..., Any]) -> Callable[..., Any]:
    """Put NaN where MASK is False."""
    return lambda x: f(np.where(MASK, x, np.nan))


CALLS: dict[str, list[Call]] = {
    "append": [
        (lambda a, b: np.append(a, b), [A, V]),
        (lambda a, b: np.append(a, b, axis=1), [A, (2, 1)]),
        (lambda a: np.append(a, [[1.0, 2.0, 3.0]], 0), [A]),
    ],
    "column_stack": [(lambda a, b: np.column_stack([a, b]), [(2,), A])],
    "dstack": [(lambda a, b: np.dstack((a, b)), [A, A])],
    "vstack": [(lambda a: np.vstack([a, np.ones(3)], dtype=np.float64), [A])],
    "block": [(lambda a, b: np.block([[a, b], [b, a]]), [S, S]), (np.block, [A])],
    "atleast_1d": [(np.atleast_1d, [()]), (lambda a, b: np.atleast_1d(a, b)[1], [A, ()])],
    "atleast_2d": [(np.atleast_2d, [V])],
    "atleast_3d": [(np.atleast_3d, [A]), (np.atleast_3d, [V])],
    "broadcast_arrays": [(lambda a, b: np.broadcast_arrays(a, b)[0] * b, [A, (3,)])],
    "hsplit": [(lambda a: np.hsplit(a, 3)[1], [A]), (lambda a: np.hsplit(a, [1])[1], [V])],
    "vsplit": [(lambda a: np.vsplit(a, 2)[1], [A])],
    "dsplit": [(lambda a: np.dsplit(a, [1, 3])[1], [B])],
    "split": [(lambda a: np.split(a, indices_or_sections=3, axis=1)[2], [A])],
    "array_split": [(lambda a: np.array_split(ary=a, indices_or_sections=2)[1], [W])],
    "unstack": [(lambda a: np.unstack(a, axis=1)[2], [A])],
    "fliplr": [(np.fliplr, [A])],
    "flipud": [(np.flipud, [A])],
    "flip": [(lambda a: np.flip(m=a, axis=-1), [A])],
    "rot90": [
        (np.rot90, [A]),
        (lambda a: np.rot90(a, 2), [A]),
        (lambda a: np.rot90(a, 1, (1, 2)), [B]),
    ],
    "roll": [(lambda a: np.roll(a, shift=[1, 2], axis=[0, 1]), [A])],
    "copy": [(np.copy, [A]), (lambda a: a.copy(), [A])],
    "take": [
        (lambda a: np.take(a, [5, 9, -1], mode="wrap"), [A]),
        (lambda a: np.take(a, [5, 9], mode="clip"), [A]),
        (lambda a: np.take(a, indices=np.array([0, 2, 2]), axis=np.int64(1)), [A]),
    ],
    "take_along_axis": [(lambda a: np.take_along_axis(a, np.array([[0], [2]]), 1), [A])],
    "repeat": [(lambda a: np.repeat(a, repeats=[1, 0, 2], axis=1), [A])],
    "tile": [(lambda a: np.tile(a, np.array([2, 1])), [A]), (lambda a: np.tile(A=a, reps=2), [A])],
    "delete": [(lambda a: np.delete(a, 1, axis=1), [A]), (lambda a: np.delete(a, [0, 3]), [A])],
    "resize": [(lambda a: np.resize(a, (3, 3)), [A])],
    "rollaxis": [(lambda a: np.rollaxis(a, 2), [B])],
    "compress": [(lambda a: np.compress([True, False, True], a, axis=1), [A])],
    "extract": [(lambda a: np.extract(MASK, a), [A])],
    "sliding_window_view": [
        (lambda a: np.lib.stride_tricks.sliding_window_view(a, 2), [V]),
        (lambda a: np.lib.stride_tricks.sliding_window_view(a, (2, 2)), [S]),
    ],
    "diag": [(lambda a: np.diag(v=a, k=1), [V])],
    "diagflat": [(lambda a: np.diagflat(a, 1), [A])],
    "diagonal": [(lambda a: np.diagonal(a, axis1=1, axis2=2), [B])],
    "trace": [(lambda a: np.trace(a, 1, 1, 2), [B]), (lambda a: np.linalg.trace(a), [B])],
    "tril": [(np.tril, [V]), (lambda a: np.tril(m=a, k=-1), [B])],
    "triu": [(np.triu, [V]), (lambda a: np.triu(a, 1), [B])],
    "sort": [
        (lambda a: np.sort(a, kind="heapsort"), [A]),
        (lambda a: np.sort(a, 0), [A]),
        (lambda a: np.sort(a, axis=None), [A]),
    ],
    "partition": [
        (lambda a: np.partition(a, 2, axis=0), [(4, 2)]),
        (lambda a: np.partition(a, [1, 2]), [W]),
        (lambda a: np.partition(a, 3, None), [A]),
    ],
    "reshape": [
        (lambda a: np.reshape(a, (3, 2), order="F"), [A]),
        (lambda a: np.reshape(a, shape=(6,)), [A]),
        (lambda a: a.reshape(3, 2, order="F"), [A]),
    ],
    "ravel": [(lambda a: np.ravel(a, order="F"), [A]), (lambda a: a.flatten("F"), [A])],
    "matrix_transpose": [(np.matrix_transpose, [B]), (np.linalg.matrix_transpose, [A])],
    "permute_dims": [(lambda a: np.permute_dims(a, (1, 0)), [A])],
    "concat": [(lambda a, b: np.concat([a, b], axis=1), [A, A])],
    "concatenate": [
        (lambda a, b: np.concatenate((a, b), dtype=np.float64), [A, A]),
        (
            lambda a, b: (
                np.concatenate(arrays=None, axis=0)
                if a is None
                else np.concatenate([a, b], np.int64(0))
            ),
            [A, A],
        ),
    ],
    "meshgrid": [
        (lambda a, b: np.meshgrid(a, b)[0], [V, W]),
        (lambda a, b: np.meshgrid(a, b, indexing="ij")[1] * a[0], [V, W]),
        (lambda a, b: np.meshgrid(a, b, sparse=True)[1], [V, W]),
    ],
    "select": [
        (lambda a, b: np.select([MASK, ~MASK], [a, b]), [A, A]),
        (lambda a: np.select([MASK], [a], 2.0), [A]),
    ],
    "choose": [(lambda a, b: np.choose(np.array([0, 1, 1]), [a, b]), [(3,), (3,)])],
    "average": [
        (np.average, [A]),
        (lambda a: np.average(a, axis=1, weights=[1.0, 2.0, 3.0]), [A]),
        (lambda a, w: np.average(a, weights=w), [A, A]),
        (lambda a, w: np.average(a, axis=0, weights=w, returned=True)[1], [A, A]),
        (lambda a: np.average(a, 0, keepdims=True), [A]),
    ],
    "ptp": [(np.ptp, [A]), (lambda a: np.ptp(a, axis=1, keepdims=True), [A])],
    "median": [
        (np.median, [W]),
        (np.median, [A]),
        (lambda a: np.median(a, axis=(0, 2)), [B]),
        (lambda a: np.median(a, 1, keepdims=True), [B]),
    ],
    "quantile": [
        (lambda a: np.quantile(a, 0.3), [W]),
        (lambda a: np.quantile(a, [0.1, 0.5, 1.0], axis=1), [A]),
        (lambda a: np.quantile(a, 0.25, axis=(0, 1), keepdims=True), [B]),
    ],
    "percentile": [
        (lambda a: np.percentile(a, [10, 75], axis=0), [A]),
        (lambda a: np.percentile(a, 40), [A]),
    ],
    "nansum": [(with_holes(np.nansum), [A]), (with_holes(lambda x: np.nansum(x, axis=1)), [A])],
    "nanprod": [(with_holes(np.nanprod), [A])],
    "nancumsum": [(with_holes(lambda x: np.nancumsum(x, axis=1)), [A])],
    "nancumprod": [(with_holes(lambda x: np.nancumprod(x, axis=1)), [A])],
    "nanmean": [(with_holes(np.nanmean), [A]), (with_holes(lambda x: np.nanmean(x, axis=0)), [A])],
    "nanmax": [(with_holes(np.nanmax), [A]), (with_holes(lambda x: np.nanmax(x, axis=1)), [A])],
    "nanmin": [(with_holes(lambda x: np.nanmin(x, axis=1, keepdims=True)), [A])],
    "nanvar": [
        (with_holes(np.nanvar), [A]),
        (with_holes(lambda x: np.nanvar(x, axis=1, ddof=1)), [A]),
    ],
    "nanstd": [(with_holes(lambda x: np.nanstd(x, axis=1)), [A])],
    "nan_to_num": [(with_holes(np.nan_to_num), [A])],
    "cov": [
        (np.cov, [A]),
        (lambda a: np.cov(a, bias=True), [A]),
        (lambda a: np.cov(a, rowvar=False), [(4, 2)]),
        (np.cov, [V]),
    ],
    "corrcoef": [(np.corrcoef, [(2, 5)])],
    "inner": [(np.inner, [A, (4, 3)]), (np.inner, [(3,), (3,)]), (np.inner, [(), A])],
    "vdot": [(np.vdot, [A, A])],
    "vecdot": [(np.vecdot, [A, (3,)]), (np.linalg.vecdot, [A, A])],
    "matvec": [(np.matvec, [B, V])] if hasattr(np, "matvec") else [],
    "vecmat": [(np.vecmat, [(3,), B])] if hasattr(np, "vecmat") else [],
    "kron": [(np.kron, [A, (2, 2)]), (np.kron, [(2,), A])],
    "cross": [
        (np.cross, [A, A]),
        (lambda a, b: np.cross(a, b, axis=0), [(3, 2), (3, 2)]),
        (np.linalg.cross, [(3,), (3,)]),
    ],
    "outer": [(np.linalg.outer, [(2,), (3,)]), (lambda a, b: np.outer(a=a, b=b), [(2,), A])],
    "tensordot": [
        (lambda a, b: np.tensordot(a, b, axes=[[1], [0]]), [A, S]),
        (lambda a, b: np.linalg.tensordot(a, b, axes=1), [A, S]),
    ],
    "dot": [(np.dot, [B, (2, 4, 3)]), (lambda a, b: np.linalg.matmul(a, b), [A, S])],
    "multi_dot": [(lambda a, b, c: np.linalg.multi_dot([a, b, c]), [A, S, (3, 2)])],
    "matrix_power": [
        (lambda a, n=n: np.linalg.matrix_power(a, n), [regular()]) for n in (0, 1, 2, 3, 5, -2)
    ],
    "gradient": [
        (np.gradient, [W]),
        (lambda a: np.gradient(a, 0.5, edge_order=2), [W]),
        (lambda a: np.gradient(a, np.array([0.0, 1.0, 3.0, 4.0])), [V]),
        (lambda a: np.gradient(a)[1], [(3, 4)]),
        (lambda a: np.gradient(a, 2.0, 3.0)[0], [(3, 4)]),
        (lambda a: np.gradient(a, axis=1), [(2, 4)]),
    ],
    "trapezoid": [
        (np.trapezoid, [W]),
        (lambda a: np.trapezoid(a, dx=0.5, axis=0), [A]),
        (lambda a: np.trapezoid(a, [0.0, 1.0, 4.0]), [A]),
        (lambda y, x: np.trapezoid(y, x), [V, V]),
    ],
    "ediff1d": [
        (np.ediff1d, [A]),
        (lambda a: np.ediff1d(a, to_begin=[9.0], to_end=[1.0, 2.0]), [V]),
    ],
    "diff": [
        (lambda a: np.diff(a, prepend=0.0), [A]),
        (lambda a, b: np.diff(a, axis=0, append=b), [A, (1, 3)]),
        (lambda a: np.diff(a, n=2, axis=np.int64(1)), [A]),
        (lambda a: np.diff(a, 0), [A]),
    ],
    "cumsum": [(lambda a: np.cumsum(a, 1, np.float64), [A]), (lambda a: np.cumsum(a=a), [A])],
    "cumprod": [
        (np.cumprod, [A]),
        (lambda a: np.cumprod(a, axis=0), [A]),
        (lambda a: np.cumprod(a * np.array([1.0, 0.0, 1.0, 1.0])), [V]),
    ],
    "cumulative_sum": [(lambda a: np.cumulative_sum(a, axis=1, include_initial=True), [A])],
    "cumulative_prod": [
        (lambda a: np.cumulative_prod(a, axis=1), [A]),
        (lambda a: np.cumulative_prod(a, include_initial=True), [V]),
    ],
    "convolve": [
        (lambda a, b, m=m: np.convolve(a, b, m), s)
        for m in ("full", "same", "valid")
        for s in ([W, (3,)], [(2,), W], [V, V])
    ],
    "correlate": [
        (lambda a, b, m=m: np.correlate(a, b, m), s)
        for m in ("full", "same", "valid")
        for s in ([W, (3,)], [(2,), W], [V, (4,)])
    ],
    "interp": [
        (lambda x: np.interp(x, [0.0, 0.5, 1.0], [0.0, 2.0, 1.0]), [A]),
        (lambda x, f: np.interp(x, [0.0, 0.5, 1.0], f), [A, (3,)]),
        (lambda x, f: np.interp(x, [0.4, 0.5, 0.6], f, left=7.0), [A, (3,)]),
        (lambda x, f: np.interp(x, [0.1, 0.4, 0.45], f, period=0.5), [A, (3,)]),
    ],
    "unwrap": [(lambda x: np.unwrap(x * np.array([1.0, 20.0, -30.0])), [A])],
    "sum": [
        (lambda a: np.sum(a=a, axis=np.int64(0)), [A]),
        (lambda a: np.sum(a, where=MASK), [A]),
        (lambda a: np.sum(a, 1, initial=3.0), [A]),
        (lambda a: np.sum(a, 1, np.float64, None, True), [A]),
        (lambda a: np.sum(a, axis=1, dtype=np.float64, keepdims=True), [A]),
        (lambda a: np.add.reduce(a), [A]),
        (lambda a: np.add.reduce(a, axis=1), [A]),
        (lambda a: a.sum(axis=(0, 1)), [A]),
    ],
    "prod": [
        (lambda a: np.prod(a, where=MASK), [A]),
        (lambda a: np.prod(a, axis=1, initial=2.0), [A]),
    ],
    "max": [
        (lambda a: np.max(a, axis=1, initial=0.55), [A]),
        (lambda a: np.max(a, where=MASK, initial=-1.0), [A]),
        (lambda a: np.maximum.reduce(a), [A]),
    ],
    "min": [(lambda a: np.min(a, 1, initial=0.65), [A])],
    "mean": [
        (lambda a: np.mean(a, where=MASK), [A]),
        (lambda a: np.mean(a, 1, np.float64), [A]),
        (lambda a: a.mean(dtype=np.float64), [A]),
    ],
    "var": [
        (lambda a: np.var(a, correction=1), [A]),
        (lambda a: np.var(a, axis=1, where=MASK), [A]),
        (lambda a: np.var(a, 1, None, None, 1), [A]),
        (lambda a: np.var(a, axis=0, mean=np.mean(a, axis=0, keepdims=True)), [A]),
    ],
    "std": [
        (lambda a: np.std(a, correction=1), [A]),
        (lambda a: np.std(a, axis=1, where=MASK), [A]),
    ],
    "astype": [
        (lambda a: a.astype(np.float64, copy=False), [A]),
        (lambda a: np.astype(a, np.float64), [A]),
    ],
    "fmax": [(np.fmax, [A, A]), (lambda a: np.fmax(a, HOLES), [A])],
    "fmin": [(np.fmin, [A, A]), (lambda a: np.fmin(HOLES, a), [A])],
    "copysign": [(lambda a: np.copysign(a, [-1.0, 1.0, -0.0]), [A])],
    "remainder": [(lambda a: np.mod(a, 0.29), [A])],
    "degrees": [(np.rad2deg, [A]), (np.degrees, [A])],
    "radians": [(np.deg2rad, [A]), (np.radians, [A])],
    "logaddexp2": [(np.logaddexp2, [A, A])],
    "exp2": [(np.exp2, [A])],
    "cbrt": [(np.cbrt, [A])],
    "sinc": [(np.sinc, [A]), (lambda a: np.sinc(a * np.array([0.0, 1.0, 2.0])), [A])],
    "fabs": [(np.fabs, [A])],
    "float_power": [(np.float_power, [A, A])],
    "positive": [(np.positive, [A]), (np.real, [A]), (np.conj, [A])],
    "real": [(np.real, [A])],
    "svdvals": [(np.linalg.svdvals, [A])],
    "arcsinh": [(np.arcsinh, [A]), (np.asinh, [A])],
    "arccosh": [(lambda a: np.arccosh(a + 1.0), [A])],
    "arctanh": [(np.arctanh, [A])],
    "clip": [
        (lambda a: np.clip(a, a_min=0.4, a_max=0.8), [A]),
        (lambda a: np.clip(a, min=0.5), [A]),
        (lambda a: a.clip(max=0.5), [A]),
    ],
    "where": [(lambda a: np.where(MASK, a, 2.0), [A])],
    "pad": [
        (lambda a: np.pad(a, (1, 2), "constant", constant_values=2.0), [V]),
        (lambda a: np.pad(array=a, pad_width=1, mode="edge"), [A]),
    ],
    "getitem": [(lambda a: a[[]], [A]), (lambda a: a[np.int64(1), ..., None], [A])],
    "inv": [(np.linalg.inv, [regular()]), (np.linalg.inv, [regular(2, (3,))])],
    "det": [(np.linalg.det, [regular()]), (np.linalg.det, [regular(2, (3,))])],
    "slogdet": [
        (lambda x: np.linalg.slogdet(x).logabsdet, [regular()]),
        (lambda x: np.linalg.slogdet(-x)[1], [regular(3, (2,))]),
    ],
    "solve": [
        (np.linalg.solve, [regular(), (3,)]),
        (np.linalg.solve, [regular(), (3, 2)]),
        (np.linalg.solve, [regular(3, (2,)), (3, 2)]),
        (np.linalg.solve, [regular(), (2, 3, 2)]),
    ],
    "pinv": [(np.linalg.pinv, [(4, 2)]), (np.linalg.pinv, [A]), (np.linalg.pinv, [regular()])],
    "cholesky": [
        (lambda x: np.linalg.cholesky(positive(x)), [regular()]),
        (lambda x: np.linalg.cholesky(positive(x), upper=True), [regular(2, (2,))]),
    ],
    "eigvalsh": [
        (lambda x: np.linalg.eigvalsh(positive(x)), [regular()]),
        (lambda x: np.linalg.eigvalsh(positive(x), "U"), [regular(2, (2,))]),
    ],
    "eigh": [
        (lambda x: np.linalg.eigh(positive(x)).eigenvalues, [regular()]),
        (lambda x: np.square(np.linalg.eigh(positive(x)).eigenvectors), [regular()]),
    ],
    "svd": [
        (lambda x: np.linalg.svd(x, compute_uv=False), [A]),
        (lambda x: np.square(np.linalg.svd(x, full_matrices=False).U), [(4, 2)]),
        (lambda x: np.square(np.linalg.svd(x, full_matrices=False).U), [A]),
        (lambda x: np.square(np.linalg.svd(x, full_matrices=False).Vh), [A]),
        (lambda x: np.square(np.linalg.svd(x)[2]), [regular()]),
        (lambda x: np.linalg.svdvals(x), [regular()]),
    ],
    "qr": [
        (lambda x: np.linalg.qr(x).Q, [(4, 2)]),
        (lambda x: np.linalg.qr(x)[1], [regular()]),
        (lambda x: np.linalg.qr(x, "r"), [(4, 2)]),
    ],
    "norm": [
        *[
            (lambda x, o=o: np.linalg.norm(x, o), [(3, 2)])
            for o in (2, -2, "nuc", 1, -1, np.inf, -np.inf, "fro")
        ],
        *[(lambda x, o=o: np.linalg.norm(x, o), [V]) for o in (1, 2, 3, 0.5, -1, np.inf)],
        (lambda x: np.linalg.norm(x, 2, axis=(0, 2), keepdims=True), [B]),
        (lambda x: np.linalg.norm(x, axis=np.int64(1)), [A]),
    ],
    "vector_norm": [
        (np.linalg.vector_norm, [B]),
        (lambda x: np.linalg.vector_norm(x, axis=(0, 2), keepdims=True), [B]),
        (lambda x: np.linalg.vector_norm(x, ord=3, axis=1), [A]),
    ],
    "matrix_norm": [(np.linalg.matrix_norm, [B]), (lambda x: np.linalg.matrix_norm(x, ord=2), [A])],
    "cond": [(np.linalg.cond, [regular()]), (lambda x: np.linalg.cond(x, 1), [regular()])],
}
ALL = [
    (f"{name}-{k}", f, inputs)
    for name, calls in CALLS.items()
    for k, (f, inputs) in enumerate(calls)
]


def arrays_of(inputs: list[Any]) -> list[np.ndarray]:
    """Return the arrays of a call: those given, and random ones of the shapes given."""
    return [x if isinstance(x, np.ndarray) else spread(x, seed=k) for k, x in enumerate(inputs)]

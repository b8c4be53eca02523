"""numpy.linalg: systems, inverses, determinants and decompositions.

The rules are those of Giles (2008, "An extended collection of matrix derivative results") and, for
the decompositions, of Seeger et al. (2017, "Auto-differentiating linear algebra"). A function that
reads one triangle of a symmetric matrix has the gradient of the symmetric one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_rnn.array import FUNCTIONS
from tinygrad_rnn.batched import unbroadcast
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.functional import vjp as vjp_of
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Tensor, Value, value_of


def _symmetric(x: Value) -> Value:
    return (x + x.mT) / 2


def decomposition(
    name: str,
    part: Function,
    formula: str,
    vjp: Function,
    text: str,
) -> Primitive:
    """Declare a function of one matrix, or a stack of them, by its vjp; its jvp follows from that.

    The jvp of a linear map J^T is the derivative of J^T g with respect to g, along t.

    Args:
        name: how pictures and messages call it.
        part: the function, on arrays.
        formula: y in symbols.
        vjp: ``(g, y, x, **params)``.
        text: the vjp in symbols.

    >>> import tinygrad_rnn as tr
    >>> x = tr.Tensor([[2.0, 0.0], [1.0, 4.0]], requires_grad=True)
    >>> np.linalg.det(x).backward()  # declared so
    >>> x.grad
    array([[ 4., -1.],
           [ 0.,  2.]])
    """

    def jvp(t: Value, y: Value, x: Value, **params: object) -> Value:
        zeros = np.zeros(np.shape(y), y.dtype)
        out = vjp_of(lambda g: vjp(g, y, x, **params), zeros)[1](t)[0]
        return value_of(out) if isinstance(y, np.ndarray) else out

    return Primitive(name, part, [vjp], [jvp], formula, text)


# -- systems, inverses, determinants


def _outer_scale(g: Value) -> Value:
    return np.expand_dims(g, (-1, -2))


inv = decomposition(
    "inv",
    np.linalg.inv,
    "inverse of x",
    lambda g, y, x: -np.matmul(np.matmul(y.mT, g), y.mT),
    "-y.T @ g @ y.T",
)
det = decomposition(
    "det",
    np.linalg.det,
    "determinant of x",
    lambda g, y, x: _outer_scale(g * y) * np.linalg.inv(x).mT,
    "g * y * inverse(x).T",
)
logabsdet = decomposition(
    "logabsdet",
    lambda x: np.linalg.slogdet(x).logabsdet,
    "log(abs(det(x)))",
    lambda g, y, x: _outer_scale(g) * np.linalg.inv(x).mT,
    "g * inverse(x).T",
)


def _pinv_vjp(g: Value, y: Value, x: Value, **how: object) -> Value:
    left = np.eye(x.shape[-2], dtype=x.dtype) - np.matmul(x, y)
    right = np.eye(x.shape[-1], dtype=x.dtype) - np.matmul(y, x)
    first = np.matmul(np.matmul(y.mT, g), y.mT)
    second = np.matmul(np.matmul(np.matmul(left, g.mT), y), y.mT)
    third = np.matmul(np.matmul(np.matmul(y.mT, y), g.mT), right)
    return second + third - first


pinv = decomposition(
    "pinv",
    lambda x, **how: np.linalg.pinv(x, **how),
    "pseudo-inverse of x",
    _pinv_vjp,
    "-y.T @ g @ y.T, and what leaves the range of x",
)


def _as_matrix(b: Value, v: Value) -> Value:
    """Return v as a matrix where b is one vector."""
    return np.expand_dims(v, -1) if b.ndim == 1 else v


def _solve_to_b(g: Value, y: Value, a: Value, b: Value) -> Value:
    out = np.linalg.solve(a.mT, _as_matrix(b, g))
    out = np.squeeze(out, -1) if b.ndim == 1 else out
    return unbroadcast(out, b.shape) if out.shape != b.shape else out


def _solve_to_a(g: Value, y: Value, a: Value, b: Value) -> Value:
    back = np.linalg.solve(a.mT, _as_matrix(b, g))
    out = -np.matmul(back, _as_matrix(b, y).mT)
    return unbroadcast(out, a.shape) if out.shape != a.shape else out


def _solve_along_a(t: Value, y: Value, a: Value, b: Value) -> Value:
    out = -np.linalg.solve(a, np.matmul(t, _as_matrix(b, y)))
    return np.squeeze(out, -1) if b.ndim == 1 else out


solve = Primitive(
    "solve",
    np.linalg.solve,
    [_solve_to_a, _solve_to_b],
    [_solve_along_a, lambda t, y, a, b: np.linalg.solve(a, t)],
    "inverse(a) @ b",
    ("-inverse(a.T) @ g @ y.T", "inverse(a.T) @ g"),
)


# -- decompositions


def _cholesky_vjp(g: Value, y: Value, x: Value, upper: bool) -> Value:
    lower, g = (y.mT, g.mT) if upper else (y, g)
    back = np.linalg.inv(lower)
    product = np.matmul(lower.mT, g)
    half = np.tril(product) - product * (np.eye(x.shape[-1], dtype=x.dtype) / 2)
    return _symmetric(np.matmul(np.matmul(back.mT, half), back))


cholesky = decomposition(
    "cholesky",
    lambda x, upper: np.linalg.cholesky(x, upper=upper),
    "y with y @ y.T = x",
    _cholesky_vjp,
    "inverse(y).T @ half of y.T @ g @ inverse(y)",
)


def _eigenvalues_vjp(g: Value, y: Value, x: Value, UPLO: Any) -> Value:
    v = np.linalg.eigh(x, UPLO).eigenvectors
    return np.matmul(v * np.expand_dims(g, -2), v.mT)


def _inverse_gaps(w: Value) -> Value:
    """Return 1 / (w[k] - w[j]) for row j and column k, 0 on the diagonal."""
    same = np.eye(w.shape[-1], dtype=bool)
    gaps = np.where(same, 1, np.expand_dims(w, -2) - np.expand_dims(w, -1))
    return np.where(same, 0, 1 / gaps)


def _eigenvectors_vjp(g: Value, y: Value, x: Value, UPLO: Any) -> Value:
    inner = _inverse_gaps(np.linalg.eigvalsh(x, UPLO)) * np.matmul(y.mT, g)
    return _symmetric(np.matmul(np.matmul(y, inner), y.mT))


eigvalsh = decomposition(
    "eigvalsh",
    lambda x, UPLO: np.linalg.eigh(x, UPLO).eigenvalues,
    "w with x @ v = w * v",
    _eigenvalues_vjp,
    "v * g @ v.T",
)
eigenvectors = decomposition(
    "eigenvectors",
    lambda x, UPLO: np.linalg.eigh(x, UPLO).eigenvectors,
    "v with x @ v = w * v",
    _eigenvectors_vjp,
    "v @ (v.T @ g / gaps of w) @ v.T",
)


def _thin(x: Value) -> tuple[Any, Any, Any]:
    return np.linalg.svd(x, full_matrices=False)


def _singular_values_vjp(g: Value, y: Value, x: Value) -> Value:
    u, _, vh = _thin(x)
    return np.matmul(u * np.expand_dims(g, -2), vh)


def _left_vjp(g: Value, y: Value, x: Value) -> Value:
    _, s, vh = _thin(x)
    inner = np.matmul(y.mT, g)
    turned = _inverse_gaps(np.square(s)) * (inner - inner.mT) * np.expand_dims(s, -2)
    beyond = (g - np.matmul(y, inner)) / np.expand_dims(s, -2)
    return np.matmul(np.matmul(y, turned) + beyond, vh)


def _right_vjp(g: Value, y: Value, x: Value) -> Value:
    return _left_vjp(g.mT, y.mT, x.mT).mT  # x.T = v s u.T


singular_values = decomposition(
    "singular_values",
    lambda x: np.linalg.svd(x, compute_uv=False),
    "s with x = u * s @ vh",
    _singular_values_vjp,
    "u * g @ vh",
)
left_vectors = decomposition(
    "left_vectors",
    lambda x: _thin(x)[0],
    "u with x = u * s @ vh",
    _left_vjp,
    "(u @ (turned by u.T @ g / gaps of s ** 2) + beyond) @ vh",
)
right_vectors = decomposition(
    "right_vectors",
    lambda x: _thin(x)[2],
    "vh with x = u * s @ vh",
    _right_vjp,
    "as of the left ones of x.T",
)


def _to_x(m: Value, g: Value, q: Value, r: Value) -> Value:
    """Return ``(g + q @ copyltu(m)) @ inverse(r).T``, where copyltu mirrors the lower triangle."""
    mirrored = np.tril(m) + np.tril(m, -1).mT
    return np.matmul(g + np.matmul(q, mirrored), np.linalg.inv(r).mT)


def _q_vjp(g: Value, y: Value, x: Value) -> Value:
    return _to_x(-np.matmul(g.mT, y), g, y, np.linalg.qr(x).R)


def _r_vjp(g: Value, y: Value, x: Value) -> Value:
    q = np.linalg.qr(x).Q
    return _to_x(np.matmul(y, g.mT), 0 * q, q, y)


qr_orthogonal = decomposition(
    "orthogonal", lambda x: np.linalg.qr(x).Q, "q with x = q @ r", _q_vjp, "by q and r"
)
qr_triangular = decomposition(
    "triangular", lambda x: np.linalg.qr(x, "r"), "r with x = q @ r", _r_vjp, "by q and r"
)


# -- what NumPy's functions mean

_RESULTS: dict[Any, Any] = {
    f: type(f(np.eye(1))) for f in (np.linalg.slogdet, np.linalg.eigh, np.linalg.svd, np.linalg.qr)
}


def _not_differentiated(what: str, remedy: str) -> NotDifferentiableError:
    return NotDifferentiableError(f"np.linalg.{what} is not differentiated here: {remedy}")


def _svd(
    a: Value, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Value:
    if not compute_uv:
        return singular_values(a)
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise _not_differentiated("svd with full_matrices=True", "pass full_matrices=False")
    return _RESULTS[np.linalg.svd](left_vectors(a), singular_values(a), right_vectors(a))


def _qr(a: Value, mode: str = "reduced") -> Value:
    if a.shape[-2] < a.shape[-1] or mode not in ("reduced", "r"):
        raise _not_differentiated(
            "qr", "it is for matrices of at least as many rows as columns, in mode reduced or r"
        )
    return (
        qr_triangular(a)
        if mode == "r"
        else _RESULTS[np.linalg.qr](qr_orthogonal(a), qr_triangular(a))
    )


def _slogdet(a: Value) -> Value:
    sign = Tensor(np.linalg.slogdet(value_of(a)).sign)
    return _RESULTS[np.linalg.slogdet](sign, logabsdet(a))


def _eigh(a: Value, UPLO: Any = "L") -> Value:
    return _RESULTS[np.linalg.eigh](eigvalsh(a, UPLO=UPLO), eigenvectors(a, UPLO=UPLO))


FUNCTIONS[np.linalg.inv] = inv.__call__
FUNCTIONS[np.linalg.det] = det.__call__
FUNCTIONS[np.linalg.slogdet] = _slogdet
FUNCTIONS[np.linalg.solve] = solve.__call__
FUNCTIONS[np.linalg.pinv] = lambda a, rcond=None, hermitian=False, **how: pinv(
    a, **({} if rcond is None else {"rcond": rcond}), **how
)
FUNCTIONS[np.linalg.cholesky] = lambda a, /, *, upper=False: cholesky(a, upper=upper)
FUNCTIONS[np.linalg.eigvalsh] = lambda a, UPLO="L": eigvalsh(a, UPLO=UPLO)
FUNCTIONS[np.linalg.eigh] = _eigh
FUNCTIONS[np.linalg.svd] = _svd
FUNCTIONS[np.linalg.svdvals] = lambda x, /: singular_values(x)
FUNCTIONS[np.linalg.qr] = _qr

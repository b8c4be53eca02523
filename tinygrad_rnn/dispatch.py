"""The dispatch of NumPy's functions to tensors: two tables, and what to use beside them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.errors import NotDifferentiableError

Function = Callable[..., Any]  # one of NumPy's, or what that means for tensors
Meanings = dict[np.ufunc, Function]

# What np.f(tensor) means, for ufuncs and for all other functions.
UFUNCS: Meanings = {}
FUNCTIONS: dict[Function, Function] = {}


def apply(function: Function, args: Any, kwargs: Any) -> Any:
    """Look up and call what a NumPy function means for tensors.

    Args:
        function: NumPy's.
        args, kwargs: what it was called with.

    Raises:
        NotDifferentiableError: if it, or an argument, has no meaning here; names what to use.
    """
    meaning = FUNCTIONS.get(function)
    if meaning is None:
        raise not_differentiable(full_name(function))
    if kwargs.get("out") is not None:
        raise NotDifferentiableError(
            f"{full_name(function)}(..., out=) would overwrite a value the graph needs: drop out="
        )
    kwargs.pop("out", None)
    try:
        return meaning(*args, **kwargs)
    except TypeError:
        known = inspect.signature(meaning)
        try:
            known.bind(*args, **kwargs)
        except TypeError:
            raise NotDifferentiableError(
                f"{full_name(function)} with these arguments is not differentiated here: "
                f"it takes {known}"
            ) from None
        raise


def full_name(function: Function) -> str:
    """Return how users write a function of NumPy's.

    Args:
        function: NumPy's.

    >>> full_name(np.linalg.inv)
    'np.linalg.inv'
    """
    module = getattr(function, "__module__", "x")  # a method of ndarray's has none
    return f"{module}.{function.__name__}".replace("numpy.", "np.", 1)


_COMPLEX = (
    "complex numbers have no gradient here: x @ np.cos(...) and x @ np.sin(...) are the parts"
)
_WRITES = "it writes into an array: use np.where or np.concatenate for a new one"
_PLACES = "it writes into an array: np.eye(n)[index].T @ values adds values into n places"
# What to use in place of functions that are not differentiated, by their names.
REMEDIES = {
    "np.linalg.eigvals": "its eigenvalues may be complex: use np.linalg.eigvalsh if symmetric; "
    "np.linalg.norm(np.linalg.matrix_power(W, k), 2) ** (1 / k) nears the spectral radius",
    "np.linalg.eig": "its eigenvalues may be complex: use np.linalg.eigh for a symmetric matrix",
    "np.linalg.lstsq": "use np.linalg.pinv(a) @ b",
    "np.linalg.tensorsolve": "use np.linalg.solve of reshaped arrays",
    "np.linalg.tensorinv": "use np.linalg.inv of a reshaped array",
    "np.unique": "use np.sort, or np.unique(x.data, return_index=True) and x[index]",
    "np.insert": "use np.concatenate",
    "np.piecewise": "use np.select or np.where",
    "np.nanmedian": "use np.median(x[~np.isnan(x)])",
    "np.nanquantile": "use np.quantile(x[~np.isnan(x)], q)",
    "np.nanpercentile": "use np.percentile(x[~np.isnan(x)], q)",
    "np.polyval": "use np.vander(x.data) for constants, or Horner's rule in a loop",
    "np.apply_along_axis": "call the function with its own axis=, or np.stack of its results",
    "np.apply_over_axes": "call the function with axis=(...)",
    "np.histogram": "a count has no gradient: use np.histogram(x.data)",
    "np.angle": "use np.arctan2",
    "np.imag": "a tensor is real: its imaginary part is 0",
    "np.divmod": "use np.remainder; the quotient moves in steps",
    "np.modf": "use np.fmod(x, 1.0) for the fraction; the whole part moves in steps",
    "np.copyto": _WRITES,
    "np.put": _WRITES,
    "np.place": _WRITES,
    "np.putmask": _WRITES,
    "np.put_along_axis": _WRITES,
    "np.fill_diagonal": _WRITES,
    **{f"np.{name}.at": _PLACES for name in ("add", "subtract", "multiply", "maximum", "minimum")},
    **{
        f"np.fft.{name}": _COMPLEX
        for name in ("fft", "ifft", "rfft", "irfft", "fft2", "fftn", "rfft2")
    },
}


def not_differentiable(name: str) -> NotDifferentiableError:
    """Return the error for a function that has no meaning here, with what to use in its place.

    Args:
        name: as users write it.
    """
    remedy = REMEDIES.get(name, "use a function that is")
    return NotDifferentiableError(
        f"{name} is not differentiated here: {remedy}, or {name}(x.data) for a constant"
    )


# What a ufunc's own method is: np.add.reduce(x) is np.sum(x, axis=0).
REDUCED: Meanings = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
ACCUMULATED: Meanings = {np.add: np.cumsum, np.multiply: np.cumprod}


def apply_ufunc_method(ufunc: np.ufunc, method: str, args: Any, kwargs: Any) -> Any:
    """Call what a method of a ufunc means for tensors, such as ``np.add.reduce``.

    Args:
        ufunc: NumPy's.
        method: ``"reduce"``, ``"accumulate"`` or ``"outer"``; others have no meaning here.
        args, kwargs: what it was called with.

    Raises:
        NotDifferentiableError: if it has no meaning here.
    """
    named = {"reduce": REDUCED, "accumulate": ACCUMULATED}.get(method, {})
    if ufunc in named and len(args) == 1:
        return apply(named[ufunc], args, {"axis": 0, **kwargs})
    if method == "outer" and ufunc in UFUNCS and not kwargs:
        a, b = args
        shape = (*np.shape(a), *[1] * np.ndim(b))
        return UFUNCS[ufunc](FUNCTIONS[np.reshape](a, shape), b)
    raise not_differentiable(f"np.{ufunc.__name__}.{method}")

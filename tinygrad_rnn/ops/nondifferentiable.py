"""NumPy functions whose result is no function to differentiate: they give plain arrays or facts."""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.array import FUNCTIONS, UFUNCS
from tinygrad_rnn.dispatch import Function
from tinygrad_rnn.errors import NotDifferentiableError
from tinygrad_rnn.tensor import Tensor, Value, value_of

COMPARISONS = (
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    np.isfinite,
    np.isinf,
    np.isnan,
    np.signbit,
    np.logical_and,
    np.logical_or,
    np.logical_not,
    np.logical_xor,
)
NOT_NUMERIC = (
    np.shape,
    np.ndim,
    np.size,
    np.argmax,
    np.argmin,
    np.argpartition,
    np.argsort,
    np.argwhere,
    np.array_equiv,
    np.bincount,
    np.can_cast,
    np.digitize,
    np.flatnonzero,
    np.iscomplex,
    np.iscomplexobj,
    np.isin,
    np.isneginf,
    np.isposinf,
    np.isreal,
    np.isrealobj,
    np.lexsort,
    np.linalg.matrix_rank,
    np.may_share_memory,
    np.nanargmax,
    np.nanargmin,
    np.searchsorted,
    np.shares_memory,
    np.nonzero,
    np.count_nonzero,
    np.any,
    np.all,
    np.isclose,
    np.allclose,
    np.array_equal,
    np.zeros_like,
    np.ones_like,
    np.full_like,
    np.empty_like,
    np.result_type,
    np.array2string,
    np.array_str,
    np.array_repr,
)
PIECEWISE_CONSTANT = (np.floor_divide, np.floor, np.ceil, np.trunc, np.rint, np.heaviside)
ROUNDED = (np.round, np.around, np.fix)


def _on_values(function: Function) -> Function:
    def plain(*args: object, **kwargs: object) -> Value:
        values = {name: value_of(x) for name, x in kwargs.items()}
        return function(*[value_of(x) for x in args], **values)

    return plain


def _on_constants(function: Function) -> Function:
    def steps(*args: object, **kwargs: object) -> Value:
        if any(isinstance(x, Tensor) and x.requires_grad for x in args):
            raise NotDifferentiableError(
                f"np.{function.__name__} moves in steps, so its derivative is 0 or undefined "
                "everywhere: use it on .data where a constant is meant"
            )
        return function(*[value_of(x) for x in args], **kwargs)

    return steps


UFUNCS.update({function: _on_values(function) for function in COMPARISONS})
UFUNCS.update({function: _on_constants(function) for function in PIECEWISE_CONSTANT})
FUNCTIONS.update({function: _on_values(function) for function in NOT_NUMERIC})
FUNCTIONS.update({function: _on_constants(function) for function in ROUNDED})

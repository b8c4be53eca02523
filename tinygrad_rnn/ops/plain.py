"""NumPy functions whose result is no function to differentiate: they give plain arrays or facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_rnn.tensor import FUNCTIONS, UFUNCS, Tensor

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
)
FACTS = (np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.allclose, np.array_equal)


def _on_values(function: Callable[..., Any]) -> Callable[..., Any]:
    def plain(*args: Any, **kwargs: Any) -> Any:
        return function(*[x._data if isinstance(x, Tensor) else x for x in args], **kwargs)

    return plain


UFUNCS.update({function: _on_values(function) for function in COMPARISONS})
FUNCTIONS.update({function: _on_values(function) for function in FACTS})

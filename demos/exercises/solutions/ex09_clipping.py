"""A solution of exercise 9."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def clip_by_norm(gradients: list[Array], max_norm: float) -> list[Array]:
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [factor * g for g in gradients]

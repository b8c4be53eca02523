"""This project's fused engine where Numba is installed, as the extra `fast` installs it."""

import numba  # noqa: F401  # absent, this contender is left out

from tests.benchmarks.contenders.ours import fused

__all__ = ["fused"]

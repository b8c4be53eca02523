"""Named errors of pictures, each with a remedy in its message.

>>> import viz
>>> try:
...     viz.draw(3.0)
... except viz.VizError as error:
...     print(error)
draw needs a Tensor, got float
"""

from __future__ import annotations


class VizError(ValueError):
    """A picture was asked for that cannot be drawn as asked; all others here are kinds of it."""


class GraphvizMissingError(VizError):
    """No Graphviz was found: neither `dot` on PATH nor the `embedded` extra.

    Only .svg, .png and .pdf need one.
    """


class GraphvizFailedError(VizError):
    """Graphviz ran and failed, or gave back something that is no picture."""


class GraphvizTimeoutError(VizError, TimeoutError):
    """Graphviz did not finish within the time limit and was ended."""


class TooLargeError(VizError):
    """The picture would be too large: at this level with `strict=True`, else at every level."""


class VizWarning(UserWarning):
    """The picture was drawn, but not as hoped: at a coarser level, or too small to read."""

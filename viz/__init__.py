"""Pictures of recorded graphs and of the gradient that went along each edge."""

from viz.charts import chart
from viz.drawing import compare, draw
from viz.errors import (
    GraphvizFailedError,
    GraphvizMissingError,
    GraphvizTimeoutError,
    TooLargeError,
    VizError,
    VizWarning,
)
from viz.picture import Picture
from viz.style import Scale

__all__ = [
    "GraphvizFailedError",
    "GraphvizMissingError",
    "GraphvizTimeoutError",
    "Picture",
    "Scale",
    "TooLargeError",
    "VizError",
    "VizWarning",
    "chart",
    "compare",
    "draw",
]

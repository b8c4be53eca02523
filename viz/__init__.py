"""Pictures of recorded graphs and of the gradient that went along each edge.

`draw` makes one of a graph, `compare` one of several on a shared scale; each is a `Picture`, to
`save` as .svg, .png, .pdf, .html, .dot or .json. `chart` draws the gradient's norm through time;
further charts are in `viz.charts`. `python -m viz --help` does all that from the command line.

>>> import numpy as np, tinygrad_rnn as tr, viz
>>> run = tr.unroll(tr.GRUCell(2, 3, rng=0), np.ones((4, 1, 2)))
>>> loss = run.final.sum()
>>> picture = viz.draw(loss, tr.trace(loss), detail="gate", title="GRU")
>>> picture.to_bytes("dot")[:14]
b'digraph bptt {'
"""

from viz.charts.charts import chart
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
from viz.recorder import Recorder
from viz.style import Scale

__all__ = [
    "GraphvizFailedError",
    "GraphvizMissingError",
    "GraphvizTimeoutError",
    "Picture",
    "Recorder",
    "Scale",
    "TooLargeError",
    "VizError",
    "VizWarning",
    "chart",
    "compare",
    "draw",
]

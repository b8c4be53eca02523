"""The pictures, `viz`, by a name that no other project has.

One idea: another project on the package index installs a package named `viz`, too. Where its
`viz/__init__.py` has taken the place of this project's, the files beside it are still there, and
here all is taken from those. The engine never imports this module.

>>> import tinygrad_rnn.viz as pictures, viz
>>> pictures.draw is viz.draw
True
"""

try:
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
except ImportError as error:
    raise ImportError(
        f"another project's package named viz stands in the place of tinygrad-rnn's ({error}): "
        "install tinygrad-rnn in an environment of its own"
    ) from error

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
    "start",
]


def start() -> None:
    """Begin as the command `tinygrad-rnn`."""
    from viz.__main__ import start as command

    command()

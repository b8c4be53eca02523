"""Charts of one or several sweeps: the gradient through time, by unit, by loss, over training."""

from viz.charts.axes import save as save
from viz.charts.charts import chart as chart
from viz.charts.charts import openness as openness
from viz.charts.charts import shares as shares
from viz.charts.charts import spectrum as spectrum
from viz.charts.maps import heat_map as heat_map
from viz.charts.maps import triangle as triangle
from viz.charts.training import over_training as over_training
from viz.charts.training import training_map as training_map

__all__ = [
    "chart",
    "heat_map",
    "openness",
    "over_training",
    "save",
    "shares",
    "spectrum",
    "training_map",
    "triangle",
]

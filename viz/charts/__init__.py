"""Charts of one or several sweeps: the gradient through time, by unit, by step, by gate."""

from viz.charts.axes import save as save
from viz.charts.charts import chart as chart
from viz.charts.charts import heat_map as heat_map
from viz.charts.charts import openness as openness
from viz.charts.charts import shares as shares
from viz.charts.charts import spectrum as spectrum

__all__ = ["chart", "heat_map", "openness", "save", "shares", "spectrum"]

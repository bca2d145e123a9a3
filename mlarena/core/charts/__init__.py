"""Where the marks of a drawing go: numbers in, percentages and SVG paths out. Pure.

One function draws each kind; templates/ui/charts.html turns what it returns into SVG and a table. All
positions are percentages of the drawing's box, so a drawing fits any width and its text keeps its size
(tables and their keys, `relations`, are the exception).
Whatever is no finite number (None, NaN, infinity) counts as missing and is never drawn.
"""

from mlarena.core.charts.amounts import bars, histogram, stacked
from mlarena.core.charts.grids import calendar, heatmap
from mlarena.core.charts.relations import relations
from mlarena.core.charts.scales import compact
from mlarena.core.charts.series import lines, scatter, sparkline
from mlarena.core.charts.slopes import slopes
from mlarena.core.charts.strip import score_strip

__all__ = [
    "bars",
    "calendar",
    "compact",
    "heatmap",
    "histogram",
    "lines",
    "relations",
    "scatter",
    "score_strip",
    "slopes",
    "sparkline",
    "stacked",
]

"""The interactive page: one HTML file that plays the backward pass and loads nothing."""

from viz.build import levels as levels
from viz.page.html import render as render

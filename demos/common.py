"""What the demos share: the manners of a command line, and real text as inputs for a cell."""

from viz.cli import Parser, UsageError, finite, output_folder, run, whole
from viz.inputs import encode, prose

__all__ = ["Parser", "UsageError", "encode", "finite", "output_folder", "prose", "run", "whole"]

"""Print what is differentiated, as a table in Markdown: ``python -m tinygrad_rnn.ops``."""

from __future__ import annotations

from tinygrad_rnn.ops.table import markdown

print(markdown(), end="")

"""This project's engines in a process that has called `keep_memory`, which is for good."""

from __future__ import annotations

from functools import partial

import tinygrad_rnn as tr
from tests.benchmarks.contenders.ours import engine

if not tr.keep_memory():
    raise ImportError("keep_memory has no effect with this C library")

CONTENDERS = {
    "ours, op graph, keep_memory": partial(engine, name="graph"),
    "ours, fused, keep_memory": partial(engine, name="fused"),
}

"""Optimisers: from a gradient to the next value of each parameter.

Each step gives a parameter a new array; the old one stays as it was, since a graph may hold it.

The learning rate is a number, or a schedule: a function from the number of the step (0, 1, ...) to
the rate. ``Adam(model.parameters(), lr=warmup(100, cosine(3e-3, steps=1000)))``
"""

from tinygrad_rnn.optim.base import Optimizer
from tinygrad_rnn.optim.clip import clip_grad_norm_, clip_grad_value_
from tinygrad_rnn.optim.methods import SGD, Adam, AdamW, RMSprop
from tinygrad_rnn.optim.schedules import Schedule, constant, cosine, exponential, warmup

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "clip_grad_norm_",
    "clip_grad_value_",
    "constant",
    "cosine",
    "exponential",
    "warmup",
]

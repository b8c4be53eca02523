"""A recurrence that is linear in its state, all its steps as one primitive.

    h_t = a_t * h_{t-1} + b_t,        t = 0 .. T-1, from h_{-1} = start

Its gradient obeys such a recurrence, too, that runs backwards: with G_t all that reaches h_t,

    G_t = g_t + a_{t+1} * G_{t+1},    dL/da_t = G_t * h_{t-1},    dL/db_t = G_t

So the rules below are written with the primitive itself.
"""

from __future__ import annotations

import numpy as np

from tinygrad_rnn.graph import Array
from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Value


def _forward(a: Array, b: Array, start: Array) -> Array:
    out = np.empty(b.shape, np.result_type(a, b, start))
    h = start
    for t in range(len(b)):
        h = out[t] = a[t] * h + b[t]
    return out


def _previous_states(y: Value, start: Value) -> Value:
    """Return h_{t-1} for every t."""
    return np.concatenate([np.reshape(start, (1, *y.shape[1:])), y[:-1]])


def _adjoint(g: Value, a: Value) -> Value:
    """Return G_t for every t. The first factor, turned round, meets a state of 0: any will do."""
    factors = np.concatenate([a[:1], a[:0:-1]])
    zeros = np.zeros(np.shape(g)[1:], g.dtype)
    return linear_recurrence(factors, g[::-1], zeros)[::-1]


def _states_moved(t: Value, a: Value) -> Value:
    """Return how the states move if b moves by t."""
    return linear_recurrence(a, t, np.zeros(np.shape(t)[1:], t.dtype))


linear_recurrence: Primitive = Primitive(
    "linear_recurrence",
    _forward,
    [
        lambda g, y, a, b, start: _adjoint(g, a) * _previous_states(y, start),
        lambda g, y, a, b, start: _adjoint(g, a),
        lambda g, y, a, b, start: a[0] * _adjoint(g, a)[0],
    ],
    [
        lambda t, y, a, b, start: _states_moved(t * _previous_states(y, start), a),
        lambda t, y, a, b, start: _states_moved(t, a),
        lambda t, y, a, b, start: linear_recurrence(a, np.zeros(b.shape, b.dtype), t),
    ],
    "a h_{t-1} + b, for all t",
    ("G h_{t-1}", "G: g + a_{t+1} G_{t+1}", "a_0 G_0"),
)

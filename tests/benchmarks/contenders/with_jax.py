"""JAX: the cell's equations under `lax.scan`, differentiated and compiled."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import jax
import jax.numpy as jnp

from tests.benchmarks.cases import Case
from tests.benchmarks.contenders.equations import step_function

jax.config.update("jax_enable_x64", True)  # float32 arrays stay float32


def scan(case: Case) -> Callable:
    cell = step_function(
        case.cell, case.size.hidden, SimpleNamespace(sigmoid=jax.nn.sigmoid, tanh=jnp.tanh)
    )
    zeros = jnp.asarray(case.zeros())
    state = (zeros, zeros) if case.cell == "lstm" else (zeros,)

    def loss(weights: tuple, x: jax.Array) -> jax.Array:
        w, u, b = weights[0].T, weights[1].T, weights[2]  # turned in the scan, it is a tenth slower

        def body(state: tuple, x_t: jax.Array) -> tuple:
            state = cell(x_t, state, w, u, b)
            return state, state[0]

        return jnp.square(jax.lax.scan(body, state, x)[1]).sum()

    compiled = jax.jit(jax.value_and_grad(loss))
    weights, x = tuple(map(jnp.asarray, case.weights)), jnp.asarray(case.x)

    def step() -> tuple:
        value, gradients = jax.block_until_ready(compiled(weights, x))
        return value, gradients[1]

    return step

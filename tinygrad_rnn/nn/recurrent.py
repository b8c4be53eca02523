"""Recurrent layers: cells unrolled over a sequence, stacked, and run in both directions.

The parameters of layer K are those of its cell:

    layers.K.weight_ih      (G*H, I)    I is H for K > 0, and 2*H if bidirectional
    layers.K.weight_hh      (G*H, H)
    layers.K.bias           (G*H,)      unless bias=False
    layers.K.bias_hn        (H,)        GRU with reset="after", unless bias=False
    layers.K.peephole       (3*H,)      LSTM with peepholes=True; (2*H,) if coupled
    layers.K.weight_hr      (P, H)      LSTM with proj_size=P; weight_hh is then (4*H, P)
    layers.K.h_0, .c_0      (H,)        with learn_state=True
    reverse.K.*             likewise, the cell that runs backwards, if bidirectional
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tinygrad_rnn.errors import ShapeError
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.nn.cells import GRUCell, LSTMCell, RNNCell
from tinygrad_rnn.nn.checks import check_inputs
from tinygrad_rnn.nn.layers import Dropout, Seed
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.run import Run
from tinygrad_rnn.nn.unroll import starting_state, unroll
from tinygrad_rnn.scope import scope
from tinygrad_rnn.state import detach, flatten
from tinygrad_rnn.tensor import Tensor


class Finals(list[Any]):
    """The final states of layers: layer 0, layer 0 reversed, layer 1, ...

    >>> import tinygrad_rnn as tr
    >>> tr.GRU(2, 3, num_layers=2)(np.ones((5, 1, 2))).final.detach()[-1].shape
    (1, 3)
    """

    def detach(self) -> list[Any]:
        """Return states of the same values that remember nothing of the graph."""
        return Finals(detach(state) for state in self)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"the final of layers is a list, one state for each layer and direction: "
            f"run.final[-1]{'' if name.startswith('_') else f'.{name}'}"
        )


class LayersRun:
    """What running a sequence through the layers gave.

    Args:
        runs: for each layer its runs: one, or forwards and backwards.

    >>> run = RNN(2, 3, num_layers=2, rng=0)(np.ones((5, 1, 2)))
    >>> run.outputs.shape, len(run.final), len(run.states)
    ((5, 1, 3), 2, 5)
    """

    def __init__(self, runs: list[list[Run]]) -> None:
        self.runs = runs

    @property
    def final(self) -> Finals:
        """The final states, in the order layer 0, layer 0 reversed, layer 1, ...

        They can be passed on as the `state` of the next call.
        """
        return Finals(run.final for layer in self.runs for run in layer)

    @property
    def states(self) -> list[Any]:
        """The states of the last layer's forward run: what `GradientFlow.through_time` follows."""
        return self.runs[-1][0].states

    @property
    def has_steps(self) -> bool:
        """Whether the graph holds every step, for the gradient to be seen between them."""
        return self.runs[-1][0].has_steps

    @cached_property
    def outputs(self) -> Tensor:
        """The last layer's hidden states, (T, B, H), or (T, B, 2*H) if bidirectional."""
        return _joined([run.outputs for run in self.runs[-1]])  # type: ignore[no-any-return]  # dispatched to Tensor


class RecurrentLayers(Module):
    """One or more recurrent layers; see `RNN`, `LSTM` and `GRU`.

    Args:
        input_size: I, the number of features of the input.
        hidden_size: H, the length of each hidden state.
        num_layers: how many; each one's outputs are the next one's inputs.
        bidirectional: give each layer a second cell that goes from the last step to the first;
            the outputs of both are joined.
        dropout: the probability of leaving out an output between two layers, in training.
        bias: whether the cells have one.
        dtype: of all parameters.
        rng: a `numpy.random.Generator`, or a seed for one.
        options: of the cell, such as ``reset="after"`` or ``learn_state=True``.

    Raises:
        ValueError: if a size or `num_layers` is below 1, or `dropout` is not in [0, 1).
        TypeError: if the cell has no such option.

    >>> isinstance(GRU(2, 3), RecurrentLayers)
    True
    """

    cell: type[Any]  # a GatedCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        rng: Seed = None,
        **options: Any,
    ) -> None:
        if "batch_first" in options:
            raise TypeError(
                f"{type(self).__name__} has no batch_first: inputs are always (steps, batch, "
                "features); swap the first two axes, inputs.swapaxes(0, 1)"
            )
        if num_layers < 1:
            raise ValueError(f"num_layers = {num_layers} is not at least 1")
        generator = np.random.default_rng(rng)
        self.hidden_size = hidden_size
        forwards: list[GatedCell] = []
        backwards: list[GatedCell] = []
        for k in range(num_layers):
            size = input_size if k == 0 else forwards[-1].output_size * (1 + bidirectional)
            for cells in [forwards, backwards][: 1 + bidirectional]:
                cells.append(
                    self.cell(size, hidden_size, bias=bias, dtype=dtype, rng=generator, **options)
                )
        self.layers, self.reverse = forwards, backwards
        self.dropout = Dropout(dropout, generator)

    def __call__(
        self,
        inputs: Any,
        state: Sequence[Any] | None = None,
        lengths: ArrayLike | None = None,
        truncate: int | None = None,
        checkpoint: int | None = None,
        engine: str = "graph",
    ) -> LayersRun:
        """Run a sequence through all layers.

        Layer k's nodes are in the scope ("layer", k) if there are several layers, and in
        ("direction", 0) forwards, ("direction", 1) backwards if bidirectional.

        Args:
            inputs: shape (T, B, I).
            state: the starting states in the order of `LayersRun.final`.
            lengths: as in `unroll`.
            truncate: as in `unroll`.
            checkpoint: as in `unroll`.
            engine: as in `unroll`.

        Returns:
            The outputs (T, B, H), or (T, B, 2*H) if bidirectional, and the final states.

        Raises:
            ShapeError: as `unroll`, and if there is not one state per layer and direction.
            ValueError: as `unroll`.
            NotDifferentiableError: as `unroll`.
        """
        cells = self._cells()
        starts = iter(self._checked(state))
        runs: list[list[Run]] = []
        for k, pair in enumerate(cells):
            with scope("layer", k) if len(cells) > 1 else nullcontext():
                if runs:
                    inputs = self._between(runs[-1])
                runs.append([])
                for d, cell in enumerate(pair):
                    with scope("direction", d) if len(pair) > 1 else nullcontext():
                        run = unroll(
                            cell,
                            inputs,
                            next(starts),
                            lengths=lengths,
                            reverse=d == 1,
                            truncate=truncate,
                            checkpoint=checkpoint,
                            engine=engine,
                        )
                        runs[-1].append(run)
        return LayersRun(runs)

    def step(self, x: Any, state: Sequence[Any] | None = None) -> tuple[Tensor, list[Any]]:
        """Take one step through all layers, as for generating a sequence as it goes.

        Args:
            x: shape (B, I).
            state: the states that the step before returned; the initial ones by default.

        Returns:
            The last layer's hidden state (B, H), and the states to go on from.

        Raises:
            ValueError: if the layers are bidirectional: the last step would have to come first.
        """
        if self.reverse:
            raise ValueError("a bidirectional layer needs the whole sequence at once")
        states: list[Any] = []
        for k, (cell, before) in enumerate(zip(self.layers, self._checked(state), strict=True)):
            with scope("layer", k) if len(self.layers) > 1 else nullcontext():
                if k > 0:
                    x = self.dropout(x)
                _, batch = check_inputs(cell, x[None])
                states.append(cell(x, starting_state(cell, before, batch)))
                x = next(iter(flatten(states[-1]).values()))
        return x, states

    def _between(self, layer: list[Run]) -> Any:
        """Return one layer's outputs as the next one's inputs: step by step if it has been recorded
        so, for a picture to show each h_t go up to its own x_t."""
        if not layer[0].has_steps:
            return self.dropout(_joined([run.outputs for run in layer]))
        steps = zip(*[run.hidden for run in layer], strict=True)
        inputs = []
        for t, step in enumerate(steps):
            with scope("t", t):
                inputs.append(self.dropout(_joined(list(step))))
        return inputs

    def _cells(self) -> list[list[GatedCell]]:
        """Return the cells of each layer: one, or forwards and backwards."""
        if not self.reverse:
            return [[cell] for cell in self.layers]
        return [list(pair) for pair in zip(self.layers, self.reverse, strict=True)]

    def _checked(self, state: Sequence[Any] | None) -> Sequence[Any]:
        count = len(self.layers) + len(self.reverse)
        if state is None:
            return [None] * count
        if not isinstance(state, (list, tuple)) or len(state) != count:
            raise ShapeError(
                f"{type(self).__name__}: state is a list of {count}, one per layer and direction"
            )
        return state


def _joined(parts: list[Any]) -> Any:
    """Return the two directions' outputs joined along the last axis."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


class RNN(RecurrentLayers):
    """Layers of `RNNCell`, with the arguments of `RecurrentLayers`.

    Its options are `nonlinearity` and `learn_state`, as of the cell.

    >>> run = RNN(2, 3, bidirectional=True, rng=0)(np.ones((5, 1, 2)))
    >>> run.outputs.shape
    (5, 1, 6)
    """

    cell = RNNCell


class LSTM(RecurrentLayers):
    """Layers of `LSTMCell`, with the arguments of `RecurrentLayers`.

    Its options are `forget_bias`, `max_length`, `peepholes`, `coupled`, `proj_size` and
    `learn_state`, as of the cell.

    >>> run = LSTM(2, 3, num_layers=2, rng=0)(np.ones((5, 1, 2)), lengths=[4])
    >>> [state.c.shape for state in run.final]
    [(1, 3), (1, 3)]
    """

    cell = LSTMCell


class GRU(RecurrentLayers):
    """Layers of `GRUCell`, with the arguments of `RecurrentLayers`.

    Its options are `update_bias`, `max_length`, `reset`, `reset_bias` and `learn_state`, as of
    the cell.

    >>> layer = GRU(2, 3, rng=0)
    >>> h, state = layer.step(np.ones((1, 2)))
    >>> h, state = layer.step(np.ones((1, 2)), state)
    >>> h.shape
    (1, 3)
    """

    cell = GRUCell

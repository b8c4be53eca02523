"""Recurrent layers of PyTorch by their steps: what one fused call hides, recorded beside it.

``torch.lstm`` and its like are one node of the graph, or a run of unnamed ones. While a model is
watched, the same layers are computed a second time, step by step and gate by gate. The numbers that
the model goes on with are those of the first computation, and so are its gradients; a trace goes
through the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.nn.functional import linear

from tinygrad_rnn.interop.torch_graph.record import WatchRecord
from tinygrad_rnn.scope import Scope, surroundings

split: Any = torch.split
State = dict[str, Any]  # by part: "h" and, for an LSTM, "c"


class Spliced(torch.autograd.Function):
    """The value of one tensor, with two ways back: the layer's own, and the one step by step."""

    tracing = False  # which of the two a gradient takes

    @staticmethod
    def forward(ctx: Any, own: Any, stepwise: Any) -> Any:
        """Return the layer's own result."""
        return own.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        """Send the gradient one way."""
        return (None, gradient) if Spliced.tracing else (gradient, None)


class Weights(NamedTuple):
    """Those of one direction of one layer."""

    ih: Any
    hh: Any
    bias_ih: Any = None
    bias_hh: Any = None
    hr: Any = None  # from (H,) to the projected state


class FusedCall(NamedTuple):
    """The arguments of ``torch.lstm`` and its like, of either form."""

    data: Any  # (T, B, I), or (N, I) where sequences are packed
    sizes: list[int]  # of the batch at each step
    hx: tuple[Any, ...]
    weights: list[list[Weights]]  # by layer and direction
    dropout: float
    batch_first: bool
    packed: bool


def read_call(kind: str, args: Sequence[Any]) -> FusedCall:
    """Tell the two forms of arguments apart, and the weights of each layer."""
    packed = not isinstance(args[3], bool)
    if packed:
        data, sizes, hx, flat, biased, layers, dropout, training, both = args
        counts, batch_first = sizes.tolist(), False
    else:
        data, hx, flat, biased, layers, dropout, training, both, batch_first = args
        data = data.transpose(0, 1) if batch_first else data
        counts = [data.shape[1]] * data.shape[0]
    hx = tuple(hx) if kind == "lstm" else (hx,)
    each = len(flat) // (layers * (2 if both else 1))
    weights = []
    for k in range(0, len(flat), each):
        ih, hh, *more = flat[k : k + each]
        biases = more[:2] if biased else [None, None]
        weights.append(Weights(ih, hh, *biases, *more[2 if biased else 0 :]))
    directions = 2 if both else 1
    return FusedCall(
        data,
        counts,
        hx,
        [weights[k : k + directions] for k in range(0, len(weights), directions)],
        dropout if training else 0.0,
        batch_first,
        packed,
    )


class Opened:
    """One call of a fused layer, computed again by its steps.

    Args:
        recording: where its scopes and names are noted.
        kind: ``"lstm"``, ``"gru"``, ``"rnn_tanh"`` or ``"rnn_relu"``.
        args: of the call.
    """

    def __init__(self, recording: WatchRecord, kind: str, args: Sequence[Any]) -> None:
        self.recording, self.kind = recording, kind
        self.call = read_call(kind, args)
        frame = recording.frame
        path = frame.path if frame is not None else kind
        self.scope = (*surroundings().scope, *((Scope(path),) if path else ()))
        self.start = self._continued(path)

    def _continued(self, path: str) -> int:
        """How many steps of this layer came before, where its state comes from them."""
        run, steps = self.recording.steps_taken.get(path, (-1, 0))
        if run < 0 or not any(part.requires_grad for part in self.call.hx):
            run, steps = run + 1, 0
        if run:
            self.scope = (*self.scope, Scope("sequence", run))
        self.recording.steps_taken[path] = run, steps + len(self.call.sizes)
        return steps

    @contextmanager
    def inside(self, *more: Scope) -> Iterator[None]:
        """What is made in the block is made inside these scopes."""
        before, self.scope = self.scope, (*self.scope, *more)
        self.recording.mark(self.scope)
        yield
        self.scope = before
        self.recording.mark(before)

    def outputs(self) -> list[Any]:
        """Return what the fused function returns: outputs, and the last states by part."""
        call = self.call
        inputs = list(split(call.data, call.sizes) if call.packed else call.data.unbind(0))
        for x in inputs:
            self.recording.hold(x, "x")
        ends: list[State] = []
        for k, directions in enumerate(call.weights):
            with self._numbered("layer", k, len(call.weights)):
                if k and call.dropout:
                    inputs = self._dropped(inputs)
                rows = []
                for d, weights in enumerate(directions):
                    with self._numbered("direction", d, len(directions)):
                        hidden, end = self._run(inputs, weights, k * len(directions) + d, d == 1)
                    rows.append(hidden)
                    ends.append(end)
                inputs = rows[0] if len(rows) == 1 else self._joined(rows)
        out = (
            torch.cat(inputs) if call.packed else torch.stack(inputs, 1 if call.batch_first else 0)
        )
        return [out, *(torch.stack([end[part] for end in ends]) for part in ends[0])]

    def _numbered(self, name: str, k: int, count: int) -> Any:
        return self.inside(*((Scope(name, k),) if count > 1 else ()))

    def _joined(self, rows: list[list[Any]]) -> list[Any]:
        joined = []
        for t, pair in enumerate(zip(*rows, strict=True)):
            with self.inside(Scope("t", self.start + t)):
                joined.append(torch.cat(pair, -1))
        return joined

    def _dropped(self, inputs: list[Any]) -> list[Any]:
        """Leave out what the fused layer left out: the generator stands where it stood then."""
        whole = torch.cat(inputs) if self.call.packed else torch.stack(inputs)
        mask = torch.dropout(torch.ones_like(whole.detach()), self.call.dropout, True)
        masks = split(mask, self.call.sizes) if self.call.packed else mask.unbind(0)
        dropped = []
        for t, (x, kept) in enumerate(zip(inputs, masks, strict=True)):
            with self.inside(Scope("t", self.start + t)):
                self.recording.hold(kept, "dropout")
                dropped.append(x * kept)
        return dropped

    def _run(
        self, inputs: list[Any], weights: Weights, row: int, reverse: bool
    ) -> tuple[list[Any], State]:
        """Return the hidden states in order of time, and the last state."""
        sizes, parts = self.call.sizes, ("h", "c")[: len(self.call.hx)]
        first = {part: hx[row] for part, hx in zip(parts, self.call.hx, strict=True)}
        for part, value in first.items():
            self.recording.hold(value, f"{part}_0")
        state = {part: value[: sizes[-1 if reverse else 0]] for part, value in first.items()}
        for part, value in state.items():
            self.recording.hold(value, f"{part}_0")
        hidden: list[Any] = [None] * len(inputs)
        ended: list[State] = []  # of sequences that are shorter
        for t in reversed(range(len(inputs))) if reverse else range(len(inputs)):
            size, now = sizes[t], state["h"].shape[0]
            with self.inside(Scope("t", self.start + t)):
                if size > now:  # a shorter sequence begins at its own last step
                    state = {p: torch.cat([state[p], first[p][now:size]]) for p in parts}
                elif size < now:
                    ended.append({p: state[p][size:] for p in parts})
                    state = {p: state[p][:size] for p in parts}
                state = STEPS[self.kind](self, inputs[t], state, weights)
            for part, value in state.items():
                node = value.grad_fn
                if node is not None:
                    self.recording.names[(node._sequence_nr(), value.output_nr)] = part
                self.recording.note(value)
            hidden[t] = state["h"]
        if ended:
            state = {p: torch.cat([state[p], *(end[p] for end in reversed(ended))]) for p in parts}
        return hidden, state


def recorded_lstm_step(layer: Opened, x: Any, state: State, w: Weights) -> State:
    """Hochreiter & Schmidhuber 1997; with a projection, Sak et al. 2014."""
    h, c = state["h"], state["c"]
    a = linear(x, w.ih, w.bias_ih) + linear(h, w.hh, w.bias_hh)
    i, f, g, o = a.chunk(4, 1)
    with layer.inside(Scope("input gate")):
        i = torch.sigmoid(i)
    with layer.inside(Scope("forget gate")):
        f = torch.sigmoid(f)
    with layer.inside(Scope("candidate")):
        g = torch.tanh(g)
    with layer.inside(Scope("cell state")):
        c = f * c + i * g
    with layer.inside(Scope("output gate")):
        o = torch.sigmoid(o)
    with layer.inside(Scope("hidden state")):
        h = o * torch.tanh(c)
        if w.hr is not None:
            h = linear(h, w.hr)
    return {"h": h, "c": c}


def recorded_gru_step(layer: Opened, x: Any, state: State, w: Weights) -> State:
    """Cho et al. 2014, with the reset gate after the matrix product; z is the share kept."""
    h = state["h"]
    xr, xz, xn = linear(x, w.ih, w.bias_ih).chunk(3, 1)
    hr, hz, hn = linear(h, w.hh, w.bias_hh).chunk(3, 1)
    with layer.inside(Scope("reset gate")):
        r = torch.sigmoid(xr + hr)
    with layer.inside(Scope("update gate")):
        z = torch.sigmoid(xz + hz)
    with layer.inside(Scope("candidate")):
        n = torch.tanh(xn + r * hn)
    with layer.inside(Scope("hidden state")):
        h = (h - n) * z + n
    return {"h": h}


def recorded_rnn_step(
    activation: Callable[[Any], Any],
) -> Callable[[Opened, Any, State, Weights], State]:
    """Elman 1990, with tanh or relu."""

    def step(layer: Opened, x: Any, state: State, w: Weights) -> State:
        with layer.inside(Scope("hidden state")):
            h = linear(x, w.ih, w.bias_ih) + linear(state["h"], w.hh, w.bias_hh)
            return {"h": activation(h)}

    return step


STEPS: dict[str, Callable[[Opened, Any, State, Weights], State]] = {
    "lstm": recorded_lstm_step,
    "gru": recorded_gru_step,
    "rnn_tanh": recorded_rnn_step(torch.tanh),
    "rnn_relu": recorded_rnn_step(torch.relu),
}


def open_layer(
    recording: WatchRecord, kind: str, function: Callable[..., Any], args: Sequence[Any]
) -> Any:
    """Call a fused layer, and record beside it what it is made of.

    Returns:
        What the function returns, number for number.
    """
    generator = _generator(args[0].device)
    before = generator.get_state()
    own = function(*args)
    if not own[0].requires_grad:
        return own
    after = generator.get_state()
    generator.set_state(before)
    try:
        found = Opened(recording, kind, args).outputs()
    finally:
        generator.set_state(after)
        recording.mark(surroundings().scope)
    if not all(_all_close(a, b) for a, b in zip(own, found, strict=True)):
        recording.notes.append(
            f"{kind} is drawn as PyTorch computed it: step by step, its outputs were others, as "
            "with a dropout whose random numbers cannot be drawn again"
        )
        return own
    splice: Any = Spliced.apply
    return type(own)(splice(a, b) for a, b in zip(own, found, strict=True))


def _generator(device: Any) -> Any:
    """The random numbers that are drawn on a device."""
    if device.type == "cpu":
        return torch.default_generator
    return getattr(torch, device.type).default_generators[device.index]


def _all_close(a: Any, b: Any) -> bool:
    """Whether two tensors agree but for rounding."""
    limits = torch.finfo(a.dtype)
    near = limits.eps**0.5
    return a.shape == b.shape and bool(
        torch.allclose(a.detach(), b.detach(), rtol=near, atol=near, equal_nan=True)
    )

"""The gates of a cell as each library stacks them: one table, and a cell taken apart and rebuilt.

A library is told apart by the order of its rows and by what its update gate means. This project's z
is the share of the new; where a library's is the share of the past that is kept, 1 - z, that gate's
rows are negated, since ``1 - sigmoid(a) = sigmoid(-a)``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.nn.cells import GRUCell, LSTMCell, RNNCell
from tinygrad_rnn.nn.recurrent import GRU, LSTM, RNN, RecurrentLayers
from tinygrad_rnn.tensor import Array

CELLS: dict[str, type[Any]] = {"RNN": RNNCell, "LSTM": LSTMCell, "GRU": GRUCell}
GATE_ORDER = {"RNN": "h", "LSTM": "ifgo", "GRU": "rzn", "peephole": "ifo"}


class Convention(NamedTuple):
    """How a library stacks the gates of its cells, and what they stand for.

    Attributes:
        rows: by kind of cell, ``"RNN"``, ``"LSTM"`` or ``"GRU"``, its gates in the order of their
            rows: an LSTM's i, f, g (the candidate) and o, a GRU's r, z and n, an RNN's h; under
            ``"peephole"`` an LSTM's i, f and o.
        z_is_kept: whether a GRU's z is the share of the past that is kept, this project's 1 - z.
        forget_bias: what is added to an LSTM's forget gate on every call, beside its bias.

    >>> dynet = Convention({"LSTM": "ifog"}, forget_bias=1.0)
    """

    rows: Mapping[str, str]
    z_is_kept: bool = True
    forget_bias: float = 0.0


TORCH = Convention({"RNN": "h", "LSTM": "ifgo", "GRU": "rzn"})
KERAS = Convention({"RNN": "h", "LSTM": "ifgo", "GRU": "zrn"})
ONNX = Convention({"RNN": "h", "LSTM": "iofg", "GRU": "zrn", "peephole": "iof"})
HAIKU = Convention({"RNN": "h", "LSTM": "igfo", "GRU": "zrn"}, z_is_kept=False, forget_bias=1.0)
FLAX = TORCH


class Pieces(NamedTuple):
    """A cell's weights as most libraries keep them, in the library's order of rows."""

    weight_ih: Array  # (G*H, I)
    weight_hh: Array  # (G*H, H)
    bias_ih: Array | None = None  # (G*H,)
    bias_hh: Array | None = None  # (G*H,), a second bias, added to the first
    peephole: Array | None = None  # (3*H,)
    weight_hr: Array | None = None  # (P, H), an LSTM's projection; weight_hh is then (4*H, P)


def kind_of(weight_hh: Array, name: str) -> str:
    """Return which cell a recurrent weight (G*H, H) is of: G is 1, 3 or 4."""
    gates = {1: "RNN", 3: "GRU", 4: "LSTM"}
    rows, columns = weight_hh.shape if weight_hh.ndim == 2 else (0, 0)
    if columns == 0 or rows % columns or rows // columns not in gates:
        raise StateDictError(
            f"{name} {weight_hh.shape} does not have 1, 3 or 4 gates' rows of one hidden size"
        )
    return gates[rows // columns]


def of_an_rnn(kind: str, nonlinearity: str | None) -> dict[str, str]:
    """Return the option of a simple RNN, tanh by default, or none for other cells.

    Raises:
        ValueError: if a nonlinearity is given for another cell.
    """
    if kind == "RNN":
        return {"nonlinearity": nonlinearity or "tanh"}
    if nonlinearity is not None:
        raise ValueError(
            f"nonlinearity={nonlinearity!r} is a simple RNN's, and these are the weights of an "
            f"{kind}, whose gates are sigmoid and whose candidate is tanh here: leave it out, or "
            "write a cell with other activations as a tr.Cell"
        )
    return {}


def build(
    pieces: Pieces, convention: Convention, names: Mapping[str, str], **options: Any
) -> GatedCell:
    """Return the cell that these weights make up.

    Args:
        pieces: the weights, in the library's order.
        convention: the library's.
        names: what the library calls the pieces, for messages.
        options: for the cell's constructor.

    Raises:
        StateDictError: if a shape or a dtype does not fit.
    """
    projected = pieces.weight_hr is not None
    kind = "LSTM" if projected else kind_of(pieces.weight_hh, names["weight_hh"])
    hidden = _hidden_size(pieces, names)
    _check_shapes(pieces, names, hidden, len(GATE_ORDER[kind]) * hidden)
    ours = _reorder(pieces._asdict(), convention, kind, to_ours=True)
    if "bias_ih" in ours:
        ours["bias"] = ours.pop("bias_ih")
    if kind == "LSTM" and convention.forget_bias:
        ours.setdefault("bias", np.zeros(4 * hidden, pieces.weight_hh.dtype))
        ours["bias"][hidden : 2 * hidden] += convention.forget_bias
    if "bias_hh" in ours:
        second, n = ours.pop("bias_hh"), slice(2 * hidden, None)
        if options.get("reset") == "after":  # r multiplies this part of it, so it stays apart
            ours["bias_hn"] = second[n].copy()
            second[n] = 0
        ours["bias"] = ours["bias"] + second
    if "peephole" in ours:
        options["peepholes"] = True
    if projected:
        options["proj_size"] = pieces.weight_hh.shape[1]
    inputs, dtype = pieces.weight_ih.shape[1], pieces.weight_hh.dtype
    cell: GatedCell = CELLS[kind](inputs, hidden, bias="bias" in ours, dtype=dtype, **options)
    cell.load_state_dict(ours)
    return cell


def _hidden_size(pieces: Pieces, names: Mapping[str, str]) -> int:
    """Return H: the columns of the recurrent weight, or of the projection."""
    for name in ("weight_hh", "weight_hr"):
        array = getattr(pieces, name)
        if array is not None and array.ndim != 2:
            raise StateDictError(f"{names[name]} {array.shape} is no matrix")
    source = pieces.weight_hh if pieces.weight_hr is None else pieces.weight_hr
    return int(source.shape[1])


def _check_shapes(pieces: Pieces, names: Mapping[str, str], hidden: int, rows: int) -> None:
    """Raise StateDictError unless every array agrees with the recurrent weight."""
    weight_hh = pieces.weight_hh
    inputs = pieces.weight_ih.shape[-1] if pieces.weight_ih.ndim else 0
    out = weight_hh.shape[1]
    shapes = [(rows, inputs), (rows, out), (rows,), (rows,), (3 * hidden,), (out, hidden)]
    for (piece, array), shape in zip(pieces._asdict().items(), shapes, strict=True):
        if array is None:
            continue
        if array.shape != shape:
            raise StateDictError(
                f"{names[piece]} has shape {array.shape} where {names['weight_hh']} "
                f"{weight_hh.shape} asks for {shape}"
            )
        if array.dtype.kind != "f" or array.dtype != weight_hh.dtype:
            raise StateDictError(
                f"{names[piece]} is {array.dtype}, {names['weight_hh']} {weight_hh.dtype}: "
                "all must be of one floating dtype"
            )


def take_apart(
    cell: Any,
    convention: Convention,
    library: str,
    reset: str | None = None,
    projections: bool = False,
) -> Pieces:
    """Return a cell's weights in a library's order; `bias_hh` is zero but for a GRU's `bias_hn`.

    Args:
        cell: an RNNCell, LSTMCell or GRUCell.
        convention: the library's.
        library: its name, for messages.
        reset: the one form of the GRU that the library has; None if it has both.
        projections: whether the library's LSTM may project its hidden state.

    Raises:
        StateDictError: if the library has no such cell.
    """
    kind = next((kind for kind, made in CELLS.items() if isinstance(cell, made)), None)
    if kind is None or kind not in convention.rows or cell.gates != GATE_ORDER[kind]:
        what = f"{type(cell).__name__}{' with coupled gates' if kind in convention.rows else ''}"
        raise StateDictError(f"no form of {what} is known for {library}")
    if kind == "GRU" and reset not in (None, cell.reset):
        raise StateDictError(f'{library} has no GRU with reset="{cell.reset}", only "{reset}"')
    weights = dict(cell.state_dict())
    if kind == "LSTM" and convention.forget_bias:
        bias = weights.get("bias", np.zeros(4 * cell.hidden_size, cell.dtype)).copy()
        bias[cell.rows("f")] -= convention.forget_bias
        weights["bias"] = bias
    second = np.zeros_like(weights["bias"]) if "bias" in weights else None
    if "bias_hn" in weights and second is not None:
        second[2 * cell.hidden_size :] = weights.pop("bias_hn")
    known = {
        "weight_ih": weights.pop("weight_ih"),
        "weight_hh": weights.pop("weight_hh"),
        "bias_ih": weights.pop("bias", None),
        "bias_hh": second,
        "peephole": weights.pop("peephole", None) if "peephole" in convention.rows else None,
        "weight_hr": weights.pop("weight_hr", None) if projections else None,
    }
    if weights:
        raise StateDictError(f"{library} has no place for {', '.join(weights)}")
    return Pieces(**_reorder(known, convention, kind, to_ours=False))


def _reorder(
    pieces: Mapping[str, Array | None], convention: Convention, kind: str, to_ours: bool
) -> dict[str, Array]:
    """Return the arrays with their rows in the other order, and negated where z is turned round."""
    out = {}
    for piece, array in pieces.items():
        if array is None:
            continue
        if piece == "weight_hr":
            out[piece] = array
            continue
        what = "peephole" if piece == "peephole" else kind
        orders = _order(convention, what), GATE_ORDER[what]
        source, target = orders if to_ours else orders[::-1]
        rows = dict(zip(source, np.split(array, len(source)), strict=True))
        if "z" in rows and convention.z_is_kept:
            rows["z"] = -rows["z"]
        out[piece] = np.concatenate([rows[gate] for gate in target])
    return out


def _order(convention: Convention, what: str) -> str:
    """Return a kind's gates in a convention's order, if it says it and has all of them."""
    order = convention.rows.get(what)
    if order is None or sorted(order) != sorted(GATE_ORDER[what]):
        raise StateDictError(
            f"the convention has {order!r} for {what}: its rows are {GATE_ORDER[what]!r} in "
            "another order"
        )
    return order


def stacked_layers(cells: Sequence[Sequence[GatedCell]], dropout: float = 0.0) -> RecurrentLayers:
    """Return the layers made up of these cells: per layer one, or forwards and backwards."""
    first = cells[0][0]
    layer = next(made for made in (RNN, LSTM, GRU) if made.cell is type(first))
    options = {
        name: getattr(first, name) for name in ("nonlinearity", "reset") if hasattr(first, name)
    }
    if getattr(first, "peephole", None) is not None:
        options["peepholes"] = True
    if getattr(first, "weight_hr", None) is not None:
        options["proj_size"] = first.output_size
    out = layer(
        first.input_size,
        first.hidden_size,
        len(cells),
        len(cells[0]) > 1,
        dropout,
        bias=first.bias is not None,
        dtype=first.dtype,
        **options,
    )
    out.load_state_dict(
        {
            f"{direction}.{k}.{name}": array
            for k, pair in enumerate(cells)
            for direction, cell in zip(("layers", "reverse"), pair, strict=False)
            for name, array in cell.state_dict().items()
        }
    )
    return out


def required_arrays(
    arrays: Mapping[str, Any], required: Collection[str], optional: Collection[str] = ()
) -> list[Any]:
    """Return the named arrays, None for an optional one that is not there.

    Raises:
        StateDictError: if a required one is missing, or there is another.
    """
    check_names(arrays, required, optional)
    return [
        None if arrays.get(name) is None else as_array(arrays[name], name)
        for name in (*required, *optional)
    ]


def check_names(
    arrays: Mapping[str, Any], required: Collection[str], optional: Collection[str]
) -> None:
    """Raise StateDictError if a required array is missing, or there is one that is neither.

    Raises:
        TypeError: if these are no arrays by name.
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(
            f"arrays by name are needed, not a {type(arrays).__name__}: a file is read by "
            "tinygrad_rnn.interop.files.load_layers(path)"
        )
    missing = [name for name in required if name not in arrays]
    unexpected = [str(name) for name in arrays if name not in (*required, *optional)]
    if missing or unexpected:
        said = (("missing", missing), ("unexpected", unexpected))
        raise StateDictError("; ".join(f"{what}: {', '.join(n)}" for what, n in said if n))


def as_array(x: Any, name: str) -> Array:
    """Return an array of anything NumPy can read, or of a PyTorch tensor."""
    try:
        if hasattr(x, "cpu"):
            x = x.detach().cpu()
            x = x.double() if str(x.dtype) == "torch.bfloat16" else x  # which NumPy lacks
        return np.asarray(x)
    except (TypeError, ValueError, RuntimeError) as error:
        raise StateDictError(
            f"{name} cannot be read as an array of float16, float32 or float64: {error}"
        ) from error

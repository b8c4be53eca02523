"""The form of a recurrent network as plain data: what a weights file says beside its arrays.

Arrays alone do not tell a coupled LSTM from a GRU, nor a relu RNN from a tanh one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.nn.cells import GRUCell, LSTMCell, RNNCell
from tinygrad_rnn.nn.module import Module
from tinygrad_rnn.nn.recurrent import GRU, LSTM, RNN, RecurrentLayers
from tinygrad_rnn.tensor import Array

Form = dict[str, Any]

MODULE_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell)
}


def form_of(module: GatedCell | RecurrentLayers) -> Form:
    """Return what a cell or layers are, their weights aside, as JSON can hold it.

    Args:
        module: exactly an `RNN`, `LSTM`, `GRU` or one of their cells.

    Returns:
        The class's name as ``"kind"``, and its arguments.

    >>> form_of(GRU(2, 3, reset="after"))["reset"]
    'after'
    """
    cell = module.layers[0] if isinstance(module, RecurrentLayers) else module
    form: Form = {
        "kind": type(module).__name__,
        "input_size": cell.input_size,
        "hidden_size": cell.hidden_size,
        "bias": cell.bias is not None,
        "dtype": cell.dtype.name,
        "learn_state": hasattr(cell, "h_0"),
    }
    if isinstance(cell, RNNCell):
        form["nonlinearity"] = cell.nonlinearity
    if isinstance(cell, LSTMCell):
        form |= {"peepholes": cell.peephole is not None, "coupled": cell.coupled}
        if cell.weight_hr is not None:
            form["proj_size"] = cell.output_size
    if isinstance(cell, GRUCell):
        form["reset"] = cell.reset
    if isinstance(module, RecurrentLayers):
        form |= {
            "num_layers": len(module.layers),
            "bidirectional": bool(module.reverse),
            "dropout": module.dropout.p,
        }
    return form


def forms_in(module: Module) -> dict[str, Form]:
    """Return the form of every recurrent network in a module by its dotted name, ``""`` itself.

    Args:
        module: any; what is no known network or a subclass of one is left out.
    """
    return dict(_named_forms(module, ""))


def _named_forms(module: Module, name: str) -> Iterator[tuple[str, Form]]:
    if type(module) in MODULE_KINDS.values():
        yield name, form_of(module)  # type: ignore[arg-type]  # one of them
        return
    for path, part in module.named_children():
        yield from _named_forms(part, f"{name}.{path}" if name else path)


def network(form: Form, arrays: Mapping[str, Any]) -> Any:
    """Return the network of a form, with these weights.

    Args:
        form: what `form_of` returned.
        arrays: its parameters by name.

    Raises:
        StateDictError: if there is no such form, or the arrays are not those of it.
    """
    options = dict(form)
    name = options.pop("kind", None)
    kind = MODULE_KINDS.get(str(name))
    layers = options.get("num_layers", 1)
    first = arrays.get("weight_hh", arrays.get("layers.0.weight_hh"))
    try:
        # Compared before anything is made: a file may claim any size.
        columns = options.get("proj_size", options["hidden_size"])
        if kind is None or np.shape(first)[-1:] != (columns,):
            raise ValueError("its arrays have another size")
        if not 1 <= layers <= len(arrays):
            raise ValueError(f"there are arrays for fewer than {layers} layers")
        if options["input_size"] not in {np.shape(array)[-1] for array in arrays.values()}:
            raise ValueError("its arrays take another size")
        made = kind(**options)
    except (KeyError, TypeError, ValueError) as error:
        raise StateDictError(f"there is no {name} such as the file describes: {error}") from error
    made.load_state_dict(arrays)
    return made


def guessed(
    arrays: Mapping[str, Array], options: Mapping[str, str] | None = None
) -> tuple[Form, str]:
    """Return the form that arrays by this library's names have, and what of it is a guess.

    Args:
        arrays: of layers (``layers.0.weight_hh``) or of a cell (``weight_hh``).
        options: what no array tells and is known: `nonlinearity` of an RNN, `reset` of a GRU.

    Returns:
        The form, and in words what no array tells; nothing if they tell all.

    Raises:
        StateDictError: if they are those of no network.
        ValueError: if an option cannot apply.
    """
    options = dict(options or {})
    stacked = "layers.0.weight_hh" in arrays
    first = "layers.0." if stacked else ""
    form = _common_form(arrays, first)
    hidden, kind = form["hidden_size"], form["kind"]
    guess = ""
    peepholes = f"{first}peephole" in arrays
    if peepholes or f"{first}c_0" in arrays:
        coupled = len(arrays[f"{first}weight_hh"]) == 3 * hidden
        form |= {"kind": "LSTM", "coupled": coupled, "peepholes": peepholes}
    elif kind == "RNN":
        guess = "" if options else "an RNN with tanh (nonlinearity changes that)"
        form["nonlinearity"] = options.pop("nonlinearity", "tanh")
    elif kind == "GRU" and f"{first}bias_hn" in arrays:
        form["reset"] = "after"
    elif kind == "GRU":
        form["reset"] = options.pop("reset", "before")
        guess = f"a GRU with reset {form['reset']} the product, not a coupled LSTM"
        if f"{first}bias" not in arrays:
            guess += ", nor one of PyTorch's cells (reset changes the first)"
    for name, value in options.items():
        raise ValueError(f"{name}={value!r} is nothing that a {form['kind']} leaves open here")
    form["kind"] += "" if stacked else "Cell"
    return form, guess


def _common_form(arrays: Mapping[str, Array], first: str) -> Form:
    """Return what the arrays of every kind of network tell."""
    shapes = [getattr(arrays.get(f"{first}weight_{p}"), "shape", ()) for p in ("ih", "hh")]
    (inputs, hidden), rows = ((*shape, 0, 0)[1] for shape in shapes), (*shapes[1], 0)[0]
    projection: tuple[int, ...] = getattr(arrays.get(f"{first}weight_hr"), "shape", ())
    kinds = {hidden: "RNN", 3 * hidden: "GRU", 4 * hidden: "LSTM"}
    if len(projection) == 2:
        hidden = projection[1]
        kinds = {4 * hidden: "LSTM", 3 * hidden: "LSTM"}
    if any(len(shape) != 2 for shape in shapes) or rows not in kinds or 0 in (inputs, hidden):
        raise StateDictError(
            f"weight_ih {shapes[0]} and weight_hh {shapes[1]} are not those of an RNN, LSTM or GRU"
        )
    form: Form = {
        "kind": kinds[rows],
        "input_size": inputs,
        "hidden_size": hidden,
        "bias": f"{first}bias" in arrays,
        "dtype": arrays[f"{first}weight_hh"].dtype.name,
        "learn_state": f"{first}h_0" in arrays,
    }
    if projection:
        form |= {"proj_size": projection[0], "coupled": rows == 3 * hidden}
    if first:
        count = sum(bool(re.fullmatch(r"layers\.\d+\.weight_hh", name)) for name in arrays)
        form |= {"num_layers": count, "bidirectional": "reverse.0.weight_hh" in arrays}
    return form

"""PyTorch: its layers and their weights as this project's, and a running model watched."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tinygrad_rnn.errors import StateDictError
from tinygrad_rnn.interop.gates import (
    TORCH,
    Pieces,
    build,
    check_names,
    kind_of,
    of_an_rnn,
    required_arrays,
    stacked_layers,
    take_apart,
)
from tinygrad_rnn.nn.base import GatedCell
from tinygrad_rnn.nn.recurrent import RecurrentLayers
from tinygrad_rnn.tensor import Array

if TYPE_CHECKING:
    from tinygrad_rnn.interop.torch_graph import Watch


def watch(model: Any) -> Watch:
    """Watch a PyTorch model run, to see afterwards where its gradient goes.

    Inside the block the model and the loss are computed as ever: by the user's own code, to the
    same numbers, bit for bit, and so are the gradients of a later ``loss.backward()``. Then
    `tinygrad_rnn.trace` takes the loss, and `viz.draw` draws it.

    Time is read off what the model does. The k-th call of a submodule of which every call depends
    on the one before is step k; without such, the k-th use of a weight. ``with
    tinygrad_rnn.scope("t", t):`` in the model's own loop says it instead. The steps of `nn.RNN`,
    `nn.LSTM` and `nn.GRU` are computed a second time, for only the fused layer's outputs are there
    to be seen. Trace the loss before ``loss.backward()``, which frees PyTorch's graph.

    Args:
        model: a `torch.nn.Module`, on any device.

    Returns:
        A block, for `with`. If an error ended it, `viz.draw` takes it in place of a loss, and draws
        what was made until then.

    Raises:
        TypeError: if `model` is no module.
        GradientError: if it was compiled or scripted, so that its steps cannot be seen.
        ImportError: if PyTorch is not installed.

    >>> import pytest, tinygrad_rnn as tr
    >>> torch = pytest.importorskip("torch")
    >>> model = torch.nn.LSTM(input_size=2, hidden_size=3)
    >>> with watch(model):
    ...     outputs, _ = model(torch.ones(5, 1, 2))
    ...     loss = outputs[-1].sum()
    >>> list(tr.trace(loss).through_time(model))
    ['h', 'c']
    """
    from tinygrad_rnn.interop.torch_graph import Watch  # it imports PyTorch

    return Watch(model)


def recorded(root: Any) -> Any:
    """Return the node that a picture ends in: of a tensor, or a watch, of PyTorch's; else `root`.

    Args:
        root: what is to be drawn.

    Raises:
        GradientError: if no watch has seen a tensor of PyTorch's made, or the watch no error.

    >>> recorded("not a tensor")
    'not a tensor'
    """
    if not hasattr(root, "grad_fn") and not hasattr(root, "unfinished"):
        return root
    from tinygrad_rnn.interop.torch_graph import node_of  # it imports PyTorch

    return node_of(root)


def from_torch(
    source: Any,
    prefix: str = "",
    nonlinearity: str | None = None,
    dropout: float | None = None,
) -> GatedCell | RecurrentLayers:
    """Return the layers, or the cell, that compute what a PyTorch module does, ready to draw.

    PyTorch's two biases become one, but for the part of a GRU's that the reset gate multiplies; its
    update gate changes sign, because PyTorch's is the share of the past that is kept.

    Args:
        source: a `torch.nn.RNN`, `LSTM`, `GRU`, a cell of these, or a state dict: anything that
            maps names to arrays, such as ``torch.load(path, weights_only=True)``.
        prefix: where in a whole model the module is, such as ``"encoder"``.
        nonlinearity: of an RNN given as a state dict, ``"tanh"`` (the default) or ``"relu"``; a
            module knows it.
        dropout: between the layers given as a state dict, 0 by default; a module knows it.

    Returns:
        An `RNN`, `LSTM` or `GRU`, or their cell. It takes inputs of shape (T, B, I): it warns if
        the module is `batch_first`.

    Raises:
        StateDictError: if an array is missing, unexpected, or of a wrong shape or dtype.
        AttributeError: if there is nothing at `prefix` in a module.
        TypeError: if `source` is a path, or a module without a state dict of its own.
        ValueError: if `nonlinearity` or `dropout` cannot apply: given with a module, or to another
            cell; or if there is no such nonlinearity, or `dropout` is not in [0, 1).

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> shapes = {"weight_ih_l0": (12, 2), "weight_hh_l0": (12, 3)}
    >>> layer = from_torch({name: rng.normal(size=shape) for name, shape in shapes.items()})
    >>> layer(np.ones((5, 1, 2))).outputs.shape
    (5, 1, 3)
    """
    if not isinstance(source, Mapping):
        _check_module(source, nonlinearity, dropout)
        source, prefix = source.get_submodule(prefix.rstrip(".")), ""
        nonlinearity = getattr(source, "nonlinearity", None)
        dropout = getattr(source, "dropout", 0.0)
        if getattr(source, "batch_first", False):
            warnings.warn(
                "the module is batch_first, and what it becomes takes (T, B, I): "
                "swap the first two axes of its inputs",
                stacklevel=2,
            )
        arrays = source.state_dict()
        names = list(arrays)
        training = source.training
    else:
        start = f"{prefix.rstrip('.')}." if prefix else ""
        arrays = {
            name.removeprefix(start): array
            for name, array in source.items()
            if name.startswith(start)
        }
        names = list(source)
        training = True
    if "weight_ih" in arrays:
        if dropout:
            raise ValueError("dropout acts between layers, and this is a cell: leave it out")
        return _cell(arrays, "", nonlinearity).train(training)
    if "weight_ih_l0" not in arrays:
        raise StateDictError(_nothing_recurrent(names, prefix))
    return _layers(arrays, nonlinearity, dropout or 0.0).train(training)


def to_torch(module: GatedCell | RecurrentLayers) -> dict[str, Array]:
    """Return the state dict of the PyTorch module that computes what the cell or the layers do.

    PyTorch's second biases are zero but for the part of a GRU's that the reset gate multiplies.
    ``{name: torch.from_numpy(array) for name, array in to_torch(layer).items()}`` can be loaded.

    Args:
        module: an RNNCell, LSTMCell or GRUCell, or an `RNN`, `LSTM` or `GRU`.

    Returns:
        Arrays by PyTorch's names, such as ``"weight_ih_l0"`` (G*H, I).

    Raises:
        StateDictError: if PyTorch has no such cell: a GRU with its reset before the product, an
            RNN without nonlinearity, peepholes, coupled gates, a learned state, or a projection
            in a cell alone.

    >>> from tinygrad_rnn.nn.cells import RNNCell
    >>> list(to_torch(RNNCell(2, 3)))
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']
    """
    if not isinstance(module, RecurrentLayers):
        return _cell_to_torch(module, "")
    return {
        name: array
        for cells, end in ((module.layers, ""), (module.reverse, "_reverse"))
        for k, cell in enumerate(cells)
        for name, array in _cell_to_torch(cell, f"_l{k}{end}").items()
    }


def _check_module(source: Any, nonlinearity: str | None, dropout: float | None) -> None:
    """Refuse what is no module, and options that a module knows itself."""
    if isinstance(source, str | os.PathLike):
        raise TypeError(
            f"from_torch takes a module or its state dict: {source} is read by "
            "tinygrad_rnn.interop.files.load_layers(path)"
        )
    if not hasattr(source, "get_submodule") or not hasattr(source, "state_dict"):
        raise TypeError(
            f"from_torch takes a torch.nn module or a state dict, not a {type(source).__name__}"
        )
    if type(source).__module__.startswith("torch.jit"):
        raise TypeError(
            "a scripted or traced module does not tell its options: give its weights, "
            "from_torch(module.state_dict(), prefix)"
        )
    for name, value in (("nonlinearity", nonlinearity), ("dropout", dropout)):
        if value is not None:
            raise ValueError(f"a module knows its {name}: leave out {name}={value!r}")


def _cell_to_torch(cell: GatedCell, suffix: str) -> dict[str, Array]:
    if getattr(cell, "nonlinearity", "tanh") == "identity":
        raise StateDictError("PyTorch has no RNN without nonlinearity")
    pieces = take_apart(cell, TORCH, "PyTorch", reset="after", projections=bool(suffix))
    return {piece + suffix: array for piece, array in pieces._asdict().items() if array is not None}


def _cell(arrays: Mapping[str, Any], suffix: str, nonlinearity: str | None) -> GatedCell:
    """Return the cell whose arrays' names end in `suffix`."""
    biased = any(name.startswith("bias") for name in arrays)
    wanted = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if biased else [])]
    wanted += ["weight_hr"] if suffix else []  # PyTorch's cells alone have no projection
    names = {piece: piece + suffix for piece in wanted}
    optional = [name for piece, name in names.items() if piece == "weight_hr"]
    required = [name for name in names.values() if name not in optional]
    found = required_arrays(arrays, required, optional)
    pieces = Pieces(**dict(zip(wanted, found, strict=True)))
    projected = pieces.weight_hr is not None
    kind = "LSTM" if projected else kind_of(pieces.weight_hh, names["weight_hh"])
    options = {"reset": "after"} if kind == "GRU" else {}
    options |= of_an_rnn(kind, nonlinearity)
    return build(pieces, TORCH, names, **options)


def _layers(arrays: Mapping[str, Any], nonlinearity: str | None, dropout: float) -> RecurrentLayers:
    """Return the layers whose arrays' names end in _l0, _l0_reverse, _l1 and so on."""
    groups: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        _, separator, place = name.partition("_l")
        groups.setdefault(separator + place, {})[name] = array
    ends = ("", "_reverse") if "_l0_reverse" in groups else ("",)
    suffixes = [[f"_l{k}{end}" for end in ends] for k in range(len(groups) // len(ends))]
    wanted = [f"weight_ih{suffix}" for pair in suffixes for suffix in pair]
    known = [name for pair in suffixes for suffix in pair for name in groups.get(suffix, ())]
    check_names(arrays, wanted, known)
    return stacked_layers(
        [[_cell(groups[suffix], suffix, nonlinearity) for suffix in pair] for pair in suffixes],
        dropout,
    )


def _nothing_recurrent(names: list[str], prefix: str) -> str:
    """Return the message for a source without recurrent weights, with where there are some."""
    marks = ("weight_ih_l0", "weight_ih")
    inner = [name.removesuffix(f".{m}") for name in names for m in marks if name.endswith(f".{m}")]
    remedy = f": give the prefix {' or '.join(map(repr, inner))}" if inner else ""
    if names and not inner:
        remedy = f": there is {', '.join(names[:4])}{', ...' if names[4:] else ''}"
    return f"no weight_ih_l0 and no weight_ih {f'under {prefix!r}' if prefix else 'here'}{remedy}"

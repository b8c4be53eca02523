"""`watch`: the block in which a PyTorch model runs as ever, and what it makes is noted."""

from __future__ import annotations

import weakref
from types import TracebackType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tinygrad_rnn.errors import GradientError
from tinygrad_rnn.interop.torch_graph.opened import open_layer
from tinygrad_rnn.interop.torch_graph.record import CellCall, WatchRecord, made
from tinygrad_rnn.scope import surroundings

TORCH_LAYERS = {getattr(torch, kind): kind for kind in ("lstm", "gru", "rnn_tanh", "rnn_relu")}
TORCH_CELLS = {
    getattr(torch, f"{kind}_cell"): kind for kind in ("lstm", "gru", "rnn_tanh", "rnn_relu")
}
recordings: weakref.WeakSet[WatchRecord] = weakref.WeakSet()  # those whose graphs are still there


class Functions(TorchFunctionMode):
    """Sees every call of a function of PyTorch."""

    def __init__(self, recording: WatchRecord) -> None:
        super().__init__()
        self.recording = recording

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, and note what it made."""
        recording, first = self.recording, made()
        if recording.scope is not surroundings().scope:
            recording.mark(surroundings().scope)
        if func in TORCH_LAYERS and not kwargs:
            out = open_layer(recording, TORCH_LAYERS[func], func, args)
        else:
            out = func(*args, **(kwargs or {}))
        end = made()
        if end > first:
            recording.note(out)
            if func in TORCH_CELLS and not kwargs:
                recording.note_cell(CellCall(TORCH_CELLS[func], first, end), args, out)
            elif end == first + 1:
                recording.constants[first] = tuple(map(_without_gradient, args))
        return out


def _without_gradient(x: Any) -> Any:
    """What no gradient flows to, as it is; None stands for all else."""
    if isinstance(x, (list, tuple)):
        return tuple(map(_without_gradient, x))
    return None if isinstance(x, torch.Tensor) and x.requires_grad else x


class Watch:
    """See `watch`."""

    def __init__(self, model: Any) -> None:
        _check_model(model)
        self.model = model
        self.recording: WatchRecord | None = None
        self.functions: Any = None
        self.error: tuple[str, str] | None = None  # what ended the block, and
        self.unfinished: list[Any] = []  # what had been made until then

    def __enter__(self) -> Watch:
        if self.recording is not None:
            raise GradientError("this watch is over: make a new one for another pass, watch(model)")
        if any(recording.open for recording in recordings):
            raise GradientError("a model is being watched already: watch what holds both models")
        self.recording = recording = WatchRecord(self.model)
        recordings.add(recording)
        module = torch.nn.modules.module
        self._handles = [
            module.register_module_forward_pre_hook(lambda m, _: recording.enter(m)),
            module.register_module_forward_hook(lambda m, *_: recording.leave(m), always_call=True),
        ]
        recording.mark(surroundings().scope)
        self.functions = Functions(recording)
        self.functions.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.functions.__exit__(kind, error, trace)
        for handle in self._handles:
            handle.remove()
        assert self.recording is not None
        left = self.recording.close()
        if error is not None:
            self.error = type(error).__name__, str(error)
            self.unfinished = left


def _check_model(model: Any) -> None:
    """Raise an error unless the model is one that can be watched."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"watch takes a torch.nn.Module, not a {type(model).__name__}")
    for name, module in model.named_modules():
        where = f"{name or 'the model'}, a {type(module).__name__},"
        if isinstance(module, torch.jit.ScriptModule):
            raise GradientError(
                f"{where} is scripted: its steps are not seen; watch the module it was made from"
            )
        if hasattr(module, "_orig_mod") or getattr(module, "_compiled_call_impl", None):
            raise GradientError(
                f"{where} is compiled: its steps are not seen; watch the module itself, before "
                "torch.compile, or its ._orig_mod"
            )

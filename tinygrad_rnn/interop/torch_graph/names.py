"""Names of the nodes in PyTorch's graph, in the words of the field."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from tinygrad_rnn import ops as ops  # so that its primitives are known
from tinygrad_rnn.primitive import REGISTRY

# By the name of PyTorch's node, without "Backward0"; of all others it is put in lower case.
WORDS = {
    "Addmm": "affine", "Mm": "matmul", "Bmm": "matmul", "Mv": "matmul", "Dot": "matmul",
    "Mul": "multiply", "Div": "divide", "Sub": "subtract", "Rsub": "subtract", "Pow": "power",
    "Neg": "negative", "Abs": "absolute", "Cat": "concatenate", "View": "reshape",
    "UnsafeView": "reshape", "ReshapeAlias": "reshape", "T": "transpose", "Permute": "transpose",
    "Transpose": "swapaxes", "Unsqueeze": "expand_dims", "Expand": "broadcast_to",
    "Select": "getitem", "Slice": "getitem", "Index": "getitem", "IndexSelect": "getitem",
    "Gather": "getitem", "NativeLayerNorm": "layer_norm", "NativeBatchNorm": "batch_norm",
    "NativeGroupNorm": "group_norm", "NativeDropout": "dropout", "ToCopy": "cast",
    "LinalgVectorNorm": "norm", "Clamp": "clip", "ClampMin": "clip", "Maximum": "maximum",
    "Amax": "max", "Amin": "min", "MkldnnRnnLayer": "lstm layer", "CudnnRnn": "recurrent layer",
    "ThnnFusedLstmCell": "lstm cell", "ThnnFusedGruCell": "gru cell", "NllLoss": "nll_loss",
    "Squeeze": "squeeze", "Sqrt": "sqrt",
}  # fmt: skip

# What a node keeps of its inputs, by slot; None where it keeps nothing.
KEPT: dict[str, tuple[str | None, ...]] = {
    "Addmm": (None, "_saved_mat1", "_saved_mat2"),
    "Mm": ("_saved_self", "_saved_mat2"),
    "Bmm": ("_saved_self", "_saved_mat2"),
    "Mul": ("_saved_self", "_saved_other"),
    "Div": ("_saved_self", "_saved_other"),
    "MseLoss": ("_saved_self", "_saved_target"),
    "BinaryCrossEntropyWithLogits": ("_saved_self", "_saved_target"),
    "Dot": ("_saved_self", "_saved_tensor"),
    "Mv": ("_saved_self", "_saved_vec"),
    "Pow": ("_saved_self",),
    "NativeLayerNorm": ("_saved_input", "_saved_weight", "_saved_bias"),
    "Convolution": ("_saved_input", "_saved_weight", None),
    "Relu": (None,), "Log": ("_saved_self",), "Gelu": ("_saved_self",),
}  # fmt: skip
RESULT = {"Sigmoid", "Tanh", "Relu", "Exp", "Sqrt", "Softmax", "LogSoftmax", "Logsumexp", "Pow"}


class TorchOperation(NamedTuple):
    """What a node computes; the public face of a primitive.

    Args:
        name: in the words of the field.
        formula: y in symbols; ``""`` where it is not known.
        derivatives: what goes back to each input in symbols.
    """

    name: str
    formula: str = ""
    derivatives: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<PyTorch's {self.name}>"


@cache
def class_stem(kind: str) -> str:
    """Return the name of a node's class without its ending.

    >>> class_stem("AddmmBackward0"), class_stem("MyFunctionBackward")
    ('Addmm', 'MyFunction')
    """
    return re.sub(r"Backward\d*$", "", kind)


@cache
def operation(kind: str) -> TorchOperation:
    """Return what nodes of this class compute.

    >>> operation("AddmmBackward0").formula
    'x @ W.T + b'
    >>> operation("GluBackward0").name
    'glu'
    """
    name = class_stem(kind)
    word = WORDS.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    known = REGISTRY.get(word)
    return (
        TorchOperation(word)
        if known is None
        else TorchOperation(word, known.formula, known.derivatives)
    )


def saved(node: Any, attribute: str) -> Any:
    """Return a tensor that a node of PyTorch's graph keeps; None where it has none, or no more."""
    try:
        return getattr(node, attribute, None)
    except RuntimeError:  # freed, or written to since
        return None

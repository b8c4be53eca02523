"""Weights from and to other libraries, as plain dictionaries of arrays.

None of those libraries is imported: `from_torch` reads a module's own state dict. What has an
order or names of its own is read by `from_arrays` with a `Convention`. Beyond weights,
`torch.watch` shows where the gradient of a running PyTorch model goes; it alone needs PyTorch.

==========  ====================  =====================  ===============  =====================
library     rows of an LSTM       rows of a GRU          update gate      reset gate
==========  ====================  =====================  ===============  =====================
this one    i, f, g, o            r, z, n                share of new     before or after
PyTorch     i, f, g, o            r, z, n                share kept       after
Keras       i, f, g, o            z, r, n                share kept       before or after
ONNX        i, o, f, g            z, r, n                share kept       before or after
Haiku       i, g, f (plus 1), o   z, r, n                share of new     before
Flax        i, f, g, o            r, z, n                share kept       after
==========  ====================  =====================  ===============  =====================
"""

from tinygrad_rnn.interop.arrays import from_arrays
from tinygrad_rnn.interop.files import list_layers, load_layers
from tinygrad_rnn.interop.flax import from_flax, to_flax
from tinygrad_rnn.interop.gates import Convention
from tinygrad_rnn.interop.haiku import from_haiku, to_haiku
from tinygrad_rnn.interop.keras import from_keras, to_keras
from tinygrad_rnn.interop.onnx import from_onnx, to_onnx
from tinygrad_rnn.interop.torch import from_torch, to_torch

__all__ = [
    "Convention",
    "from_arrays",
    "from_flax",
    "from_haiku",
    "from_keras",
    "from_onnx",
    "from_torch",
    "list_layers",
    "load_layers",
    "to_flax",
    "to_haiku",
    "to_keras",
    "to_onnx",
    "to_torch",
]

"""The cut of truncated backpropagation: the value goes on, the gradient does not come back."""

from __future__ import annotations

from tinygrad_rnn.primitive import Primitive
from tinygrad_rnn.tensor import Tensor

_cut_primitive = Primitive("cut", lambda x: x, [None], [None], "x", "0: cut off")


def stop_gradient(x: Tensor) -> Tensor:
    """Return a constant of x's value that stays linked to x, so that a picture can show the cut.

    `Tensor.detach` keeps no link. Differentiating, either is a constant.

    Args:
        x: any shape.

    Returns:
        The same shape; x itself where no gradient flows to it anyway.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> y = stop_gradient(x)
    >>> y.op.name, y.inputs[0] is x, y.requires_grad
    ('cut', True, False)
    """
    if not x.requires_grad:
        return x
    out = x.detach()
    out.op, out.inputs, out._values = _cut_primitive, (x,), (x._array,)
    return out

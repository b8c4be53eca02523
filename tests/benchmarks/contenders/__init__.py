"""Who takes part: a module for each library, in it a function `(case) -> step` for each way of it.

Calling `step()` once does a forward pass, the loss (the sum of the squares of all hidden states)
and a backward pass to all weights, and returns `(loss, gradient of weight_hh)` as the library
gives them. Every contender runs in a process of its own, since what one does to the allocator
would help or hinder the next.
"""

OURS = {
    "ours, op graph": ("ours", "graph"),
    "ours, fused": ("ours", "fused"),
    "ours, op graph, keep_memory": ("ours_keeping", "graph"),
    "ours, fused, keep_memory": ("ours_keeping", "fused"),
    "ours, fused, Numba": ("ours_compiled", "fused"),
    "matrix products alone": ("ours", "products"),
}
PYTORCH = {
    "PyTorch, elementary ops": ("with_torch", "elementary"),
    "PyTorch, cell in a loop": ("with_torch", "cell"),
    "PyTorch, nn layer": ("with_torch", "layer"),
}
OTHERS = {
    "JAX, jitted scan": ("with_jax", "scan"),
    "HIPS autograd": ("with_autograd", "loop"),
    "MyGrad": ("with_mygrad", "loop"),
}

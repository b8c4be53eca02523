"""One module for each library; every one is run in a process of its own.

A module holds `CONTENDERS`, a table from a contender's name to a function `(case) -> step`. Calling
`step()` once does a forward pass, the loss (the sum of the squares of all hidden states) and a
backward pass to all weights, and returns `(loss, gradient of weight_hh)` as the library gives them.
"""

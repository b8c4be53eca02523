"""PyTorch's own graph, watched while a model runs: where the gradient of *your* model goes.

    record    what is noted while the model runs
    opened    nn.RNN, nn.LSTM and nn.GRU, step by step
    watch     the block in which a model is watched
    graph     from PyTorch's graph to one node per operation
    nodes     what such a node is
    names     what it is called
    timing    which step each node belongs to
    repeats   what is done over and over
    states    what one step hands on to the next
    sweep     what a backward pass sent along every edge

This is the only place that imports PyTorch.
"""

from tinygrad_rnn.interop.torch_graph.trace import node_of, trace
from tinygrad_rnn.interop.torch_graph.watch import Watch

__all__ = ["Watch", "node_of", "trace"]

"""How much overlaps in a matrix of pictures: `python -m tests.benchmarks.overlaps`."""

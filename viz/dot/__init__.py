"""DOT: a placed model as Graphviz input, and Graphviz itself as a child process."""

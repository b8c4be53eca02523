"""How exercises are checked: against the recorded graph, and against the usual mistakes."""

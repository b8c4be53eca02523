"""Layout: one step laid out by ranks, order and coordinates, then stamped once per time step."""

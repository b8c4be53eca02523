"""Pictures of recorded graphs and of the gradient that went along each edge."""

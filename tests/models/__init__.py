"""Public models from packages on the index, drawn with none of their lines changed."""

"""One solution of each exercise, to compare with one's own afterwards."""

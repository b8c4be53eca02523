"""Measured comparisons with other libraries: `make bench`. Nothing here runs as a timed test."""

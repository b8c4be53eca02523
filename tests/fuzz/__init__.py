"""Hostile files: whatever a file holds, reading it works or raises one of the project's errors."""

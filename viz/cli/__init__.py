"""The command line: its manners, and what it can read."""

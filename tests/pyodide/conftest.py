"""These files run inside Pyodide or prepare it; they hold no tests."""

collect_ignore = ["in_pyodide.py", "prepare.py"]

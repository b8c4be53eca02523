"""Only the harness's own tests are collected here; what needs other libraries is never imported."""

collect_ignore_glob = ["contenders/*", "__main__.py", "chart.py"]

"""The programs here are run inside environments of their own, not collected."""

collect_ignore_glob = ["*.py"]

"""What the tests of the demos share: running one in this process, as its command line would."""

import importlib
import sys

import pytest

from viz.cli.command import run_command


@pytest.fixture
def demo(monkeypatch, capsys):
    """Return a function that runs a demo and returns its exit status, stdout and stderr."""

    def call(name, *arguments):
        module = importlib.import_module(f"demos.{name}")
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            run_command(module.PROG, module.main)
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return call

"""Mutation testing: break the code in one small place at a time, and see a test fail.

    python -m tests.mutants                  every mutant (hours); --sample 300 for a random part
    python -m tests.mutants --area cells     engine, cells or renderer

A mutant that no test kills is printed with its line. Each runs in a process of its own, forked from
one that has imported NumPy and pytest already, on the source as changed in memory: no file is
touched. Known survivors, each with its reason, are listed in MUTANTS.md.
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.util
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def _files(folder, names):
    return [f"{folder}/{name}.py" for name in names.split()]


# Of the tests of compiled loops, which take their time to compile, the one that compiles nothing.
PLAIN = "test_what_has_no_compiled_form_takes_the_plain_loops"

# What is broken, and by whom it should be noticed: most mutants fall to the first stage, which is
# quick; the next is run on those that do not.
AREAS = {
    "engine": (
        _files("tinygrad_rnn", "tensor array primitive graph backward forward state")
        + _files("tinygrad_rnn/ops", "activations cut elementwise gates index join matmul")
        + _files("tinygrad_rnn/ops", "einsum reduce shape nondifferentiable"),
        [
            _files(
                "tests/tinygrad_rnn",
                "test_traps test_hard_points test_contract test_tensor test_batched test_errors",
            ),
            _files(
                "tests/tinygrad_rnn",
                "test_functional test_bptt test_anomaly test_scope test_gradcheck test_norms",
            ),
            _files("tests/tinygrad_rnn", "test_primitives test_twin test_memory"),
        ],
    ),
    "cells": (
        _files(
            "tinygrad_rnn/nn",
            "base cells unroll truncated checkpoint sequence_op fused/__init__",
        )
        + _files("tinygrad_rnn/nn/fused", "base rnn lstm gru"),
        [
            _files("tests/tinygrad_rnn/nn", "test_cells test_unroll test_checks"),
            _files("tests/tinygrad_rnn/nn", "test_fused test_checkpoint test_truncated"),
            _files("tests/tinygrad_rnn/nn", "test_forms test_recurrent test_layers test_module")
            + _files("tests/tinygrad_rnn", "test_bptt interop/test_goldens")
            + [f"tests/tinygrad_rnn/nn/test_compiled.py::{PLAIN}"],
        ],
    ),
    "renderer": (
        _files("viz/reading", "recording levels labels gradients reader omission")
        + _files("viz/layout", "template ranks ordering coordinates step routing edge_labels")
        + _files("viz/layout", "between_steps frames place stacked")
        + _files("viz", "style build drawing dot/writer dot/legend dot/marks dot/svg"),
        [
            # But for those that start another Python, which would import what is not changed.
            _files("tests/viz", "test_golden test_style dot/test_writer dot/test_legend")
            + _files("tests/viz/layout", "test_ranks test_coordinates test_routing test_place")
            + _files(
                "tests/viz/layout", "test_edge_labels test_between_steps test_frames test_step"
            )
            + _files("tests/viz/layout", "test_stacked test_head_and_tail")
            + _files("tests/viz", "reading/test_omission reading/test_reader reading/test_labels")
            + _files("tests/viz", "dot/test_marks")
            + ["-k", "not hash_seed"],
            _files("tests/viz", "test_picture reading/test_levels reading/test_special_graphs")
            + _files("tests/viz", "test_drawing"),
            [*_files("tests/viz", "page/test_html"), "-k", "not thousand"],  # takes its time
        ],
    ),
}
# An endless loop is a mutant found, and so is a list that grows without end. A mutant may take
# three times the processor's seconds that the unchanged source takes, and a few more.
SLOWER, SECONDS, BYTES = 3, 10, 8 * 2**30

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.Mod: ast.Mult, ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


NOTHING = ast.dump(ast.Constant(None))


def changes(node):
    """Yield (what changes, a function that changes a copy of the node in place)."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in OPERATORS:
        new = OPERATORS[type(node.op)]
        yield f"{type(node.op).__name__} -> {new.__name__}", lambda n: setattr(n, "op", new())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        new = OPERATORS[type(node.ops[0])]
        yield (
            f"{type(node.ops[0]).__name__} -> {new.__name__}",
            lambda n: n.ops.__setitem__(0, new()),
        )
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        new = not node.value if isinstance(node.value, bool) else node.value + 1
        yield f"{node.value} -> {new}", lambda n: setattr(n, "value", new)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield (
            f"{type(node.op).__name__} dropped",
            lambda n: (
                setattr(n, "op", ast.UAdd())
                if (isinstance(n.op, ast.USub))
                else setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
            ),
        )
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition negated", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    if isinstance(node, ast.Return) and ast.dump(node.value or ast.Constant(None)) != NOTHING:
        yield "returns None", lambda n: setattr(n, "value", ast.Constant(None))
    if isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node):
        return  # of a method that every subclass has
    if isinstance(node, ast.Continue | ast.Break | ast.Raise | ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "statement dropped", None


def mutants(path):
    """Return (path, line, what, place, change) of every mutant of a file.

    Annotations, messages, decorators (how a class or a cache is stored) and `strict=` of `zip`
    (an assertion) stay.
    """
    tree = ast.parse((ROOT / path).read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        for part in (
            *(getattr(node, field, None) for field in ("annotation", "returns")),
            *getattr(node, "decorator_list", ()),
            *([node] if isinstance(node, ast.keyword) and node.arg == "strict" else []),
            *([node] if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom) else []),
            *(
                [node]
                if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
                else []
            ),
        )
        if part is not None
        for inner in ast.walk(part)
    }
    found = []
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in skipped:
            continue
        for what, change in changes(node):
            found.append((path, node.lineno, what, place, change))
    return found


def mutated(mutant):
    """Return the changed tree of one mutant."""
    path, _, _, place, change = mutant
    tree = copy.deepcopy(ast.parse((ROOT / path).read_text()))
    node = next(n for k, n in enumerate(ast.walk(tree)) if k == place)
    if change is not None:
        change(node)
    else:
        node.__class__, node._fields = ast.Pass, ()
    return ast.fix_missing_locations(tree)


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, path, tree):
        self.name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.path, self.tree = ROOT / path, tree
        self.folder = [str(self.path.parent)] if path.endswith("__init__.py") else None

    def find_spec(self, name, path, target=None):
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=self.folder
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


def survives(mutant, stages, seconds):
    """Run the tests on one mutant, in a fork with so much processor time; True if all pass."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        signal.alarm(10 * seconds)  # should it wait for something that never comes
        os.setsid()
        void = os.open(os.devnull, os.O_WRONLY)
        os.dup2(void, 1)
        os.dup2(void, 2)
        try:
            sys.meta_path.insert(0, Changed(mutant[0], mutated(mutant)))
            import pytest

            # pytest was imported before it could rewrite the plug-ins' assertions, and says so.
            flags = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestWarning"]
            code = 0
            for tests in stages:
                code = code or int(pytest.main([*flags, *tests]))
        except BaseException:
            code = 1
        os._exit(code)
    try:
        _, status = os.waitpid(child, 0)
    except KeyboardInterrupt:
        os.kill(child, signal.SIGKILL)
        raise
    return status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="how many mutants, drawn at random; default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--area", choices=AREAS, default="engine")
    parser.add_argument("paths", nargs="*", help="some of the area's files; default all")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    import hypothesis  # noqa: F401  # imported once, before all forks, as are the next two
    import numpy as np  # noqa: F401  # as above
    import pytest  # noqa: F401  # as above

    targets, stages = AREAS[options.area]
    every = [m for path in options.paths or targets for m in mutants(path)]
    random.Random(options.seed).shuffle(every)
    chosen = every[: options.sample]
    start, done, alive = time.monotonic(), 0, []
    if survives((targets[0], 0, "unchanged", 0, lambda node: None), stages, 1000):
        print(f"{len(every)} mutants, of which {len(chosen)} are tried", flush=True)
    else:
        sys.exit("the tests fail on the unchanged source")
    seconds = int(SLOWER * resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime) + SECONDS
    with contextlib.suppress(KeyboardInterrupt):  # then what was found so far is told
        for mutant in chosen:
            if time.monotonic() - start > 60 * options.minutes:
                break
            if survives(mutant, stages, seconds):
                alive.append(mutant)
                path, line, what = mutant[:3]
                source = (ROOT / path).read_text().splitlines()[line - 1].strip()
                print(f"survived: {path}:{line}: {what}: {source}", flush=True)
            done += 1
    killed = done - len(alive)
    print(f"{killed} of {done} killed ({killed / max(done, 1):.1%})")


if __name__ == "__main__":
    main()

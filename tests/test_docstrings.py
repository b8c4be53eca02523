"""Everything public says what it does, takes and raises, and shows an example that runs."""

import ast
import doctest
import inspect
import textwrap
import tomllib

import pytest

from tests.public import ROOT, exception, public, section

PACKAGES = ["tinygrad_rnn", "viz"]
PUBLIC = {name: thing for package in PACKAGES for name, thing in public(package).items()}
NUMPYS = {"args", "kwargs"}  # the arguments of NumPy's function of that name


def of(*kinds):
    """Return a parametrisation over the public things that one of these tests is true of."""
    names = [name for name, thing in PUBLIC.items() if any(kind(thing) for kind in kinds)]
    return pytest.mark.parametrize("name", names)


def overridden(name):
    """Return the docstrings of a method and of those that it overrides, nearest first."""
    owner = PUBLIC.get(name.rpartition(".")[0])
    if not inspect.isclass(owner):
        return [PUBLIC[name].__doc__]
    found = [vars(kind).get(name.rpartition(".")[2]) for kind in inspect.getmro(owner)]
    return [member.__doc__ for member in found if member is not None]


def arguments(thing):
    """Return the names of the arguments, or None if a class takes those of its base."""
    if inspect.isclass(thing) and not {"__init__", "__new__"} & set(vars(thing)):
        return None
    return [name for name in inspect.signature(thing).parameters if name not in ("self", "cls")]


def raised(thing):
    """Return the exceptions that the code of a function, or of a constructor, raises by name."""
    code = vars(thing).get("__init__") if inspect.isclass(thing) else thing
    if not inspect.isfunction(code) or code.__code__.co_filename == "<string>":  # a dataclass's
        return set()
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(code))).body
    calls = [
        node.exc.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    return {name for name in names if exception(name, thing.__module__)}


def test_the_walk_finds_what_is_known_to_be_public():
    known = {
        "tinygrad_rnn.analysis",
        "tinygrad_rnn.tensor.Tensor.data",
        "tinygrad_rnn.array.ArrayMethods.sum",
        "tinygrad_rnn.nn.cells.LSTMCell.__call__",
        "tinygrad_rnn.nn.run.Run.outputs",
        "tinygrad_rnn.optim.methods.Adam",
        "tinygrad_rnn.optim.schedules.warmup",
        "tinygrad_rnn.primitive.elementwise",
        "tinygrad_rnn.study.run",
    }
    assert known <= set(PUBLIC)


@of(lambda thing: True)
def test_it_says_what_it_is(name):
    docstring = PUBLIC[name].__doc__
    assert docstring, f"{name} has no docstring"
    assert docstring.strip()[-1] != ":", f"{name}: a section of its docstring is empty"


@of(inspect.isfunction, inspect.isclass)
def test_every_argument_is_described_and_nothing_else(name):
    taken = arguments(PUBLIC[name])
    if taken is None or set(taken) == NUMPYS:
        return
    own, *others = [
        [*section(text, "Args"), *section(text, "Attributes")] for text in overridden(name)
    ]
    described = next((entries for entries in (own, *others) if entries), [])
    missing = [argument for argument in taken if argument not in described]
    assert not missing, f"{name} does not describe {', '.join(missing)}"
    unknown = set(section(PUBLIC[name].__doc__, "Args")) - set(taken)
    assert not unknown, f"{name} describes {', '.join(unknown)}, which it does not take"


@of(inspect.isfunction, inspect.isclass)
def test_what_it_raises_is_said_and_is_an_exception(name):
    thing = PUBLIC[name]
    said = section(thing.__doc__, "Raises")
    unknown = [name for name in said if not exception(name, thing.__module__)]
    assert not unknown, f"{name}: no exception is called {', '.join(unknown)}"
    missing = raised(thing) - set(said) - {"NotImplementedError"}
    assert not missing, f"{name} does not say that it raises {', '.join(missing)}"


def needs_an_example(thing):
    """Whether users make or call it by its own name; an error meets them without that."""
    by_name = getattr(thing, "__qualname__", ".").isidentifier()
    return by_name and not (inspect.isclass(thing) and issubclass(thing, Exception))


@of(needs_an_example)
def test_it_shows_an_example_that_is_run(name):
    examples = doctest.DocTestParser().get_examples(PUBLIC[name].__doc__)
    assert examples, f"{name} shows no example"
    assert not any(doctest.SKIP in example.options for example in examples), name


def test_pytest_runs_the_examples():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = settings["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in options["addopts"].split()
    assert set(PACKAGES) <= set(options["testpaths"])

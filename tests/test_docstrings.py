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


def by_module():
    """Return the names of what is public, by the module that it stands in."""
    found = {}
    for name, thing in PUBLIC.items():
        code = thing.fget if isinstance(thing, property) else getattr(thing, "func", thing)
        found.setdefault(getattr(code, "__module__", name), []).append(name)
    return found


BY_MODULE = by_module()


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


def unsaid(name):
    """Yield what is wrong with a docstring as a whole."""
    docstring = PUBLIC[name].__doc__
    if not docstring:
        yield "has no docstring"
    elif docstring.strip()[-1] == ":":
        yield "a section of its docstring is empty"


def misdescribed(name):
    """Yield arguments that are not described, and what is described and not taken."""
    taken = arguments(PUBLIC[name])
    if taken is None or set(taken) == NUMPYS:
        return
    own, *others = [
        [*section(text, "Args"), *section(text, "Attributes")] for text in overridden(name)
    ]
    described = next((entries for entries in (own, *others) if entries), [])
    for argument in taken:
        if argument not in described:
            yield f"does not describe {argument}"
    for argument in set(section(PUBLIC[name].__doc__, "Args")) - set(taken):
        yield f"describes {argument}, which it does not take"


def misraised(name):
    """Yield exceptions that are raised and not said, or said and none."""
    thing = PUBLIC[name]
    said = section(thing.__doc__, "Raises")
    for error in said:
        if not exception(error, thing.__module__):
            yield f"no exception is called {error}"
    for error in raised(thing) - set(said) - {"NotImplementedError"}:
        yield f"does not say that it raises {error}"


def unshown(name):
    """Yield what is wrong with the example of what users make or call by its own name.

    An error meets them without that.
    """
    thing = PUBLIC[name]
    by_name = getattr(thing, "__qualname__", ".").isidentifier()
    if not by_name or (inspect.isclass(thing) and issubclass(thing, Exception)):
        return
    examples = doctest.DocTestParser().get_examples(thing.__doc__ or "")
    if not examples:
        yield "shows no example"
    if any(doctest.SKIP in example.options for example in examples):
        yield "its example is not run"


def faults(name):
    """Yield all of the above, as far as they can be true of the kind of thing that it is."""
    yield from unsaid(name)
    if inspect.isfunction(PUBLIC[name]) or inspect.isclass(PUBLIC[name]):
        yield from misdescribed(name)
        yield from misraised(name)
    yield from unshown(name)


@pytest.mark.parametrize("module", BY_MODULE)
def test_everything_public_is_documented_and_shown(module):
    assert [f"{name} {fault}" for name in BY_MODULE[module] for fault in faults(name)] == []


def faulty(x):
    """Do nothing to y.

    Args:
        y: what is not there.

    Raises:
        NoSuchError: never.
    """
    raise ValueError(x)


def test_the_faults_are_found(monkeypatch):
    monkeypatch.setitem(PUBLIC, "faulty", faulty)
    monkeypatch.setattr(faulty, "__module__", "viz.errors")
    assert list(faults("faulty")) == [
        "does not describe x",
        "describes y, which it does not take",
        "no exception is called NoSuchError",
        "does not say that it raises ValueError",
        "shows no example",
    ]
    monkeypatch.setattr(faulty, "__doc__", "Fail.\n\n    Args:\n")
    assert "a section of its docstring is empty" in list(faults("faulty"))


def test_pytest_runs_the_examples():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = settings["tool"]["pytest"]["ini_options"]
    assert "--doctest-modules" in options["addopts"].split()
    assert set(PACKAGES) <= set(options["testpaths"])

"""What is public: the names that the API reference shows, and what their docstrings say of them."""

import inspect
import pydoc
import re
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
DOCUMENTED = re.search(
    r"--output-directory out/docs \\\n\t+([\w. ]+)$",
    (ROOT / "Makefile").read_text(encoding="utf-8"),
    re.M,
)[1].split()  # the modules that `make docs` begins with


def public(package):
    """Return every public module, class, function, method and property of a package by its name.

    A class brings along its bases, whose methods it has too.
    """
    found = {}
    for name in DOCUMENTED:
        if name.split(".")[0] == package:
            _module(import_module(name), found)
    return found


def _module(module, found):
    if module.__name__ in found:
        return
    found[module.__name__] = module
    package = module.__name__.split(".")[0]
    for name in getattr(module, "__all__", vars(module)):
        value = getattr(module, name)
        here = hasattr(module, "__all__") or getattr(value, "__module__", "") == module.__name__
        if name.startswith("_") or not here:
            continue
        if isinstance(value, ModuleType):
            _module(value, found)
        elif inspect.isclass(value):
            for kind in inspect.getmro(value):
                if kind.__module__.split(".")[0] == package:
                    _class(kind, found)
        elif inspect.isfunction(value):
            found[_name(value)] = value


def _class(kind, found):
    found[_name(kind)] = kind
    for name, member in vars(kind).items():
        member = getattr(member, "__func__", member)  # of a static or a class method
        seen = inspect.isfunction(member) or isinstance(member, property | cached_property)
        if seen and (name == "__call__" or not name.startswith("_")):
            found[f"{_name(kind)}.{name}"] = member


def _name(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


def section(docstring, title):
    """Return the entries of a section such as ``Args:``, without their stars."""
    text = inspect.cleandoc(docstring or "") + "\n"
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)+)", text, re.M)
    entries = re.findall(r"^    (\S[^:]*):(?: |$)", found[1], re.M) if found else []
    return [name.lstrip("*") for entry in entries for name in entry.split(", ")]


def exception(name, module):
    """Return the exception of that name: a package's own, a built-in, or one of a full path."""
    errors = import_module(f"{module.split('.')[0]}.errors")
    found = getattr(errors, name, None) or pydoc.locate(name)
    return found if inspect.isclass(found) and issubclass(found, Exception) else None

"""Build wheel and sdist, install them as a stranger would, and use them outside the checkout.

`make package` runs this. Every Python of 3.11 to 3.13 that can be found is tried, each with the
lowest and with the newest allowed dependencies; one that cannot be found is named. Tools are taken
from the environment that runs this (uv, mypy, pyright); nothing of the checkout is importable in
the environments under test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USER = Path(__file__).with_name("user.py")
PYTHONS = ("3.11", "3.12", "3.13")
CLEAN = ("-I", "-W", "error")  # no current folder, no PYTHONPATH, and every warning is an error
NOT_OF_NUMPY = ("memory", "soak", "study", "threads")  # slow, and the same with any NumPy
OF_NEWER_NUMPY = ("breadth", "dispatch", "primitives", "table")  # functions that it has since 2.1
FORMATS = ("dot", "json", "html")  # what needs no Graphviz
NUMPY_ALONE = """
import sys
import tinygrad_rnn
sites = [path for path in sys.path if path.endswith("site-packages")]
found = {
    name.partition(".")[0]
    for name, module in list(sys.modules.items())
    if str(getattr(module, "__file__", "")).startswith(tuple(sites))
}
assert found == {"numpy", "tinygrad_rnn"}, f"importing tinygrad_rnn pulled in {sorted(found)}"
assert tinygrad_rnn.__file__.startswith(tuple(sites)), tinygrad_rnn.__file__
from importlib.metadata import version
assert version("tinygrad-rnn") == tinygrad_rnn.__version__
print("numpy", version("numpy"))
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command; on failure show all that it said, and stop."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise SystemExit(f"failed: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def build(work: Path) -> tuple[Path, Path]:
    """Return the wheel and the sdist, made from a copy of what git tracks."""
    source = work / "source"
    for name in run("git", "ls-files", cwd=ROOT).splitlines():
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    run("uv", "build", "--quiet", "--out-dir", work / "dist", source)  # the wheel from the sdist
    (wheel,), (sdist,) = (work / "dist").glob("*.whl"), (work / "dist").glob("*.tar.gz")
    return wheel, sdist


def inspect(wheel: Path, sdist: Path) -> None:
    """Check that the wheel holds the two packages whole, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tinygrad_rnn", "viz"}, tops
    tracked = run("git", "ls-files", "tinygrad_rnn", "viz", cwd=ROOT).splitlines()
    missing = {name for name in tracked if (ROOT / name).exists()} - names
    assert not missing, f"not in the wheel: {sorted(missing)}"
    assert any(name.endswith("licenses/LICENSE") for name in names), "no LICENSE in the wheel"
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    missing = {"README.md", "LICENSE", "pyproject.toml", *tracked} - held
    assert not missing, f"not in the sdist: {sorted(missing)}"


def interpreters() -> Iterator[tuple[str, str | None]]:
    """Yield each wanted version with its interpreter, from PATH or from pyenv, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for version in PYTHONS:
        candidates = [shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
        ask = "import sys; print('%d.%d' % sys.version_info[:2])"
        for candidate in filter(None, candidates):
            done = subprocess.run([candidate, "-c", ask], text=True, capture_output=True)
            if done.stdout.strip() == version:
                yield version, str(candidate)
                break
        else:
            yield version, None


def try_out(python: str, what: Path, resolution: str, work: Path) -> str:
    """Install one archive into a new environment and use it there; return what was installed."""
    home = Path(tempfile.mkdtemp(dir=work))
    run("uv", "venv", "--quiet", "--python", python, home / "venv")
    inside = home / "venv" / "bin" / "python"
    run(
        *("uv", "pip", "install", "--quiet", "--python", inside, "--resolution", resolution),
        *("--only-binary", "numpy,safetensors", what),
    )
    empty = home / "empty"
    empty.mkdir()
    numpy = run(inside, *CLEAN, "-c", NUMPY_ALONE, cwd=empty).strip()
    run(inside, *CLEAN, USER, cwd=empty)
    run(inside, *CLEAN, "-m", "viz", "--help", cwd=empty)
    draw = ("-m", "viz", "--steps", "6", "--out", "pictures")
    run(inside, *CLEAN, *draw, "--format", *FORMATS, cwd=empty)
    missing = {kind for kind in FORMATS if not list(empty.glob(f"pictures/*.{kind}"))}
    assert not missing, f"not drawn: {missing}"
    return numpy


def test_lowest(python: str, wheel: Path, work: Path) -> str:
    """Run the engine's own tests with the lowest dependencies; return pytest's last line."""
    home = Path(tempfile.mkdtemp(dir=work))
    inside = home / "venv" / "bin" / "python"
    run("uv", "venv", "--quiet", "--python", python, home / "venv")
    install = ("uv", "pip", "install", "--quiet", "--python", inside)
    run(*install, "--resolution", "lowest", "--only-binary", "numpy,safetensors", wheel)
    run(*install, "pytest", "hypothesis")
    pytest = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/tinygrad_rnn")
    heavy = [
        f"--ignore=tests/tinygrad_rnn/test_{name}.py" for name in (*NOT_OF_NUMPY, *OF_NEWER_NUMPY)
    ]
    return run(inside, *pytest, *heavy, cwd=ROOT).splitlines()[-1]


def check_types(wheel: Path, work: Path) -> None:
    """Check a user's program against the wheel's own type information."""
    home = Path(tempfile.mkdtemp(dir=work))
    inside = home / "venv" / "bin" / "python"
    run("uv", "venv", "--quiet", "--python", sys.executable, home / "venv")
    run("uv", "pip", "install", "--quiet", "--python", inside, wheel)
    shutil.copy(USER, home / "user.py")
    (home / "mypy.ini").write_text("[mypy]\n")  # a user has not our settings
    run(
        *(
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--python-executable",
            inside,
            "--explicit-package-bases",
        ),
        *("--cache-dir", home / "cache", "user.py"),
        cwd=home,
    )
    run(sys.executable, "-m", "pyright", "--pythonpath", inside, "user.py", cwd=home)


def main() -> None:
    """Do all of it and print a line for each environment."""
    start = time.monotonic()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheel, sdist = build(work)
        inspect(wheel, sdist)
        print(f"built {wheel.name} and {sdist.name}: complete", flush=True)
        found = dict(interpreters())
        trials = [
            (version, python, archive, resolution)
            for version, python in found.items()
            if python
            for archive, resolution in ((wheel, "lowest"), (wheel, "highest"))
        ]
        newest = max((t for t in trials), key=lambda t: PYTHONS.index(t[0]))
        trials.append((*newest[:2], sdist, "highest"))
        with ThreadPoolExecutor(2) as pool:
            lowest = pool.submit(test_lowest, trials[0][1], wheel, work)
            numpys = pool.map(lambda t: try_out(t[1], t[2], t[3], work), trials)
            for (version, _, archive, resolution), numpy in zip(trials, numpys, strict=True):
                print(
                    f"Python {version}, {archive.suffix.strip('.')}, {resolution}: {numpy}: works",
                    flush=True,
                )
            print(f"Python {trials[0][0]}, the engine's tests, lowest: {lowest.result()}")
        for version, python in found.items():
            if python is None:
                print(f"Python {version}: not tried, there is none on this machine")
        check_types(wheel, work)
        print("a user's program: clean under mypy --strict and pyright")
    print(f"{len(trials) + 2} passed, 0 failed in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()

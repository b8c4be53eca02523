"""The list of demos has every demo, with a line that says what it shows."""

from pathlib import Path

from demos.__main__ import main


def test_every_demo_is_listed(capsys):
    main()
    lines = capsys.readouterr().out.splitlines()
    files = Path(main.__code__.co_filename).parent.glob("[!_]*.py")
    names = sorted(file.stem for file in files if file.stem != "common")
    assert [line.removeprefix("python -m demos.") for line in lines[::2]] == names
    assert all(line.startswith("    ") and line.strip() for line in lines[1::2])

"""Small packages of Python code that no two files of resemble each other, to train models too small to be of use."""

from pathlib import Path

_FUNCTION = '''
def function_{0}(first_{0}, second):
    """Returns {0} things, {1}."""
    if first_{0} > second:
        return [first_{0}, {0}, "{1}"]
    return second + {0}
'''


def write_sources(directory: Path, files: int) -> None:
    """Writes three packages under Apache-2.0, of so many files each."""
    for package in ("left", "right", "third"):
        folder = directory / package
        folder.mkdir(parents=True)
        project = f'[project]\nname = "{package}"\nversion = "1"\nlicense = "Apache-2.0"\n'
        (folder / "pyproject.toml").write_text(project)
        for number in range(files):
            text = "".join(_FUNCTION.format(100 * number + i, f"{package} {number} {i}") for i in range(5))
            (folder / f"module_{number}.py").write_text(text)

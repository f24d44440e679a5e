"""Editors run without a terminal against a server, with the settings of docs/editors.md as they stand there.

    CODELM_EDITOR_PLUGINS=plugins python tests/serving/editors/editor_sessions.py http://127.0.0.1:8000 tiny

records the transcripts anew, from a server that was started with `--overflow=truncate_left`. The variable names a
directory with the plugins as their authors publish them: `neural`, `minuet-ai.el`, `plz.el`, and `dash.el` where Emacs
does not find one by itself.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
GUIDE = HERE.parents[2] / "docs" / "editors.md"
TRANSCRIPTS = HERE / "transcripts"
PLUGINS = "CODELM_EDITOR_PLUGINS"
API_KEY = "CODELM_API_KEY"


@dataclasses.dataclass(frozen=True)
class Editor:
    """One editor of the guide.

    Attributes:
        command: how it is called.
        language: of its settings in the guide.
        keys: what the session presses.
        line: where the cursor stands; Neural completes below the line, minuet behind the cursor.
        plugins: that it needs, as directories.
    """

    command: str
    language: str
    keys: str
    line: str
    plugins: Sequence[str]


EDITORS = {
    "vim": Editor("vim", "vim", r"G \c", "", ["neural"]),
    "neovim": Editor("nvim", "vim", r"G \c", "", ["neural"]),
    "emacs": Editor("emacs", "elisp", "M-> C-c c C-c a", "    ", ["minuet-ai.el", "plz.el"]),
}
# One file that fits the context, and one that does not.
FILES = {
    "short": "def add(a, b):\n",
    "long": "".join(f"def double_{i}(x):\n    return 2 * x\n\n\n" for i in range(200)) + "class Stack:\n",
}


def missing(editor: Editor) -> str | None:
    """Why a session is not possible here; None where it is."""
    if shutil.which(editor.command) is None:
        return f"there is no {editor.command} on this machine"
    directory = os.environ.get(PLUGINS)
    if not directory:
        return f"{PLUGINS} names no directory with {', '.join(editor.plugins)}"
    absent = [name for name in editor.plugins if not (Path(directory) / name).is_dir()]
    return f"{directory} lacks {', '.join(absent)}" if absent else None


def settings(language: str, url: str = "http://127.0.0.1:8000", model: str = "tiny") -> str:
    """The settings that the guide gives for an editor, for another server."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert "http://127.0.0.1:8000" in block
    assert re.search(r"['\"]tiny['\"]", block)
    block = block.replace("http://127.0.0.1:8000", url)
    return re.sub(r"(['\"])tiny\1", lambda found: found[1] + model + found[1], block)


def complete(
    editor: Editor, content: str, url: str, model: str, api_key: str | None = None
) -> tuple[str, str]:
    """Opens a file with `content` in an editor, presses its keys at the end and saves.

    Args:
        editor: which one.
        content: of the file.
        url: of the server.
        model: as the server calls it.
        api_key: stands in the environment, if given.

    Returns:
        The file as it was saved, and what the editor said.
    """
    with tempfile.TemporaryDirectory() as home:
        directory = Path(home)
        (directory / "session.py").write_text(content)
        (directory / "settings").write_text(settings(editor.language, url, model))
        environment = {name: value for name, value in os.environ.items() if name != API_KEY}
        if api_key is not None:
            environment[API_KEY] = api_key
        done = subprocess.run(
            _arguments(editor),
            cwd=directory,
            env=environment | {"HOME": home},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        kept = directory / "session.messages"
        messages = kept.read_text() if kept.exists() else done.stderr.replace(home, "")
        return (directory / "session.py").read_text(), messages.strip()


def transcript(editor: Editor, url: str, model: str) -> str:
    """A session with each file, in words."""
    version = subprocess.run([editor.command, "--version"], capture_output=True, text=True, check=True)
    parts = [version.stdout.splitlines()[0], "settings:", settings(editor.language)]
    for name, code in FILES.items():
        content = code + editor.line
        after, messages = complete(editor, content, url, model)
        parts += [f"=== {name} file, {len(content)} characters, its end:", _end(content)]
        parts += [
            f"=== keys: {editor.keys}",
            "=== its end afterwards:",
            _end(after),
            "=== messages:",
            messages,
        ]
    return "\n".join(parts) + "\n"


def _arguments(editor: Editor) -> list[str]:
    paths = [Path(os.environ[PLUGINS]).absolute() / name for name in editor.plugins]
    if editor.language == "vim":
        quiet = ["--headless"] if editor.command == "nvim" else ["-N", "-es"]
        start = [
            "--cmd",
            f"set runtimepath^={paths[0]}",
            "-i",
            "NONE",
            "-u",
            "settings",
            "-S",
            str(HERE / "session.vim"),
        ]
        return [editor.command, *quiet, *start, "session.py"]
    # Debian's packages, where there are any.
    found = [*paths, Path(os.environ[PLUGINS]).absolute() / "dash.el"]
    found += Path("/usr/share/emacs/site-lisp/elpa").glob("dash-*")
    load = [word for path in found if path.is_dir() for word in ("-L", str(path))]
    return [editor.command, "-Q", "--batch", *load, "-l", "./settings", "-l", str(HERE / "session.el")]


def _end(text: str) -> str:
    return "".join(f"| {line}\n" for line in text.splitlines()[-20:]).rstrip("\n")


def main() -> None:
    """Records the transcripts."""
    url, model = sys.argv[1:]
    for name, editor in EDITORS.items():
        if reason := missing(editor):
            sys.exit(f"{name}: {reason}")
        (TRANSCRIPTS / f"{name}.txt").write_text(transcript(editor, url, model))


if __name__ == "__main__":
    main()

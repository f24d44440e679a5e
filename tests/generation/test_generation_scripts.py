import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("benchmark.py", "decode", "--config=strongreg", "--batch_sizes=0"), "error: --batch_sizes=0: "),
        (("benchmark.py", "decode", "--config=strongreg", "--batch_sizes=1,x"), "error: --batch_sizes=1,x: "),
        (("sample.py", "--checkpoint=missing", "--interactive"), "error: --interactive needs a terminal"),
    ],
)
def test_mistakes_on_the_command_line_are_one_clear_line(command, told):
    script, *flags = command
    done = subprocess.run(
        [sys.executable, SCRIPTS / script, *flags],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1

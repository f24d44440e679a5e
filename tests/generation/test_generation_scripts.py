import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Each command ends with an exit status; all of them share the imports of one process.
BENCHMARK_MISTAKES = """
import sys
from codelm_jax.commands import benchmark
from absl import flags

for sizes in ("0", "1,x"):
    for name in flags.FLAGS:
        flags.FLAGS[name].unparse()
    sys.argv = ["benchmark.py", "decode", "--config=tiny", f"--batch_sizes={sizes}"]
    try:
        benchmark.run()
    except SystemExit as end:
        print(end.code)
"""


def run(*command):
    return subprocess.run(
        [sys.executable, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_batch_sizes_that_are_no_numbers_of_rows_are_one_clear_line_each():
    done = run("-c", BENCHMARK_MISTAKES)
    assert done.stdout.split() == ["2", "2"]
    told = done.stderr.splitlines()
    assert [line.partition(": ")[2].partition(": ")[0] for line in told] == [
        "--batch_sizes=0",
        "--batch_sizes=1,x",
    ]
    assert all(line.startswith("error: ") for line in told)


def test_a_session_without_a_terminal_is_one_clear_line():
    done = run(SCRIPTS / "sample.py", "--checkpoint=missing", "--interactive")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --interactive needs a terminal")
    assert done.stderr.count("\n") == 1

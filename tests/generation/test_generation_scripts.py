import subprocess
import sys

from command_process import ROOT, CommandProcess


def test_batch_sizes_that_are_no_numbers_of_rows_are_one_clear_line_each():
    with CommandProcess("benchmark") as benchmark:
        for sizes in ("0", "1,x"):
            done = benchmark.run("decode", "--config=tiny", f"--batch_sizes={sizes}")
            assert done.status == 2
            assert done.errors.startswith(f"error: --batch_sizes={sizes}: ")
            assert done.errors.count("\n") == 1


def test_a_session_without_a_terminal_is_one_clear_line():
    command = [sys.executable, ROOT / "scripts" / "sample.py", "--checkpoint=missing", "--interactive"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --interactive needs a terminal")
    assert done.stderr.count("\n") == 1

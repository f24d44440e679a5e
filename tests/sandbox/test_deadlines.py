"""Deadlines: processor time, so that load makes no right answer wrong, and a limit for samples that only wait."""

import contextlib
import multiprocessing
import os

from codelm_jax.sandbox.pool import PATIENCE, Sandbox

BUSY = """
import time
def f(seconds):
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    return "done"
"""
CHECK = "assert f({seconds}) == 'done'"


def burn():
    while True:
        pass


@contextlib.contextmanager
def one_core_shared_with(neighbours):
    """This process, its children from here on, and so many busy processes, on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    load = [multiprocessing.get_context("spawn").Process(target=burn, daemon=True) for _ in range(neighbours)]
    try:
        for process in load:
            process.start()
        yield
    finally:
        for process in load:
            process.kill()
            process.join()
        os.sched_setaffinity(0, allowed)


def test_waiting_for_a_processor_does_not_count():
    timeout = 0.6
    with one_core_shared_with(3), Sandbox(workers=1, timeout_seconds=timeout) as sandbox:
        verdict = sandbox.judge(BUSY, CHECK.format(seconds=0.4), "f")
        assert verdict.passed
        assert verdict.seconds > timeout


def test_processor_time_counts_in_the_program_and_in_its_check():
    spin = "import time\nbegun = time.process_time()\nwhile time.process_time() - begun < {seconds}: pass\n"
    with Sandbox(workers=1, timeout_seconds=0.6) as sandbox:
        assert sandbox.judge(BUSY, CHECK.format(seconds=0.1), "f").passed
        assert sandbox.judge(BUSY, CHECK.format(seconds=0.8), "f").outcome == "timeout"
        check = CHECK.format(seconds=0.4)
        assert sandbox.judge(BUSY, check + "\n" + spin.format(seconds=0.4), "f").outcome == "timeout"
        assert sandbox.judge(spin.format(seconds=0.4) + BUSY, check, "f").outcome == "timeout"


def test_a_sample_that_only_waits_ends_long_before_the_last_moment():
    timeout = 0.5
    with Sandbox(workers=1, timeout_seconds=timeout) as sandbox:
        for program in (
            "import time\ndef f(x):\n    time.sleep(1000)\n",
            "import threading\ndef f(x):\n    threading.Lock().acquire() and threading.Event().wait()\n",
            "import time\ntime.sleep(1000)\ndef f(x):\n    return x\n",
        ):
            verdict = sandbox.judge(program, "f(1)", "f")
            assert verdict.outcome == "timeout"
            assert verdict.seconds < PATIENCE * timeout

import signal
import subprocess
import sys

import jax
import numpy as np
import pytest
from training.tiny_run import make_run, raw_config

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.locate import saved_steps
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.run_files import read_metrics
from codelm_jax.training.interrupt import StopRequest, let_sigterm_interrupt
from codelm_jax.training.loop import train


def logged(workdir, name):
    return [record["step"] for record in read_metrics(workdir / "metrics.jsonl") if name in record]


def assert_same_weights(a, b):
    jax.tree.map(
        np.testing.assert_array_equal, *(load_checkpoint(run, which="latest").params for run in (a, b))
    )


class Look:
    """An evaluation, or a monitor, during which a signal comes the first time."""

    every = 2

    def __init__(self, returns):
        self.returns, self.begun, self.ended = returns, 0, 0

    def __call__(self, params):
        self.begun += 1
        if self.begun == 1:
            signal.raise_signal(signal.SIGTERM)
        self.ended += 1
        return self.returns


FIGURES = {"perplexity": 3.0, "bits_per_byte": 2.0, "smoothed_loss": 5.2, "smoothed_loss_floor": 1.0}


@pytest.mark.parametrize("max_steps", [2, 8])  # the evaluation of the last step, too
def test_a_signal_abandons_the_evaluation_under_way_and_begins_no_other_look(tmp_path, max_steps):
    raw = raw_config(eval_every=2, max_steps=max_steps)
    evaluate, monitor = Look({"nll": 1.0, **FIGURES}), Look(({"m": 1.0}, {}))
    run = tmp_path / "run"
    summary = train(make_run(run, raw, evaluate_held_out=evaluate, monitors=[monitor]))
    assert (summary["step"], summary["stopped_by"], summary["held_out"]) == (2, "SIGTERM", {})
    assert (evaluate.begun, evaluate.ended, monitor.begun) == (1, 0, 0)
    assert saved_steps(run / "checkpoints") == [2]
    assert logged(run, "val/nll") == []
    assert train(make_run(run, raw))["step"] == max_steps
    train(make_run(tmp_path / "straight", raw))
    assert_same_weights(run, tmp_path / "straight")


def test_a_signal_abandons_the_monitor_under_way(tmp_path):
    monitor = Look(({"m": 1.0}, {}))
    summary = train(make_run(tmp_path / "run", raw_config(checkpoint_every=2), monitors=[monitor]))
    assert (summary["step"], summary["stopped_by"], summary["best_step"]) == (2, "SIGTERM", 2)
    assert (monitor.begun, monitor.ended) == (1, 0)
    assert logged(tmp_path / "run", "m") == []


def test_an_error_of_a_look_is_no_stop():
    with StopRequest() as stop, pytest.raises(ZeroDivisionError):
        stop.look(lambda: 1 / 0)
    assert not stop


def test_a_signal_during_the_last_verification_lets_the_run_end_and_is_passed_on(tmp_path, monkeypatch):
    verify = CheckpointStore.verify

    def interrupted(self, step):
        signal.raise_signal(signal.SIGTERM)
        verify(self, step)

    monkeypatch.setattr(CheckpointStore, "verify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(make_run(tmp_path / "run"))
    assert '"stopped_by": null' in (tmp_path / "run" / "summary.json").read_text()


TWICE = """
import signal, sys, time
from codelm_jax.run_files import read_metrics
from codelm_jax.training.interrupt import StopRequest
with StopRequest() as stop:
    signal.raise_signal(signal.SIGTERM)
    time.sleep(float(sys.argv[1]))
    signal.raise_signal(signal.SIGTERM)
    print("saved", stop.name)
"""


@pytest.mark.parametrize(("apart", "status", "said"), [(0, 0, "saved SIGTERM\n"), (1.1, 128 + 15, "")])
def test_a_signal_that_arrives_twice_at_once_is_one_and_a_later_one_ends_the_run(apart, status, said):
    done = subprocess.run([sys.executable, "-c", TWICE, str(apart)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, said)


DROPPED = """
import signal, sys, time
from codelm_jax.run_files import read_metrics
from codelm_jax.training.interrupt import StopRequest, let_sigterm_interrupt

class Dying:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
        print("not reached")

def die():
    Dying()
    # As in a long compilation: the signal that is sent again is seen late.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    time.sleep(float(sys.argv[1]))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    time.sleep(60)

let_sigterm_interrupt()
with StopRequest() as stop:
    print(stop.look(die), stop.name)
try:
    die()
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("seen_after", [0, 1.3])
def test_a_signal_that_falls_into_a_destructor_stops_all_the_same(seen_after):
    command = [sys.executable, "-c", DROPPED, str(seen_after)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout, done.stderr) == (0, "None SIGTERM\ninterrupted\n", "")


def test_what_else_python_drops_goes_where_it_went_before(monkeypatch):
    heard = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: heard.append(dropped.exc_type))
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    class Failing:
        def __del__(self):
            raise ZeroDivisionError

    let_sigterm_interrupt()
    let_sigterm_interrupt()
    Failing()
    assert heard == [ZeroDivisionError]


def test_a_signal_that_arrives_twice_at_once_cuts_no_cleanup_short():
    ended = []

    def look():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            ended.append(True)

    with StopRequest() as stop:
        assert stop.look(look) is None
    assert ended

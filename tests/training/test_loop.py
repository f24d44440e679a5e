import dataclasses
import errno
import os
import shutil
import signal

import jax
import numpy as np
import pytest
from training.test_nonfinite import poison_from
from training.tiny_run import fresh_state, make_config, make_run, raw_config

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.errors import UserError
from codelm_jax.model import transformer as transformer_module
from codelm_jax.run_files import read_metrics, read_object
from codelm_jax.training import loop as loop_module
from codelm_jax.training import stepping
from codelm_jax.training.loop import train
from codelm_jax.training.metrics import MetricsWriter


def weights(workdir):
    return load_checkpoint(workdir, which="latest").params


def assert_same_weights(a, b):
    jax.tree.map(np.testing.assert_array_equal, weights(a), weights(b))


def figures(workdir, name="train/loss"):
    return {
        record["step"]: record[name] for record in read_metrics(workdir / "metrics.jsonl") if name in record
    }


class StopAfter:
    """Sends this process a signal during a given step, as an operator would."""

    def __init__(self, monkeypatch, step, number=signal.SIGTERM):
        self.left, self.number = step, number
        self.original = stepping.put_batch
        monkeypatch.setattr(stepping, "put_batch", self)

    def __call__(self, mesh, windows):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)
        return self.original(mesh, windows)


@pytest.mark.parametrize("stop_at", [3, 4])
def test_straight_steps_equal_some_steps_a_stop_and_the_rest(tmp_path, monkeypatch, stop_at):
    train(make_run(tmp_path / "straight"))
    with monkeypatch.context() as patch:
        StopAfter(patch, stop_at)
        summary = train(make_run(tmp_path / "resumed"))
    assert (summary["step"], summary["stopped_by"]) == (stop_at, "SIGTERM")
    summary = train(make_run(tmp_path / "resumed"))
    assert (summary["step"], summary["stopped_by"]) == (8, None)
    assert_same_weights(tmp_path / "straight", tmp_path / "resumed")
    straight, resumed = figures(tmp_path / "straight"), figures(tmp_path / "resumed")
    assert all(straight[step] == resumed[step] for step in (6, 8))


def test_the_resume_law_fails_when_the_resumed_run_sees_other_batches(tmp_path, monkeypatch):
    train(make_run(tmp_path / "straight"))
    with monkeypatch.context() as patch:
        StopAfter(patch, 4)
        train(make_run(tmp_path / "broken"))
        original = stepping.train_batches
        patch.setattr(stepping, "train_batches", lambda *a, **k: original(*a, **(k | {"start_index": 0})))
        train(make_run(tmp_path / "broken"))
    with pytest.raises(AssertionError):
        assert_same_weights(tmp_path / "straight", tmp_path / "broken")


def test_a_finished_run_started_again_does_nothing(tmp_path):
    train(make_run(tmp_path / "run"))
    before = (tmp_path / "run" / "metrics.jsonl").read_text()
    assert train(make_run(tmp_path / "run"))["step"] == 8
    assert (tmp_path / "run" / "metrics.jsonl").read_text() == before


@pytest.mark.parametrize("before", [None, '{"step": 4, "stopped_by": "SIGTERM"}', '{"step'])
def test_a_finished_run_that_was_killed_before_its_summary_writes_it(tmp_path, before):
    times = {"first_step_seconds", "step_seconds", "eval_seconds", "save_seconds", "tokens_per_second"}
    expected = {key: value for key, value in train(make_run(tmp_path)).items() if key not in times}
    summary = tmp_path / "summary.json"
    summary.unlink()
    if before is not None:
        summary.write_text(before)
    (tmp_path / ".summary.json.tmp").write_text("{")
    train(make_run(tmp_path))
    assert read_object(summary) == expected
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_run_whose_checkpoints_are_gone_says_that_it_begins_again(tmp_path, capsys):
    train(make_run(tmp_path))
    assert "beginning" not in capsys.readouterr().err
    shutil.rmtree(tmp_path / "checkpoints")
    train(make_run(tmp_path))
    assert (
        "metrics.jsonl reaches step 8, but there is no checkpoint: beginning at step 0"
        in capsys.readouterr().err
    )


def test_a_run_leaves_its_config_metrics_summary_and_events(tmp_path):
    summary = train(make_run(tmp_path / "run"))
    workdir = tmp_path / "run"
    assert read_object(workdir / "config.json") == raw_config(keep_steps=[])
    assert read_object(workdir / "summary.json") == summary
    assert sorted(figures(workdir)) == [2, 4, 6, 8]
    assert sorted(figures(workdir, "val/nll")) == [4, 8]
    assert any((workdir / "tensorboard").iterdir())
    assert not list(workdir.rglob("*.tmp"))


def steps_in(workdir):
    return sorted(int(path.name) for path in (workdir / "checkpoints").iterdir() if path.name.isdigit())


@pytest.mark.parametrize(
    ("changes", "saved"),
    [
        ({"checkpoint_every": 2}, [2, 6, 8]),  # the latest two, and step 2 for the lowest nll
        ({"checkpoint_every": 2, "keep_steps": (3,)}, [2, 3, 6, 8]),
        ({"checkpoint_every": 100}, [8]),
        ({"checkpoint_every": 100, "checkpoint_minutes": 1e-9}, [1, 7, 8]),
    ],
)
def test_the_latest_two_the_best_and_the_milestones_are_kept(tmp_path, changes, saved):
    nll = iter(range(100))

    def held_out(params):
        return dict.fromkeys(
            ("nll", "perplexity", "bits_per_byte", "smoothed_loss", "smoothed_loss_floor"), 2.0 + next(nll)
        ) | {"smoothed_loss_floor": 0.0}

    train(make_run(tmp_path / "run", raw_config(**changes), evaluate_held_out=held_out))
    assert steps_in(tmp_path / "run") == saved


@pytest.mark.parametrize(("log_every", "logged"), [(1, [*range(1, 9)]), (3, [3, 6, 8])])
def test_log_every_says_which_steps_are_logged(tmp_path, log_every, logged):
    train(make_run(tmp_path / "run", raw_config(log_every=log_every)))
    assert sorted(figures(tmp_path / "run")) == logged


def test_eval_every_says_when_the_held_out_set_is_scored(tmp_path):
    train(make_run(tmp_path / "run", raw_config(eval_every=3)))
    assert sorted(figures(tmp_path / "run", "val/nll")) == [3, 4, 6, 8]  # 4 and 8 are checkpoints


def test_monitors_see_the_live_parameters_at_their_own_interval(tmp_path):
    class Monitor:
        every = 4

        def __init__(self):
            self.seen = []

        def __call__(self, params):
            self.seen.append(np.asarray(params["head"]["kernel"]).copy())
            return {"monitor/figure": float(len(self.seen))}, {"monitor/text": "x"}

    monitor = Monitor()
    train(make_run(tmp_path / "run", monitors=[monitor]))
    assert figures(tmp_path / "run", "monitor/figure") == {4: 1.0, 8: 2.0}
    np.testing.assert_array_equal(monitor.seen[1], weights(tmp_path / "run")["head"]["kernel"])
    assert not np.array_equal(*monitor.seen)


class FailingMonitor:
    """Looks at step 4, at which a checkpoint and an evaluation are due as well."""

    every = 4

    def __init__(self, error):
        self.error = error

    def __call__(self, params):
        raise self.error


@pytest.mark.parametrize(
    ("look", "error"),
    [("evaluate_held_out", RuntimeError("RESOURCE_EXHAUSTED")), ("monitors", SystemExit(3))],
)
def test_whatever_an_evaluation_or_a_monitor_raises_the_step_is_saved_first_and_the_run_can_go_on(
    tmp_path, look, error
):
    monitor = FailingMonitor(error)
    for step in (4, 8):
        with pytest.raises(type(error)) as raised:
            train(make_run(tmp_path / "run", **{look: [monitor] if look == "monitors" else monitor}))
        assert raised.value is error
        assert f"step {step} is saved" in error.__notes__[-1]
        assert steps_in(tmp_path / "run")[-1] == step
    measured = [digests.metrics is not None for digests in digests_in(tmp_path / "run")]
    assert measured == [look == "monitors"] * 2
    assert train(make_run(tmp_path / "run"))["step"] == 8
    train(make_run(tmp_path / "straight"))
    assert_same_weights(tmp_path / "straight", tmp_path / "run")


def digests_in(workdir):
    return [SavedStep(workdir / "checkpoints" / str(step)).digests for step in steps_in(workdir)]


def test_figures_that_cannot_be_written_cost_no_trained_step(tmp_path, monkeypatch):
    def full(self, step, *figures):
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(MetricsWriter, "write", full)
    for due in ({"log_every": 3}, {"log_every": 100, "eval_every": 3}):
        workdir = tmp_path / str(len(due))
        with pytest.raises(OSError, match="the disk is gone"):
            train(make_run(workdir, raw_config(checkpoint_every=100, **due)))
        assert steps_in(workdir) == [3]
    with pytest.raises(OSError, match="the disk is gone"):
        train(make_run(tmp_path / "stopped", raw_config(log_every=100), stop_after=3))
    assert steps_in(tmp_path / "stopped") == [3]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rate": 5e-3}, "config.learning_rate"),
        ({"model__attention_dropout": 0.2}, "config.model.attention_dropout"),
        ({"batch_size": 4}, "config.batch_size"),
    ],
)
def test_a_run_is_not_resumed_under_other_settings(tmp_path, change, named):
    train(make_run(tmp_path / "run"))
    with pytest.raises(UserError, match=named):
        train(make_run(tmp_path / "run", raw_config(**change)))
    train(make_run(tmp_path / "run", raw_config(log_every=1, keep_steps=(6,))))


def test_going_on_with_other_devices_is_said_aloud(tmp_path, capsys):
    summary = train(make_run(tmp_path / "run", stop_after=4))
    assert (summary["step"], summary["stopped_by"]) == (4, "--stop_after")
    run = make_run(tmp_path / "run")
    train(dataclasses.replace(run, meta=dataclasses.replace(run.meta, device_count=64)))
    shown = capsys.readouterr()
    assert "resumed on 64 x cpu: rounding differs" in shown.out + shown.err


@pytest.mark.parametrize(
    ("key", "name"), [("data_fingerprint", "training data"), ("tokenizer_json", "tokenizer")]
)
def test_a_run_is_not_resumed_on_other_data(tmp_path, key, name):
    train(make_run(tmp_path / "run"))
    run = make_run(tmp_path / "run")
    with pytest.raises(UserError, match=f"config.data.prepared_dir = .*: its {name} is not what the run"):
        train(dataclasses.replace(run, meta=dataclasses.replace(run.meta, **{key: "other"})))


def test_given_weights_are_where_a_new_run_starts(tmp_path):
    config = make_config()
    start = jax.tree.map(lambda x: x + 0.01, fresh_state(config).params)
    raw = raw_config(max_steps=1, learning_rate=1e-30, final_learning_rate=0.0)
    train(make_run(tmp_path / "run", raw, initial_params=start))
    jax.tree.map(np.testing.assert_array_equal, weights(tmp_path / "run"), start)


def test_a_loss_that_stays_non_finite_stops_the_run_and_saves_nothing_of_it(tmp_path, monkeypatch):
    poison_from(0, monkeypatch)
    with pytest.raises(
        UserError, match=r"config.max_nonfinite_steps: the last 4 steps to step 4 .*batches 0 to 3"
    ) as error:
        train(make_run(tmp_path / "run", raw_config(checkpoint_every=100)))
    assert "gradient norms nan)" in str(error.value)
    assert steps_in(tmp_path / "run") == []


def test_parameters_that_are_not_finite_are_never_saved_though_loss_and_gradient_were(tmp_path):
    with pytest.raises(UserError, match=r"config.learning_rate: step 1 left parameters"):
        train(
            make_run(
                tmp_path / "run",
                raw_config(learning_rate=1e38, weight_decay=1e6, warmup_steps=0, checkpoint_every=1),
            )
        )
    assert steps_in(tmp_path / "run") == []


def test_a_run_stopped_before_its_first_step_does_not_claim_to_have_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        loop_module, "check_causality", lambda config, backend, params: signal.raise_signal(signal.SIGTERM)
    )
    summary = train(make_run(tmp_path / "run"))
    assert (summary["step"], summary["stopped_by"]) == (0, "SIGTERM")
    assert steps_in(tmp_path / "run") == []
    assert "saved" not in capsys.readouterr().out


def test_a_damaged_line_of_the_metrics_does_not_keep_a_run_from_going_on(tmp_path):
    train(make_run(tmp_path / "run", stop_after=4))
    with (tmp_path / "run" / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 5, "\xff')
    assert train(make_run(tmp_path / "run"))["step"] == 8


def test_a_run_whose_model_sees_the_future_is_refused_before_its_first_step(tmp_path, monkeypatch):
    def unmasked(q_BTHK, k_BTHK, v_BTHK, **_):
        return jax.nn.dot_product_attention(q_BTHK, k_BTHK, v_BTHK)

    with monkeypatch.context() as patch:
        patch.setattr(transformer_module, "causal_attention", unmasked)
        jax.clear_caches()
        with pytest.raises(UserError, match="leak guard"):
            train(make_run(tmp_path / "run"))
    jax.clear_caches()
    assert steps_in(tmp_path / "run") == []
    assert train(make_run(tmp_path / "run"))["step"] == 8  # the mask is what was missing, nothing else


def test_too_good_to_be_true_is_said_aloud(tmp_path, capsys):
    leaking = dict.fromkeys(("nll", "perplexity"), 0.1) | {
        "bits_per_byte": 0.02,
        "smoothed_loss": 1.25,
        "smoothed_loss_floor": 1.22,
    }
    train(make_run(tmp_path / "run", evaluate_held_out=lambda params: leaking))
    assert "WARNING: held-out bits per byte 0.020" in capsys.readouterr().err

import contextlib
import json
import resource
import struct

import pytest
from tensorboardX.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]
from training.tiny_run import make_run

from codelm_jax.errors import UserError
from codelm_jax.run_files import read_metrics
from codelm_jax.training.loop import train
from codelm_jax.training.metrics import MetricsWriter


@contextlib.contextmanager
def files_limited_to(size):
    """No file of this process may grow beyond `size` bytes: a write fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def events_in(workdir):
    (path,) = (workdir / "tensorboard").iterdir()
    content, at = path.read_bytes(), 0
    while at < len(content):
        (length,) = struct.unpack_from("Q", content, at)
        yield Event.FromString(content[at + 12 : at + 12 + length])
        at += 12 + length + 4


def numbered(steps):
    return "".join(f'{{"step": {step}}}\n' for step in steps)


def steps_of(records):
    return [record["step"] for record in records]


def test_every_point_reaches_tensorboard_and_repeated_steps_are_marked(tmp_path):
    with MetricsWriter(tmp_path, 3) as writer:
        for step in range(4, 30):
            writer.write(step, {"a": 0.5 * step}, {"t": "words"})
    events = list(events_in(tmp_path))
    values = {(e.step, v.tag): v.simple_value for e in events for v in e.summary.value}
    assert [values[step, "a"] for step in range(4, 30)] == [0.5 * step for step in range(4, 30)]
    assert (29, "t/text_summary") in values
    assert events[0].file_version == "brain.Event:2"
    assert [e.step for e in events if e.HasField("session_log")] == [4]


def test_tensorboard_that_has_no_room_is_dropped_with_one_warning_and_the_run_goes_on(tmp_path):
    said = []
    with files_limited_to(100_000), MetricsWriter(tmp_path, 0, said.append) as writer:
        for step in (1, 2, 3):
            writer.write(step, {"a": 1.0}, {"text": "x" * 200_000})
    assert len(said) == 1
    assert "tensorboard: File too large: no more TensorBoard events" in said[0]
    assert steps_of(read_metrics(tmp_path / "metrics.jsonl")) == [1, 2, 3]


def test_tensorboard_whose_last_points_have_no_room_ends_no_run(tmp_path):
    said = []
    with files_limited_to(2000), MetricsWriter(tmp_path, 0, said.append) as writer:
        writer.write(1, {"a": 1.0})
        writer.write(2, {"a": 1.0}, {"text": "x" * 4000})  # lies in a buffer until the end
    assert len(said) == 1


def test_a_run_that_ends_by_an_error_says_nothing_of_its_tensorboard_besides(tmp_path):
    said = []
    writer = MetricsWriter(tmp_path, 0, said.append)
    with files_limited_to(2000):
        writer.write(1, {"a": 1.0})
        writer.write(2, {"a": 1.0}, {"text": "x" * 4000})
        writer.__exit__(UserError, UserError(), None)
    assert said == []


def test_a_tensorboard_directory_that_cannot_be_made_ends_no_run(tmp_path):
    (tmp_path / "tensorboard").write_text("a file is in the way")
    said = []
    with MetricsWriter(tmp_path, 0, said.append) as writer:
        writer.write(1, {"a": 1.0})
    assert len(said) == 1


def test_metrics_that_may_not_grow_stop_the_run_with_one_line(tmp_path):
    workdir = tmp_path / "run"
    run = make_run(workdir)
    (workdir / "metrics.jsonl").write_text(numbered([0]) * 20_000)
    with (
        files_limited_to(100_000),
        pytest.raises(UserError, match="File too large: complete checkpoints") as error,
    ):
        train(run)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "damage", ["", "{", '{"loss": 1.0}', "3", "\x00\x00", '{"step": "x"}', '{"step": 2}{"step": 3}']
)
def test_a_damaged_line_costs_that_line_alone_and_is_named(tmp_path, damage):
    path, said = tmp_path / "metrics.jsonl", []
    path.write_text(numbered([1, 2]) + damage + "\n" + numbered([3, 4]))
    assert steps_of(read_metrics(path, said.append)) == [1, 2, 3, 4]
    assert said == [f"{path}: damaged, and left out: line 3"]


def test_a_run_that_goes_on_says_what_was_damaged_once_and_keeps_the_rest(tmp_path):
    path, said = tmp_path / "metrics.jsonl", []
    path.write_text(numbered([1]) + "x\n" * 5 + numbered([2, 3, 4]))
    for _ in range(2):
        MetricsWriter(tmp_path, 3, said.append).__exit__()
    assert said == [f"{path}: damaged, and left out: line 2, 3, 4 and 2 more"]
    assert steps_of(map(json.loads, path.read_text().splitlines())) == [1, 2, 3]


@pytest.mark.parametrize(("end", "steps"), [('{"step": 3, "lo', [1, 2]), ('{"step": 3}', [1, 2, 3])])
def test_a_last_line_cut_short_is_left_out_and_said_so(tmp_path, end, steps):
    path, said = tmp_path / "metrics.jsonl", []
    path.write_text(numbered([1, 2]) + end)
    assert steps_of(read_metrics(path, said.append)) == steps
    lost = f"{path}: the last line, 3, was cut short, and is left out: its figures are lost"
    assert said == [lost] * (len(steps) == 2)


def test_a_run_that_goes_on_after_the_step_of_a_line_cut_short_says_that_its_figures_are_lost(tmp_path):
    path, said = tmp_path / "metrics.jsonl", []
    with MetricsWriter(tmp_path, 0) as writer:
        for step in (1, 2, 3):
            writer.write(step, {"train/nll": 0.5})
    path.write_bytes(path.read_bytes()[:-20])
    with MetricsWriter(tmp_path, 3, said.append) as writer:
        writer.write(4, {"train/nll": 0.5})
    assert steps_of(read_metrics(path)) == [1, 2, 4]
    assert said == [f"{path}: the last line, 3, was cut short, and is left out: its figures are lost"]

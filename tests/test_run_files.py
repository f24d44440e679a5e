"""No changed byte in a file of a run changes a figure or a statement in silence."""

import json
import random

import pytest

from codelm_jax.errors import UserError
from codelm_jax.evals.results import ResultFiles
from codelm_jax.report.runs import load_runs
from codelm_jax.run_files import metrics_line, read_object, write_object

CONFIG = {"seed": 0, "model": {"hidden_dim": 64, "init": "normal"}, "max_steps": 40, "keep_steps": []}
SUMMARY = {"step": 40, "stopped_by": None, "held_out": {"nll": 5.25}, "decontaminated": ["HumanEval.jsonl"]}
RESULT = {"suite": "few_shot", "settings": {"seed": 0}, "figures": {"collapsed": 0.36842105, "n": 19}}
SETTINGS = {"seed": 0, "model": "m"}
PARTS = {"a": {"nll": 1.5, "by": {"x": [1, 2]}}, "b": {"nll": 2.5}}


@pytest.fixture
def run(tmp_path):
    write_object(tmp_path / "config.json", CONFIG)
    write_object(tmp_path / "summary.json", SUMMARY)
    lines = [metrics_line({"step": step, "train/nll": 9.5 - step, "time": 1.25}) for step in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    ResultFiles(tmp_path / "evals" / "step_40").write("few_shot", RESULT)
    return tmp_path


def read(run):
    (loaded,) = load_runs([run])
    results = {suite: [(e.step, e.content) for e in found] for suite, found in loaded.results.items()}
    return loaded.config, loaded.summary, results, loaded.metrics


def each_byte(path, rng):
    """Writes `path` again with one byte changed, once for each byte; at last as it was."""
    whole = path.read_bytes()
    for place, byte in enumerate(whole):
        path.write_bytes(
            whole[:place] + bytes([rng.choice([b for b in range(256) if b != byte])]) + whole[place + 1 :]
        )
        yield place
    path.write_bytes(whole)


def known(value, like):
    """`value` without the keys that `like` has not: where the name of a digest is hit, it is one more key."""
    if isinstance(like, dict):
        return {key: value[key] for key in like}
    return (
        [known(entry, one) for entry, one in zip(value, like, strict=True)]
        if isinstance(like, list)
        else value
    )


def test_no_changed_byte_in_a_file_of_a_run_changes_what_is_read_of_it_in_silence(run, capsys):
    rng, refused, warned = random.Random(0), 0, 0
    config, summary, results, metrics = whole = read(run)
    assert (config, summary, results["few_shot"]) == (CONFIG, SUMMARY, [(40, RESULT)])
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        for place in each_byte(path, rng):
            try:
                found = read(run)
            except UserError as error:
                refused += str(path) in str(error)
                continue
            if f"WARNING: {path}" in capsys.readouterr().err:
                warned += 1
                continue
            assert known(found[0], config) == config, (path, place)
            assert known(found[1], summary) == summary, (path, place)
            assert known(found[2]["few_shot"][0][1], RESULT) == RESULT, (path, place)
            assert known(found[3], metrics) == metrics, (path, place)
    assert read(run) == whole
    assert refused > 500
    assert warned > 300


def test_no_changed_byte_in_finished_parts_of_a_suite_changes_one_of_them(tmp_path):
    files, rng = ResultFiles(tmp_path), random.Random(1)
    with files.partial("s", SETTINGS) as partial:
        for name, record in PARTS.items():
            partial.add(name, record)
    (path,) = tmp_path.iterdir()
    for place in each_byte(path, rng):
        before = path.read_bytes()
        with files.partial("s", SETTINGS) as partial:
            done = dict(partial.done)
        assert done.items() <= PARTS.items(), place  # what is left out is computed again
        assert len(done) < 2 or path.read_bytes() == before
    with files.partial("s", SETTINGS) as partial:
        assert partial.done == PARTS


def test_files_of_the_first_version_have_no_digest_and_are_read_as_they_are(run):
    (run / "config.json").write_text(json.dumps(CONFIG))
    (run / "metrics.jsonl").write_text('{"step": 1, "train/nll": 2.0}\n')
    config, _, _, metrics = read(run)
    assert (config, metrics) == (CONFIG, [{"step": 1, "train/nll": 2.0}])
    partial = ResultFiles(run).partial("s", SETTINGS)
    with partial:
        partial.add("a", 1)
        path = partial._path
    path.write_text(json.dumps(SETTINGS) + '\n["a", {"nll": 1.0}]\n')
    with ResultFiles(run).partial("s", SETTINGS) as partial:
        assert partial.done == {"a": {"nll": 1.0}}


def test_an_object_comes_back_as_json_has_it(tmp_path):
    path = tmp_path / "x.json"
    write_object(path, {"ids": {10: (1, 2), 9: None}, "nan": float("inf")})
    assert read_object(path) == {"ids": {"10": [1, 2], "9": None}, "nan": float("inf")}
    for damage in ("[" * 100_000, "[]", '{"a": 1, "sha256": null}'):
        path.write_text(damage)
        with pytest.raises(UserError, match=r"x\.json: .*; mend it"):
            read_object(path, "mend it")

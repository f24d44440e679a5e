"""The command, on a checkpoint made here."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from evaluated_run import FUNCTION, STEP, TEMPLATES, params_of, parsed, prepare_data, raw_config, save_run

from codelm_jax import config_files
from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.settings import Files, choose_settings
from codelm_jax.evals.suites import Evaluation
from codelm_jax.evaluation_inputs import evaluated
from codelm_jax.model.transformer import Transformer
from codelm_jax.training import config as train_config

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def standard_dtype_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("evaluated")
    raw = raw_config(directory)
    (directory / "templates.toml").write_text(TEMPLATES)
    return save_run(directory, raw, prepare_data(directory, raw), params_of(parsed(raw)))


@pytest.fixture(scope="module")
def model(run):
    with jax.numpy_dtype_promotion("standard"):
        return evaluated.model(load_checkpoint(run))


def evaluate(run, model, out, suite, *, seed=0, max_tokens=None, **sampling):
    corpus, _ = evaluated.find_corpus(load_checkpoint(run), model, None, max_tokens)
    files = Files(templates=run.parent / "templates.toml")
    settings = choose_settings([suite], seed=seed, sampling=sampling, files=files)
    return Evaluation(
        model, corpus, settings, ResultFiles(out), lambda jobs: [], lambda suite, done, total: None
    ).run(suite)


def command(run, *arguments, cwd=ROOT):
    script = str(ROOT / "scripts" / "evaluate.py")
    return subprocess.run(
        [sys.executable, script, f"--checkpoint={run}", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "120"},
        check=False,
    )


def by_hand(run):
    """From a window to its log-probabilities: the model once more, in NumPy from its logits on."""
    loaded = load_checkpoint(run)
    transformer = Transformer(parsed(loaded.meta.config).model)
    forward = jax.jit(lambda ids_BT: transformer.apply({"params": loaded.params}, ids_BT, deterministic=True))

    def log_probs(ids):
        logits = np.asarray(forward(ids[None, :-1])[0], np.float64)
        return logits - np.log(np.exp(logits).sum(-1, keepdims=True))

    return log_probs


@pytest.mark.parametrize("max_tokens", [None, 150])
def test_heldout_equals_a_plain_computation(run, model, tmp_path, max_tokens):
    found = evaluate(run, model, tmp_path, "heldout", max_tokens=max_tokens)["sets"]["val"]
    prepared = load_prepared(run.parent / "prepared")
    ids = np.asarray(prepared.val.ids).astype(np.int32)
    ids = ids if max_tokens is None else ids[: max_tokens + 1]
    log_probs_of, nll, smoothed = by_hand(run), [], []
    for start in range(0, len(ids) - 1, 128):
        window = ids[start : start + 129]
        log_probs = log_probs_of(window)
        nll.append(-log_probs[np.arange(len(window) - 1), window[1:]])
        smoothed.append(0.9 * nll[-1] - 0.1 * log_probs.mean(-1))
    nll, smoothed = np.concatenate(nll), np.concatenate(smoothed)
    text_bytes = len(prepared.tokenizer.decode(ids).encode())
    assert found["tokens"] == len(nll) == len(ids) - 1
    assert found["bytes"] == found["compressors"]["bytes"] == text_bytes
    assert found["nll"] == pytest.approx(nll.mean(), rel=1e-5)
    assert found["smoothed_loss"] == pytest.approx(smoothed.mean(), rel=1e-5)
    assert found["bits_per_byte"] == pytest.approx(nll.sum() / np.log(2) / text_bytes, rel=1e-5)


def test_confidence_equals_a_plain_computation(run, model, tmp_path):
    found = evaluate(run, model, tmp_path, "confidence", max_tokens=100)["all"]
    ids = np.asarray(load_prepared(run.parent / "prepared").val.ids[:101]).astype(np.int32)
    log_probs = by_hand(run)(ids)
    assert found["positions"] == 100
    assert found["top1_prob"] == pytest.approx(np.exp(log_probs.max(-1)).mean(), rel=1e-5)
    assert found["entropy"] == pytest.approx(-(np.exp(log_probs) * log_probs).sum(-1).mean(), rel=1e-4)
    assert found["accuracy"] == pytest.approx((log_probs.argmax(-1) == ids[1:]).mean())


def test_samples_are_those_of_the_seed(run, model, tmp_path):
    results = [
        evaluate(run, model, tmp_path / str(i), "short_prompt", seed=seed, n=4, max_new_tokens=8)
        for i, seed in enumerate((1, 1, 2))
    ]
    texts = [[sample["token_ids"] for sample in result["samples"]] for result in results]
    assert texts[0] == texts[1] != texts[2]


def test_an_interrupted_evaluation_goes_on_to_the_same_file(run, model, tmp_path, monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.suites._SAMPLES_AT_ONCE", 4)
    options = {"n": 4, "max_new_tokens": 8}
    evaluate(run, model, tmp_path / "whole", "short_prompt", **options)
    calls = []

    def once(prompts, n, **sampling):
        calls.append(prompts)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return model.generate(prompts, n, **sampling)

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            run, dataclasses.replace(model, generate=once), tmp_path / "parts", "short_prompt", **options
        )
    assert not (tmp_path / "parts" / "short_prompt.json").exists()
    evaluate(run, model, tmp_path / "parts", "short_prompt", **options)
    whole, parts = (tmp_path / name / "short_prompt.json" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_prompts_do_not_share_their_luck(model):
    rows = model.generate(
        ["x", "x "], 40, temperature=50.0, top_k=0, top_p=1.0, max_new_tokens=4, stop=(), seed=0
    )
    firsts = [[completion.token_ids[-1] for completion in row if completion.token_ids] for row in rows]
    assert sum(a == b for a, b in zip(*firsts, strict=False)) < 10


def test_the_command_writes_results_beside_the_run_and_says_what_it_skipped(run, tmp_path):
    arguments = (
        "--suite=few_shot,context,memorisation,short_prompt",
        "--n=2",
        "--max_new_tokens=8",
        f"--templates={run.parent / 'templates.toml'}",
        f"--data={run.parent / 'prepared'}",
    )
    done = command(run, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = sorted(path.name for path in (run / "evals" / f"step_{STEP}").iterdir())
    assert written == ["context.json", "few_shot.json", "memorisation.json", "short_prompt.json"]
    result = json.loads((run / "evals" / f"step_{STEP}" / "few_shot.json").read_text())
    assert result["settings"]["step"] == STEP
    assert result["sampling"]["samples_per_prompt"] == 2
    assert len(result["samples"]) == 4
    assert all(len(sample["tokens"]) == len(sample["logprobs"]) for sample in result["samples"])
    assert "NOT decontaminated" in done.stdout
    assert "collapsed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--suite=few_shots"], "--suite=few_shots"),
        (["--n=0"], "n=0"),
        (["suite=all"], "did you mean --suite=all?"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, arguments, named):
    done = command(run, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_data_is_found_by_itself_where_it_is_what_the_model_was_trained_on(run, model):
    loaded = load_checkpoint(run)
    corpus, note = evaluated.find_corpus(loaded, model, None, None)
    assert corpus is not None
    assert corpus.train_files[0] == "document 0"
    other = _with_meta(loaded, data_fingerprint="another")
    assert evaluated.find_corpus(other, model, None, None)[0] is None
    asked, note = evaluated.find_corpus(other, model, str(run.parent / "prepared"), None)
    assert asked is not None
    assert "NOT what it was trained on" in note
    gone = _with_meta(loaded, config={**loaded.meta.config, "data": {"prepared_dir": "gone"}})
    assert evaluated.find_corpus(gone, model, None, None) == (
        None, "its prepared data is not here",
    )  # fmt: skip


def test_data_in_another_tokenizer_is_refused(run, model):
    loaded = load_checkpoint(run)
    foreign = _with_meta(loaded, tokenizer_json="{}", data_fingerprint="x")
    with pytest.raises(UserError, match="another tokenizer"):
        evaluated.find_corpus(foreign, model, str(run.parent / "prepared"), None)


def test_a_checkpoint_says_against_what_its_corpus_was_decontaminated(run):
    loaded = load_checkpoint(run)
    clean = _with_meta(loaded, decontaminated=("x/HumanEval.jsonl.gz",))
    assert "NOT" in evaluated.decontamination(loaded)
    assert evaluated.decontamination(clean) == ("its corpus was decontaminated against HumanEval.jsonl.gz")
    # Whatever its own corpus was cleaned of, the weights it began from had seen the problems.
    config = loaded.meta.config
    own = {**config, "data": {**config["data"], "decontaminate": ["x/HumanEval.jsonl.gz"]}}
    assert "NOT" in evaluated.decontamination(_with_meta(loaded, config=own, decontaminated=()))


# The command, but its sandbox breaks down once it stands.
BROKEN_SANDBOX = """
import sys
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError
def fail(self):
    raise SandboxError("sandbox: the fork server is gone")
Sandbox.__enter__ = fail
from codelm_jax.commands.evaluate import run
run()
"""


def test_a_sandbox_that_breaks_down_is_one_line_and_status_2(run, tmp_path):
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(json.dumps({"id": "a", "prompt": "def f():\n", "tests": ["assert f() == 1"]}))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            BROKEN_SANDBOX,
            f"--checkpoint={run}",
            "--suite=mini_benchmark",
            f"--tasks={tasks}",
            "--n=1",
            "--max_new_tokens=4",
            f"--out={tmp_path / 'out'}",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr == "error: sandbox: the fork server is gone; the same command goes on from here\n"


def test_results_go_beside_the_checkpoints_however_the_run_is_named(run, tmp_path):
    for given in (run, run / "checkpoints", run / "checkpoints" / str(STEP)):
        assert evaluated.results_directory(str(given), STEP, None) == run / "evals" / f"step_{STEP}"
    assert evaluated.results_directory(str(run), STEP, "here") == Path("here")


def test_settings_come_from_the_checkpoint_and_never_from_a_config_file(run, monkeypatch):
    def read(*arguments):
        raise AssertionError("a config file was read")

    monkeypatch.setattr(config_files, "load_config", read)
    loaded = load_checkpoint(run)
    bare = {"model": loaded.meta.model}
    model = evaluated.model(_with_meta(loaded, config=bare))
    assert (model.context_length, model.label_smoothing) == (128, 0.1)
    smooth = {**loaded.meta.config, "label_smoothing": 0.3}
    assert evaluated.model(_with_meta(loaded, config=smooth)).label_smoothing == 0.3


def test_results_are_known_by_every_setting_that_changes_a_figure(run, model, monkeypatch):
    loaded = load_checkpoint(run)
    # The same config in words, with another default behind a key that it leaves out.
    bare = _with_meta(loaded, config={"model": loaded.meta.model})
    identities = [model.identity, evaluated.model(bare).identity]
    monkeypatch.setitem(train_config._UNSAID, "label_smoothing", 0.2)
    identities.append(evaluated.model(bare).identity)
    monkeypatch.setitem(train_config._UNSAID, "compute_dtype", "bfloat16")
    identities.append(evaluated.model(bare).identity)
    tokenizer = json.loads(loaded.meta.tokenizer_json)
    tokenizer["model"]["merges"].pop()
    other = _with_meta(loaded, tokenizer_json=json.dumps(tokenizer))
    identities.append(evaluated.model(other).identity)
    assert len({json.dumps(identity, sort_keys=True) for identity in identities}) == len(identities)


def _with_meta(loaded, **changes):
    return dataclasses.replace(loaded, meta=dataclasses.replace(loaded.meta, **changes))


def test_the_toy_s_text_is_code():
    compile(FUNCTION.format(7), "function", "exec")

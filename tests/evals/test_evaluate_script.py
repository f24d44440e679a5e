"""The command, on a checkpoint made here."""

import dataclasses
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evaluated_run import FUNCTION, STEP, parsed

from codelm_jax import config_files
from codelm_jax.errors import UserError
from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.registry import choose, find
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.evaluation_inputs.corpus import find_data
from codelm_jax.evaluation_inputs.model import decontamination, evaluated_model
from codelm_jax.evaluation_inputs.results import results_directory
from codelm_jax.model.transformer import Transformer
from codelm_jax.ops.backend import Backend
from codelm_jax.training import config as train_config

ROOT = Path(__file__).parents[2]
LENGTH = 128


@pytest.fixture(autouse=True)
def standard_dtype_promotion():
    with jax.numpy_dtype_promotion("standard"):
        yield


@pytest.fixture
def evaluate(run, loaded, model):
    def evaluate(out, suite, *, model=model, seed=0, max_tokens=None, **sampling):
        data, _ = find_data(loaded, model, None, max_tokens)
        choices = choose([], seed=seed, sampling=sampling, templates=str(run.parent / "templates.toml"))
        runner = SuiteRunner(model, data, choices, ResultFiles(out), lambda jobs: [], lambda *done: None)
        return runner.run(find(suite))

    return evaluate


@pytest.fixture(scope="module")
def log_probs_of(loaded):
    """From a window to its log-probabilities: the model once more, in NumPy from its logits on."""
    transformer = Transformer(parsed(loaded.meta.config).model, Backend())
    forward = jax.jit(lambda ids_BT: transformer.apply({"params": loaded.params}, ids_BT, deterministic=True))

    def log_probs(ids):
        inputs = np.zeros((1, LENGTH), np.int32)
        inputs[0, : len(ids) - 1] = ids[:-1]
        logits = np.asarray(forward(jnp.asarray(inputs))[0, : len(ids) - 1], np.float64)
        return logits - np.log(np.exp(logits).sum(-1, keepdims=True))

    return log_probs


@pytest.mark.parametrize("max_tokens", [None, 150])
def test_heldout_equals_a_plain_computation(evaluate, prepared, log_probs_of, tmp_path, max_tokens):
    found = evaluate(tmp_path, "heldout", max_tokens=max_tokens).sets["val"]
    ids = np.asarray(prepared.val.ids).astype(np.int32)
    ids = ids if max_tokens is None else ids[: max_tokens + 1]
    nll, smoothed = [], []
    for start in range(0, len(ids) - 1, LENGTH):
        window = ids[start : start + LENGTH + 1]
        log_probs = log_probs_of(window)
        nll.append(-log_probs[np.arange(len(window) - 1), window[1:]])
        smoothed.append(0.9 * nll[-1] - 0.1 * log_probs.mean(-1))
    nll, smoothed = np.concatenate(nll), np.concatenate(smoothed)
    text_bytes = len(prepared.tokenizer.decode(ids).encode())
    assert found.tokens == len(nll) == len(ids) - 1
    assert found.bytes == found.compressors.bytes == text_bytes
    assert found.nll == pytest.approx(nll.mean(), rel=1e-5)
    assert found.smoothed_loss == pytest.approx(smoothed.mean(), rel=1e-5)
    assert found.bits_per_byte == pytest.approx(nll.sum() / np.log(2) / text_bytes, rel=1e-5)


def test_confidence_equals_a_plain_computation(evaluate, prepared, log_probs_of, tmp_path):
    found = evaluate(tmp_path, "confidence", max_tokens=100).all
    ids = np.asarray(prepared.val.ids[:101]).astype(np.int32)
    log_probs = log_probs_of(ids)
    assert found.positions == 100
    assert found.top1_prob == pytest.approx(np.exp(log_probs.max(-1)).mean(), rel=1e-5)
    assert found.entropy == pytest.approx(-(np.exp(log_probs) * log_probs).sum(-1).mean(), rel=1e-4)
    assert found.accuracy == pytest.approx((log_probs.argmax(-1) == ids[1:]).mean())


def test_samples_are_those_of_the_seed(evaluate, tmp_path):
    results = [
        evaluate(tmp_path / str(i), "short_prompt", seed=seed, n=4, max_new_tokens=8)
        for i, seed in enumerate((1, 1, 2))
    ]
    texts = [[sample.token_ids for sample in result.samples] for result in results]
    assert texts[0] == texts[1] != texts[2]


def test_an_interrupted_evaluation_continues_to_the_same_file(evaluate, model, tmp_path, monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.resumable._SAMPLES_AT_ONCE", 8)
    options = {"n": 8, "max_new_tokens": 8}
    evaluate(tmp_path / "whole", "short_prompt", **options)
    calls = []

    def once(prompts, sampling):
        calls.append(prompts)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return model.generate(prompts, sampling)

    with pytest.raises(KeyboardInterrupt):
        evaluate(
            tmp_path / "parts", "short_prompt", model=dataclasses.replace(model, generate=once), **options
        )
    assert not (tmp_path / "parts" / "short_prompt.json").exists()
    evaluate(tmp_path / "parts", "short_prompt", **options)
    whole, parts = (tmp_path / name / "short_prompt.json" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()


def test_prompts_do_not_share_their_random_numbers(model):
    hot = Sampling(n=4, temperature=50.0, top_k=0, top_p=1.0, max_new_tokens=8)
    rows = model.generate(["x", "x "], hot)
    # With the same random numbers almost all tokens after the healed first ones would be the same.
    texts = [[sampled.token_ids[-6:] for sampled in row] for row in rows]
    assert sum(a == b for a, b in zip(*(sum(row, ()) for row in texts), strict=False)) < 8


def test_the_command_writes_results_into_the_run_and_shows_them(run, invocations):
    done = invocations["evaluated"]
    assert (done.status, done.errors) == (0, "")
    directory = run / "evals" / f"step_{STEP}"
    written = sorted(path.stem for path in directory.iterdir())
    assert written == ["context", "few_shot", "memorisation", "short_prompt", "toy"]
    result = json.loads((directory / "few_shot.json").read_text())
    assert result["settings"]["step"] == STEP
    assert result["sampling"]["samples_per_prompt"] == 2
    assert len(result["samples"]) == 4
    assert all(len(sample["tokens"]) == len(sample["logprobs"]) for sample in result["samples"])
    assert "NOT decontaminated" in done.output
    assert "collapsed" in done.output


def test_a_mistake_is_one_line_and_status_2(invocations):
    for mistake, named in {
        "unknown suite": "--suite=few_shots",
        "no samples": "n=0",
        "no dashes": "did you mean --suite=all?",
    }.items():
        done = invocations[mistake]
        assert (done.status, done.output) == (2, "")
        assert named in done.errors
        assert len(done.errors.splitlines()) == 1


def test_data_is_found_by_default_if_the_model_was_trained_on_it(run, loaded, model):
    data, note = find_data(loaded, model, None, None)
    assert data is not None
    assert data.train_files[0] == "document 0"
    other = _with_meta(loaded, data_fingerprint="another")
    assert find_data(other, model, None, None)[0] is None
    asked, note = find_data(other, model, str(run.parent / "prepared"), None)
    assert asked is not None
    assert "NOT what it was trained on" in note
    gone = _with_meta(loaded, config={**loaded.meta.config, "data": {"prepared_dir": "gone"}})
    assert find_data(gone, model, None, None) == (
        None, "its prepared data is not here",
    )  # fmt: skip


def test_data_in_another_tokenizer_is_refused(run, loaded, model):
    foreign = _with_meta(loaded, tokenizer_json="{}", data_fingerprint="x")
    with pytest.raises(UserError, match="another tokenizer"):
        find_data(foreign, model, str(run.parent / "prepared"), None)


def test_a_checkpoint_says_against_what_its_corpus_was_decontaminated(loaded):
    clean = _with_meta(loaded, decontaminated=("x/HumanEval.jsonl.gz",))
    assert "NOT" in decontamination(loaded)
    assert decontamination(clean) == ("its corpus was decontaminated against HumanEval.jsonl.gz")
    # The weights that it began from had seen the problems, even if its own corpus lacks them.
    config = loaded.meta.config
    own = {**config, "data": {**config["data"], "decontaminate": ["x/HumanEval.jsonl.gz"]}}
    assert "NOT" in decontamination(_with_meta(loaded, config=own, decontaminated=()))


def test_a_sandbox_that_breaks_down_is_one_line_and_status_2(invocations):
    done = invocations["broken sandbox"]
    assert done.status == 2
    assert done.errors == "error: sandbox: the fork server is gone; the same command continues from here\n"


def test_results_go_into_the_run_however_it_is_named(run, tmp_path):
    for given in (run, run / "checkpoints", run / "checkpoints" / str(STEP)):
        assert results_directory(str(given), STEP, None) == run / "evals" / f"step_{STEP}"
    assert results_directory(str(run), STEP, "here") == Path("here")


def test_settings_come_from_the_checkpoint_and_never_from_a_config_file(loaded, monkeypatch):
    def read(*arguments):
        raise AssertionError("a config file was read")

    monkeypatch.setattr(config_files, "load_config", read)
    bare = {"model": loaded.meta.model}
    model = evaluated_model(_with_meta(loaded, config=bare))
    assert (model.context_length, model.label_smoothing) == (128, 0.1)
    smooth = {**loaded.meta.config, "label_smoothing": 0.3}
    assert evaluated_model(_with_meta(loaded, config=smooth)).label_smoothing == 0.3


def test_results_are_known_by_every_setting_that_changes_a_figure(loaded, model, monkeypatch):
    # The same config in words, with another default behind a key that it leaves out.
    bare = _with_meta(loaded, config={"model": loaded.meta.model})
    identities = [model.identity, evaluated_model(bare).identity]
    monkeypatch.setitem(train_config._UNSAID, "label_smoothing", 0.2)
    identities.append(evaluated_model(bare).identity)
    monkeypatch.setitem(train_config._UNSAID, "compute_dtype", "bfloat16")
    identities.append(evaluated_model(bare).identity)
    tokenizer = json.loads(loaded.meta.tokenizer_json)
    tokenizer["model"]["merges"].pop()
    other = _with_meta(loaded, tokenizer_json=json.dumps(tokenizer))
    identities.append(evaluated_model(other).identity)
    assert len({json.dumps(identity, sort_keys=True) for identity in identities}) == len(identities)


def _with_meta(loaded, **changes):
    return dataclasses.replace(loaded, meta=dataclasses.replace(loaded.meta, **changes))


def test_the_toy_s_text_is_code():
    compile(FUNCTION.format(7), "function", "exec")

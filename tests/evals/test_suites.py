import dataclasses
import json
import math

import numpy as np
import pytest
from eval_toys import ENDOFTEXT, ByteCodec, Parrot

from codelm_jax.errors import UserError
from codelm_jax.evals import settings as settings_module
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.settings import SUITES, Files, choose_settings
from codelm_jax.evals.suites import Corpus, Evaluation, HeldOut, Model, Skipped
from codelm_jax.evals.table import table
from codelm_jax.run_files import read_object
from codelm_jax.sandbox.verdict import Verdict

CODEC = ByteCodec([b"):"])
SANE = ("\n    return value\n", "\n    pass\n", "\n    result = 1\n    return result\n")


def uniform(windows):
    nll = np.full(windows[:, 1:].shape, math.log(CODEC.vocab_size))
    return {"nll": nll, "smoothed_loss": nll}


def believes(windows):
    shape = windows[:, 1:].shape
    return {"top1_prob": np.full(shape, 0.5), "entropy": np.ones(shape), "top1_correct": np.ones(shape, bool)}


def make_model(generate=None, **changes) -> Model:
    model = Model(
        generate=generate or Parrot(CODEC, {"": SANE}),
        score=uniform,
        statistics=believes,
        next_token=lambda text: np.full(CODEC.vocab_size, 1 / CODEC.vocab_size),
        codec=CODEC,
        byte_lengths=CODEC.byte_lengths(),
        context_length=2000,
        label_smoothing=0.1,
        band={},
        identity={"weights": "a"},
    )
    return dataclasses.replace(model, **changes)


def make_corpus() -> Corpus:
    text = "def value_of(thing):\n    return thing.value\n" * 60
    ids = np.array([ENDOFTEXT, *CODEC.encode(text)], np.uint16)
    windows = ids[: 8 * 65][None].repeat(1, 0).reshape(8, 65)
    held_out = HeldOut(lambda: [(windows, np.ones((8, 64), bool))], 1, [CODEC.encode(text)])
    return Corpus({"val": held_out}, ids, ENDOFTEXT, ["a.py"], {"data": "d"})


def evaluation(
    directory, *, model=None, corpus=None, suites=("all",), judge_all=None, report=None, **options
):
    settings = choose_settings(suites, seed=options.pop("seed", 0), sampling={"n": 3, **options})
    report = report or (lambda *done: None)
    return Evaluation(
        model or make_model(),
        corpus,
        settings,
        ResultFiles(directory),
        judge_all or (lambda jobs: []),
        report,
    )


class Interrupted(Exception):
    pass


class Unsteady(Parrot):
    """Is interrupted in its n-th call."""

    def __init__(self, calls: int):
        super().__init__(CODEC, {"": SANE})
        self.left = calls

    def __call__(self, prompts, n, **sampling):
        self.left -= 1
        if self.left < 0:
            raise Interrupted
        return super().__call__(prompts, n, **sampling)


@pytest.fixture
def one_prompt_at_once(monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.suites._SAMPLES_AT_ONCE", 3)


@pytest.mark.usefixtures("one_prompt_at_once")
def test_an_interrupted_suite_goes_on_and_gives_the_same_file(tmp_path):
    evaluation(tmp_path / "whole").run("few_shot")
    with pytest.raises(Interrupted):
        evaluation(tmp_path / "parts", model=make_model(Unsteady(4))).run("few_shot")
    rest = Parrot(CODEC, {"": SANE})
    evaluation(tmp_path / "parts", model=make_model(rest)).run("few_shot")
    assert len(rest.calls) == 11 - 4
    whole, parts = (sorted((tmp_path / name).iterdir()) for name in ("whole", "parts"))
    assert [path.name for path in whole] == [path.name for path in parts] == ["few_shot.json"]
    assert whole[0].read_bytes() == parts[0].read_bytes()


@pytest.mark.usefixtures("one_prompt_at_once")
@pytest.mark.parametrize("change", [{"seed": 1}, {"temperature": 0.1}, {"model": {"weights": "b"}}])
def test_parts_made_with_other_settings_are_not_mixed_in(tmp_path, change):
    identity = change.pop("model", {"weights": "a"})
    with pytest.raises(Interrupted):
        evaluation(tmp_path, model=make_model(Unsteady(4))).run("few_shot")
    other = Parrot(CODEC, {"": SANE})
    evaluation(tmp_path, model=make_model(other, identity=identity), **change).run("few_shot")
    assert len(other.calls) == 11


@pytest.mark.usefixtures("one_prompt_at_once")
def test_a_part_that_a_kill_cut_short_is_made_again(tmp_path):
    with pytest.raises(Interrupted):
        evaluation(tmp_path, model=make_model(Unsteady(4))).run("few_shot")
    (partial,) = tmp_path.iterdir()
    partial.write_bytes(partial.read_bytes()[:-10])
    rest = Parrot(CODEC, {"": SANE})
    evaluation(tmp_path, model=make_model(rest)).run("few_shot")
    assert len(rest.calls) == 11 - 3


def test_a_result_with_the_same_settings_is_read_and_with_others_kept_aside(tmp_path):
    first = evaluation(tmp_path).run("short_prompt")
    silent = make_model(Unsteady(0))
    assert evaluation(tmp_path, model=silent).run("short_prompt") == json.loads(json.dumps(first))
    second = evaluation(tmp_path, seed=1).run("short_prompt")
    assert json.loads((tmp_path / "short_prompt.json").read_text())["seed"] == second["seed"] == 1
    assert evaluation(tmp_path, model=silent).run("short_prompt")["seed"] == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_the_corpus_of_a_result_is_part_of_its_settings(tmp_path):
    corpus = make_corpus()
    evaluation(tmp_path, corpus=corpus).run("heldout")
    assert len(list(tmp_path.iterdir())) == 1
    evaluation(tmp_path, corpus=dataclasses.replace(corpus, identity={"data": "other"})).run("heldout")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("suite", ["heldout", "token_frequency", "confidence", "memorisation"])
def test_without_data_what_needs_it_is_skipped_and_leaves_nothing(tmp_path, suite):
    with pytest.raises(Skipped, match="needs --data"):
        evaluation(tmp_path).run(suite)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suite", "length"), [("few_shot", 300), ("short_prompt", 60), ("context", 5)])
def test_what_a_short_context_has_no_room_for_is_skipped(tmp_path, suite, length):
    with pytest.raises(Skipped, match=f"context.*{length}|{length}.*context"):
        evaluation(tmp_path, model=make_model(context_length=length)).run(suite)
    assert list(tmp_path.iterdir()) == []


def test_context_stops_where_the_examples_fill_it(tmp_path):
    whole = evaluation(tmp_path / "whole").run("context")["rows"]
    length = 1 + whole[2]["tokens"]
    short = evaluation(tmp_path / "short", model=make_model(context_length=length)).run("context")["rows"]
    assert short == whole[:3]


def test_every_suite_but_tasks_runs_writes_its_file_and_draws_its_table(tmp_path):
    steps = []
    run = evaluation(
        tmp_path, corpus=make_corpus(), report=lambda suite, done, total: steps.append((suite, done, total))
    )
    for suite in SUITES:
        result = run.run(suite)
        table(result)
        assert result["suite"] == suite
        assert read_object(tmp_path / f"{suite}.json") == json.loads(json.dumps(result))
    assert {"heldout: val", "confidence", "few_shot", "token_frequency"} <= {suite for suite, *_ in steps}
    assert {(suite, total) for suite, done, total in steps if done == total} == {
        (suite, total) for suite, _, total in steps
    }


def test_held_out_figures_stand_beside_compressors_on_the_same_bytes(tmp_path):
    corpus = make_corpus()
    found = evaluation(tmp_path, corpus=corpus).run("heldout")["sets"]["val"]
    assert found["nll"] == pytest.approx(math.log(CODEC.vocab_size))
    document = CODEC.decode(corpus.held_out["val"].documents[0]).encode()
    assert found["compressors"]["bytes"] == len(document)


def test_memorisation_looks_for_the_few_shot_samples_and_for_held_out_code(tmp_path):
    model = make_model(Parrot(CODEC, {"": ("\n    return thing.value\n", "zqzqzqzq")}))
    result = evaluation(tmp_path, model=model, corpus=make_corpus()).run("memorisation")
    samples = json.loads((tmp_path / "few_shot.json").read_text())["samples"]
    assert [found["tokens"] for found in result["samples"]] == [len(s["token_ids"]) for s in samples]
    assert {found["run"] for found in result["samples"]} == {len("\n    return thing.value\n"), 0}
    # The toy's held-out text is its training text.
    assert result["held_out"]["whole_samples"] == result["held_out"]["n"] > 0


def test_an_interrupted_task_suite_judges_each_task_once(tmp_path, monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.tasks._SAMPLES_AT_ONCE", 15)
    judged = []

    def judge_all(jobs):
        judged.append(len(jobs))
        if sum(judged) > 30:
            raise Interrupted
        return [Verdict("passed", "passes", "", 1, 0.01, ("toy",)) for _ in jobs]

    with pytest.raises(Interrupted):
        evaluation(tmp_path, suites=("mini_benchmark",), judge_all=judge_all).run("mini_benchmark")
    judged[:] = [-1000]
    result = evaluation(tmp_path, suites=("mini_benchmark",), judge_all=judge_all).run("mini_benchmark")
    assert sum(judged) + 1000 == 60 - 30
    assert result["ladder"]["passes"]["count"] == 60


def test_the_reference_protocol_has_its_settings():
    chosen = choose_settings(["few_shot", "mini_benchmark"], seed=0, protocol="reference")
    prompts = sum(len(category.prompts) for category in chosen.templates.category)
    assert prompts * chosen.sampling.samples_per_prompt == 55
    assert (chosen.sampling.temperature, chosen.sampling.top_k, chosen.sampling.max_new_tokens) == (
        0.7,
        40,
        60,
    )
    own = chosen.task_sets["mini_benchmark"].sampling
    assert (own.samples_per_task, own.temperature, own.top_k, own.max_new_tokens) == (1, 0.8, 40, 100)


def test_what_is_not_asked_for_stays_the_suite_s_own():
    chosen = choose_settings(
        ["mini_benchmark"], seed=0, sampling={"n": 7, "temperature": None, "top_k": 3, "top_p": None}
    )
    own = chosen.task_sets["mini_benchmark"].sampling
    assert own == dataclasses.replace(settings_module.mini_benchmark.SAMPLING, samples_per_task=7, top_k=3)


def test_all_is_every_suite_that_runs_no_generated_code():
    assert choose_settings(["all"], seed=0).suites == SUITES
    assert choose_settings(["all", "mini_benchmark", "few_shot"], seed=0).suites == (
        *SUITES,
        "mini_benchmark",
    )


@pytest.mark.parametrize(
    ("suites", "options", "message"),
    [
        (
            ["few_shots"],
            {},
            r"--suite=few_shots: 'few_shots' is no suite \(did you mean few_shot\?\); there are all, heldout",
        ),
        ([], {}, "no suite"),
        (["humaneval"], {}, "--humaneval=FILE"),
        (["mbpp"], {}, "--mbpp=FILE"),
        (["few_shot"], {"protocol": "reference", "sampling": {"n": 3}}, "leave out --n"),
        (["few_shot"], {"files": Files(templates="none.toml")}, r"none\.toml"),
        (["mini_benchmark"], {"files": Files(tasks="none.jsonl")}, r"none\.jsonl"),
    ],
)
def test_a_wrong_wish_is_named(suites, options, message):
    with pytest.raises(UserError, match=message):
        choose_settings(suites, seed=0, **options)


def test_a_damaged_result_is_named_not_overwritten(tmp_path):
    (tmp_path / "context.json").write_text("{")
    with pytest.raises(UserError, match=r"context\.json: damaged, not JSON"):
        evaluation(tmp_path).run("context")
    assert (tmp_path / "context.json").read_text() == "{"


@pytest.mark.usefixtures("one_prompt_at_once")
def test_of_two_evaluations_of_one_suite_the_second_is_told_and_disturbs_nothing(tmp_path):
    refusals = []

    class Contended(Parrot):
        def __call__(self, prompts, n, **sampling):
            with pytest.raises(
                UserError, match="another evaluation with the same settings is writing"
            ) as told:
                evaluation(tmp_path / "both").run("few_shot")
            refusals.append(str(told.value))
            return super().__call__(prompts, n, **sampling)

    evaluation(tmp_path / "both", model=make_model(Contended(CODEC, {"": SANE}))).run("few_shot")
    evaluation(tmp_path / "alone").run("few_shot")
    assert refusals
    both, alone = (list((tmp_path / name).iterdir()) for name in ("both", "alone"))
    assert [path.name for path in both] == ["few_shot.json"]
    assert both[0].read_bytes() == alone[0].read_bytes()


def test_results_that_could_not_be_written_are_refused_before_anything_is_computed(tmp_path):
    (tmp_path / "taken").write_text("a file")
    for place in ("taken", "taken/below"):
        with pytest.raises(
            UserError, match=r"taken.*: results cannot be written there .*choose another --out"
        ):
            ResultFiles(tmp_path / place)

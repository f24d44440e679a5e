import dataclasses
import json
import math

import pytest
from eval_toys import ByteCodec, Parrot, toy_data, toy_model

from codelm_jax.errors import UserError
from codelm_jax.evals.registry import SUITES, choose, find, named
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.evals.suite import Skipped
from codelm_jax.evals.suites import few_shot, mini_benchmark
from codelm_jax.evals.terminal import show
from codelm_jax.run_files import read_object
from codelm_jax.sandbox.verdict import Verdict

CODEC = ByteCodec([b"):"])
SANE = ("\n    return value\n", "\n    pass\n", "\n    result = 1\n    return result\n")
CODELESS = [suite.name for suite in SUITES if not suite.runs_code]


def make_model(generate=None, **changes):
    return toy_model(CODEC, generate or Parrot(CODEC, {"": SANE}), **changes)


class Runner:
    """A runner of suites by name."""

    def __init__(self, directory, *, model=None, data=None, judge_all=None, report=None, **options):
        choices = choose([], seed=options.pop("seed", 0), sampling={"n": 3, **options})
        judge_all, report = judge_all or (lambda jobs: []), report or (lambda *done: None)
        files = ResultFiles(directory)
        self._runner = SuiteRunner(model or make_model(), data, choices, files, judge_all, report)

    def run(self, name):
        suite = find(name)
        assert suite is not None
        return self._runner.run(suite)


class Interrupted(Exception):
    pass


class Unsteady(Parrot):
    """Is interrupted in its n-th call."""

    def __init__(self, calls: int):
        super().__init__(CODEC, {"": SANE})
        self.left = calls

    def __call__(self, prompts, sampling):
        self.left -= 1
        if self.left < 0:
            raise Interrupted
        return super().__call__(prompts, sampling)


@pytest.fixture
def one_prompt_at_once(monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.resumable._SAMPLES_AT_ONCE", 3)


@pytest.mark.usefixtures("one_prompt_at_once")
def test_an_interrupted_suite_goes_on_and_gives_the_same_file(tmp_path):
    Runner(tmp_path / "whole").run("few_shot")
    with pytest.raises(Interrupted):
        Runner(tmp_path / "parts", model=make_model(Unsteady(4))).run("few_shot")
    rest = Parrot(CODEC, {"": SANE})
    Runner(tmp_path / "parts", model=make_model(rest)).run("few_shot")
    assert len(rest.calls) == 11 - 4
    whole, parts = (sorted((tmp_path / name).iterdir()) for name in ("whole", "parts"))
    assert [path.name for path in whole] == [path.name for path in parts] == ["few_shot.json"]
    assert whole[0].read_bytes() == parts[0].read_bytes()


@pytest.mark.usefixtures("one_prompt_at_once")
@pytest.mark.parametrize("change", [{"seed": 1}, {"temperature": 0.1}, {"model": {"weights": "b"}}])
def test_parts_made_with_other_settings_are_not_mixed_in(tmp_path, change):
    identity = change.pop("model", {"weights": "a"})
    with pytest.raises(Interrupted):
        Runner(tmp_path, model=make_model(Unsteady(4))).run("few_shot")
    other = Parrot(CODEC, {"": SANE})
    Runner(tmp_path, model=make_model(other, identity=identity), **change).run("few_shot")
    assert len(other.calls) == 11


@pytest.mark.usefixtures("one_prompt_at_once")
def test_a_part_that_a_kill_cut_short_is_made_again(tmp_path):
    with pytest.raises(Interrupted):
        Runner(tmp_path, model=make_model(Unsteady(4))).run("few_shot")
    (partial,) = tmp_path.iterdir()
    partial.write_bytes(partial.read_bytes()[:-10])
    rest = Parrot(CODEC, {"": SANE})
    Runner(tmp_path, model=make_model(rest)).run("few_shot")
    assert len(rest.calls) == 11 - 3


def test_a_result_with_the_same_settings_is_read_and_with_others_kept_aside(tmp_path):
    first = Runner(tmp_path).run("short_prompt")
    silent = make_model(Unsteady(0))
    assert Runner(tmp_path, model=silent).run("short_prompt") == first
    second = Runner(tmp_path, seed=1).run("short_prompt")
    assert json.loads((tmp_path / "short_prompt.json").read_text())["seed"] == second.seed == 1
    assert Runner(tmp_path, model=silent).run("short_prompt").seed == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_the_corpus_of_a_result_is_part_of_its_settings(tmp_path):
    data = toy_data(CODEC)
    Runner(tmp_path, data=data).run("heldout")
    assert len(list(tmp_path.iterdir())) == 1
    Runner(tmp_path, data=dataclasses.replace(data, identity={"data": "other"})).run("heldout")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("suite", ["heldout", "token_frequency", "confidence", "memorisation"])
def test_without_data_what_needs_it_is_skipped_and_leaves_nothing(tmp_path, suite):
    with pytest.raises(Skipped, match="needs --data"):
        Runner(tmp_path).run(suite)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suite", "length"), [("few_shot", 300), ("short_prompt", 60), ("context", 5)])
def test_what_a_short_context_has_no_room_for_is_skipped(tmp_path, suite, length):
    with pytest.raises(Skipped, match=f"context.*{length}|{length}.*context"):
        Runner(tmp_path, model=make_model(context_length=length)).run(suite)
    assert list(tmp_path.iterdir()) == []


def test_context_stops_where_the_examples_fill_it(tmp_path):
    whole = Runner(tmp_path / "whole").run("context").rows
    length = 1 + whole[2].tokens
    short = Runner(tmp_path / "short", model=make_model(context_length=length)).run("context").rows
    assert short == whole[:3]


def test_every_suite_but_tasks_runs_writes_its_file_shows_it_and_reads_it_back(tmp_path):
    steps = []
    run = Runner(
        tmp_path, data=toy_data(CODEC), report=lambda suite, done, total: steps.append((suite, done, total))
    )
    for suite in CODELESS:
        result = run.run(suite)
        assert show(find(suite).view(result)).renderables
        assert result.suite == suite
        assert read_object(tmp_path / f"{suite}.json") == json.loads(json.dumps(dataclasses.asdict(result)))
        assert run.run(suite) == result
    assert {"heldout: val", "confidence", "few_shot", "token_frequency"} <= {suite for suite, *_ in steps}
    assert {(suite, total) for suite, done, total in steps if done == total} == {
        (suite, total) for suite, _, total in steps
    }


def test_held_out_figures_have_compressors_on_the_same_bytes(tmp_path):
    data = toy_data(CODEC)
    found = Runner(tmp_path, data=data).run("heldout").sets["val"]
    assert found.nll == pytest.approx(math.log(CODEC.vocab_size))
    document = CODEC.decode(data.held_out["val"].documents[0]).encode()
    assert found.compressors.bytes == len(document)


def test_memorisation_looks_for_the_few_shot_samples_and_for_held_out_code(tmp_path):
    model = make_model(Parrot(CODEC, {"": ("\n    return thing.value\n", "zqzqzqzq")}))
    result = Runner(tmp_path, model=model, data=toy_data(CODEC)).run("memorisation")
    samples = json.loads((tmp_path / "few_shot.json").read_text())["samples"]
    assert [found.tokens for found in result.samples] == [len(s["token_ids"]) for s in samples]
    assert {found.run for found in result.samples} == {len("\n    return thing.value\n"), 0}
    # The toy's held-out text is its training text.
    assert result.held_out.whole_samples == result.held_out.n > 0


def test_an_interrupted_task_suite_judges_each_task_once(tmp_path, monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.tasks._SAMPLES_AT_ONCE", 15)
    judged = []

    def judge_all(jobs):
        judged.append(len(jobs))
        if sum(judged) > 30:
            raise Interrupted
        return [Verdict("passed", "passes", "", 1, 0.01, ("toy",)) for _ in jobs]

    with pytest.raises(Interrupted):
        Runner(tmp_path, judge_all=judge_all).run("mini_benchmark")
    judged[:] = [-1000]
    result = Runner(tmp_path, judge_all=judge_all).run("mini_benchmark")
    assert sum(judged) + 1000 == 60 - 30
    assert result.ladder["passes"].count == 60


def test_the_reference_protocol_has_its_settings():
    choices = choose(SUITES[:2], seed=0, protocol="reference")
    prompts = sum(len(category.prompts) for category in choices.templates.category)
    own = choices.sampling_of(few_shot.SAMPLING, few_shot.REFERENCE_PROTOCOL)
    assert prompts * own.n == 55
    assert (own.temperature, own.top_k, own.max_new_tokens) == (0.7, 40, 60)
    tasks = choices.sampling_of(mini_benchmark.SAMPLING, mini_benchmark.REFERENCE_PROTOCOL)
    assert (tasks.n, tasks.temperature, tasks.top_k, tasks.max_new_tokens) == (1, 0.8, 40, 100)


def test_what_is_not_asked_for_stays_the_suite_s_own():
    choices = choose([], seed=5, sampling={"n": 7, "temperature": None, "top_k": 3, "top_p": None})
    own = choices.sampling_of(mini_benchmark.SAMPLING, mini_benchmark.REFERENCE_PROTOCOL)
    assert own == dataclasses.replace(mini_benchmark.SAMPLING, n=7, top_k=3, seed=5)


def test_all_is_every_suite_that_runs_no_generated_code():
    def names(*asked):
        return [suite.name for suite in named(asked)]

    assert names("all") == CODELESS
    assert names("all", "mini_benchmark", "few_shot") == [*CODELESS, "mini_benchmark"]


@pytest.mark.parametrize(
    ("suites", "options", "message"),
    [
        (
            ["few_shots"],
            {},
            r"--suite=few_shots: 'few_shots' is not a suite \(did you mean few_shot\?\); there are all, heldout",
        ),
        ([], {}, "names no suite"),
        (["humaneval"], {}, "--humaneval=FILE"),
        (["mbpp"], {}, "--mbpp=FILE"),
        (["few_shot"], {"protocol": "reference", "sampling": {"n": 3}}, "leave out --n"),
        (["few_shot"], {"templates": "none.toml"}, r"none\.toml"),
        (["mini_benchmark"], {"options": {"tasks": "none.jsonl"}}, r"none\.jsonl"),
    ],
)
def test_a_wrong_choice_is_named(suites, options, message):
    with pytest.raises(UserError, match=message):
        choose(named(suites), seed=0, **options)


def test_a_damaged_result_is_named_not_overwritten(tmp_path):
    (tmp_path / "context.json").write_text("{")
    with pytest.raises(UserError, match=r"context\.json: damaged, not JSON"):
        Runner(tmp_path).run("context")
    assert (tmp_path / "context.json").read_text() == "{"


@pytest.mark.usefixtures("one_prompt_at_once")
def test_of_two_evaluations_of_one_suite_the_second_is_told_and_disturbs_nothing(tmp_path):
    refusals = []

    class Contended(Parrot):
        def __call__(self, prompts, sampling):
            with pytest.raises(
                UserError, match="another evaluation with the same settings is writing"
            ) as told:
                Runner(tmp_path / "both").run("few_shot")
            refusals.append(str(told.value))
            return super().__call__(prompts, sampling)

    Runner(tmp_path / "both", model=make_model(Contended(CODEC, {"": SANE}))).run("few_shot")
    Runner(tmp_path / "alone").run("few_shot")
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

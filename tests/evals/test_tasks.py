import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from eval_toys import ByteCodec, KeptParts, Parrot, toy_data, toy_inputs, toy_model
from rich.console import Console

from codelm_jax.errors import UserError
from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.judging import Task
from codelm_jax.evals.statistics import pass_at_k, wilson_interval
from codelm_jax.evals.suites.humaneval import humaneval_tasks
from codelm_jax.evals.suites.mbpp import mbpp_tasks
from codelm_jax.evals.suites.mini_benchmark import (
    MINI_BENCHMARK,
    REFERENCE_PROTOCOL,
    mini_benchmark_tasks,
    own_problems,
)
from codelm_jax.evals.task_scores import TaskCount
from codelm_jax.evals.tasks import evaluate_tasks
from codelm_jax.evals.templates import load_templates
from codelm_jax.evals.terminal import show
from codelm_jax.sandbox.verdict import Verdict

CODEC = ByteCodec()
SAMPLING = Sampling(n=4, temperature=0.2, top_k=0, top_p=0.95, max_new_tokens=50, stop=("\ndef",), seed=7)
HALVE = Task(
    "halve", "def halve(x):\n", "def halve(x):\n", "halve", "assert halve(4) == 2", "    return x / 2\n"
)
TWICE = Task(
    "twice", "def twice(x):\n", "def twice(x):\n", "twice", "assert twice(4) == 8", "    return x * 2\n"
)
LONG = Task(
    "long",
    "# " + "x" * 200 + "\ndef long(x):\n",
    "def long(x):\n",
    "long",
    "assert long(1)",
    "    return x\n",
)
ANSWERS = {
    "def halve(x):\n": ("    return x / 2\n", "    return x\n", "    retur x\n", "    return y\n"),
    "def twice(x):\n": ("    return x * 2\n", "    return x + x\n", "):" * 20, "    return x * 2\n"),
}


class Judge:
    """Runs the programs here: the tests' own are harmless."""

    def __init__(self):
        self.jobs = []

    def __call__(self, jobs):
        self.jobs += jobs
        return [self._judge(job) for job in jobs]

    def _judge(self, job) -> Verdict:
        namespace: dict = {}
        outcome, rung, exception = "passed", "passes", ""
        try:
            exec(compile(job.program, "program", "exec"), namespace)
            exec(job.check, namespace)
        except SyntaxError:
            outcome, rung = "syntax error", "nothing"
        except AssertionError:
            outcome, rung = "wrong answer", "runs"
        except Exception as error:
            outcome, rung, exception = "runtime error", "defines", type(error).__name__
        return Verdict(outcome, rung, exception, 1, 0.01, ("toy",))


def evaluate(tasks, *, judge=None, model=None, context_length=256, parts=None, report=None, is_known=None):
    evaluated = toy_model(CODEC, model or Parrot(CODEC, ANSWERS), context_length=context_length)
    inputs = toy_inputs(evaluated, judge_all=judge or Judge(), report=report)
    if is_known is not None:
        inputs = dataclasses.replace(inputs, data=dataclasses.replace(toy_data(CODEC), is_known=is_known))
    return evaluate_tasks("toy", tasks, SAMPLING, inputs, parts or KeptParts())


def test_scores_ladder_and_failures_follow_from_the_verdicts():
    result = evaluate([HALVE, TWICE])
    assert result.by_task == {"halve": TaskCount(1, 4), "twice": TaskCount(3, 4)}
    assert set(result.score) == {"pass@1"}
    assert result.score["pass@1"].value == pytest.approx((pass_at_k(4, 1, 1) + pass_at_k(4, 3, 1)) / 2)
    assert {rung: found.count for rung, found in result.ladder.items()} == {
        "parses": 6, "defines": 6, "runs": 5, "passes": 4,
    }  # fmt: skip
    assert result.failures == {
        "wrong answer": 1,
        "syntax error": 1,
        "runtime error: NameError": 1,
        "collapse": 1,
    }
    assert result.layers == ("toy",)
    assert len(result.samples) == 8


def test_tasks_that_no_training_function_solves_have_a_score_of_their_own():
    assert evaluate([HALVE, TWICE]).unseen is None
    partly = evaluate([HALVE, TWICE], is_known={"halve": True})
    assert (partly.unseen, partly.unseen_score) == (None, {})
    result = evaluate([HALVE, TWICE], is_known={"halve": True, "twice": False, "other": False})
    assert result.score == evaluate([HALVE, TWICE]).score
    assert result.unseen == 1
    assert result.unseen_score["pass@1"].value == pytest.approx(pass_at_k(4, 3, 1))
    (table,) = MINI_BENCHMARK.view(result).tables
    rows = {row[0]: row[1] for row in table.rows}
    assert rows["tasks that a training function solves"] == "1"
    assert rows["pass@1, all 2 tasks"].startswith("50.0")
    assert rows["pass@1, those that no training function solves, all 1 tasks"].startswith("75.0")
    known = evaluate([HALVE, TWICE], is_known={"halve": True, "twice": True})
    assert (known.unseen, known.unseen_score) == (0, {})


def test_an_overflowing_task_is_never_sampled_and_counts_as_failed():
    model = Parrot(CODEC, ANSWERS)
    result = evaluate([HALVE, LONG], model=model, context_length=150)
    assert all(LONG.prompt not in call["prompts"] for call in model.calls)
    assert (result.tasks, result.overflowing, result.answerable) == (2, 1, 1)
    assert result.score["pass@1"].value == pytest.approx(1 / 8)
    assert result.answerable_score["pass@1"].value == pytest.approx(1 / 4)
    assert result.by_task["long"] == TaskCount(0, 0)


def test_a_completion_without_a_statement_reaches_no_rung():
    prompt = 'def empty(x):\n    """Return nothing."""\n'
    task = Task("empty", prompt, prompt, "empty", "assert empty(4) == 2", "    return 2\n")
    texts = ("", "    # nothing\n", "    # to\n    # say\n", "    pass\n")
    result = evaluate([task], model=Parrot(CODEC, {"": texts}))
    assert [sample.rung for sample in result.samples] == ["nothing", "nothing", "nothing", "runs"]
    assert result.failures == {"collapse": 1, "no statement": 2, "wrong answer": 1}
    program = Task("program", '"""A program."""\n', "", "f", "assert f(4) == 2", "")
    (sample, *_) = evaluate([program], model=Parrot(CODEC, {"": "# def f\n"})).samples
    assert (sample.rung, sample.failure) == ("nothing", "no statement")


def test_a_score_of_none_or_all_is_not_certain():
    none, every = (
        evaluate([HALVE, TWICE], model=Parrot(CODEC, {"halve(x):\n": halve, "": twice})).score["pass@1"]
        for halve, twice in (("    pass\n", "    pass\n"), ("    return x / 2\n", "    return x * 2\n"))
    )
    assert (none.value, none.low, every.value, every.high) == (0.0, 0.0, 1.0, 1.0)
    assert none.high == pytest.approx(1 - every.low)
    assert none.high == wilson_interval(0, 2)[1]


def test_new_tokens_are_limited_to_what_the_context_leaves():
    model = Parrot(CODEC, ANSWERS)
    evaluate([HALVE, TWICE], model=model, context_length=40)
    assert [call["max_new_tokens"] for call in model.calls] == [
        (40 - 1 - len(HALVE.prompt), 40 - 1 - len(TWICE.prompt))
    ]


def test_a_prompt_that_fits_only_without_its_solution_is_not_answerable():
    length = 1 + len(HALVE.prompt) + len(HALVE.solution)
    assert evaluate([HALVE], context_length=length).answerable == 1
    assert evaluate([HALVE], context_length=length - 1).answerable == 0
    assert evaluate([HALVE], context_length=length - 1).overflowing == 0


def test_a_program_is_cut_where_its_definition_ends():
    judge = Judge()
    model = Parrot(CODEC, {"": "    return x / 2\n\nraise SystemExit\n"})
    evaluate([HALVE], judge=judge, model=model)
    assert {job.program for job in judge.jobs} == {"def halve(x):\n    return x / 2\n"}


def test_a_task_that_is_not_cut_is_judged_by_all_that_was_written():
    prompt = 'def double(x):\n    """Double it."""\n'
    task = Task("double", prompt, prompt, "double", "assert double(4) == 8", "", cut=False)
    texts = (
        "def double(x):\n    return 2 * x\n",
        "    return twice(x)\n\n\ndef twice(x):\n    return 2 * x\n",
        "    return 2 * x\n\n\nraise ValueError\n",
        "# nothing\n",
    )
    result = evaluate([task], model=Parrot(CODEC, {"": texts}))
    assert [sample.failure for sample in result.samples] == [
        None,
        None,
        "runtime error: ValueError",
        "no statement",
    ]
    cut = evaluate([dataclasses.replace(task, cut=True)], model=Parrot(CODEC, {"": texts}))
    assert [sample.failure is None for sample in cut.samples] == [False, False, True, False]


def test_the_examples_before_a_task_are_no_part_of_its_program():
    judge, model = Judge(), Parrot(CODEC, {"": "    return 1\n"})
    evaluate(
        mini_benchmark_tasks(load_templates().tasks.prefix), judge=judge, model=model, context_length=2000
    )
    assert all("count_positive" in prompt for call in model.calls for prompt in call["prompts"])
    assert not any("count_positive" in job.program for job in judge.jobs)


def test_an_interrupted_run_resumes_to_the_same_result(monkeypatch):
    monkeypatch.setattr("codelm_jax.evals.tasks._SAMPLES_AT_ONCE", 16 * SAMPLING.n)
    tasks = [
        Task(f"{i}", f"# {i}\ndef halve(x):\n", f"# {i}\ndef halve(x):\n", "halve", HALVE.check, "")
        for i in range(40)
    ]
    saved = KeptParts()
    whole = evaluate(tasks, parts=saved)
    assert list(saved.done) == [task.id for task in tasks]
    model, steps = Parrot(CODEC, ANSWERS), []
    parts = KeptParts(json.loads(json.dumps(dict(list(saved.done.items())[:20]))))
    resumed = evaluate(
        tasks, model=model, parts=parts, report=lambda suite, done, total: steps.append((done, total))
    )
    assert resumed == whole
    assert [(len(call["prompts"]), call["seed"]) for call in model.calls] == [(16, 8), (8, 9)]
    assert steps[0] == (20, 40)
    assert steps[-1] == (40, 40)


def run_plainly(program: str) -> bool:
    return (
        subprocess.run(
            [sys.executable, "-I", "-c", program], capture_output=True, timeout=60, check=False
        ).returncode
        == 0
    )


def test_every_own_task_passes_with_its_solution_and_fails_with_the_wrong_ones():
    problems = own_problems()
    assert len(problems) == 20
    script = ["import sys", "verdicts = []"]
    for problem in problems:
        assert len(problem.tests) >= 3
        assert len(problem.wrong_solutions) == 2
        for solution in (problem.solution, *problem.wrong_solutions, "    return None\n"):
            source = "\n".join([problem.prompt + solution, *problem.tests])
            script.append(
                f"try:\n    exec({source!r}, {{}})\n    verdicts.append('1')\nexcept Exception:\n    verdicts.append('0')"
            )
    script.append(f"sys.exit(''.join(verdicts) != {'1000' * 20!r})")
    assert run_plainly("\n".join(script))


def test_every_own_prompt_has_type_hints_a_docstring_and_room_in_256_tokens():
    for task in mini_benchmark_tasks(load_templates().tasks.prefix):
        signature, docstring, rest = task.source.split("\n", 2)
        assert "->" in signature
        assert docstring.strip().startswith('"""')
        assert rest == ""
    assert REFERENCE_PROTOCOL.max_new_tokens == 100


def test_tasks_of_ones_own_are_read_by_path(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps({"id": "h", "prompt": "def h(x):\n", "tests": ["assert h(1)", "assert h(2)"]}))
    (task,) = mini_benchmark_tasks("# first\n", path)
    assert (task.prompt, task.source, task.entry_point) == ("# first\ndef h(x):\n", "def h(x):\n", "h")
    assert task.check.split("\n") == ["", "assert h(1)", "assert h(2)"]


@pytest.mark.parametrize(
    ("task", "named"),
    [
        ({"prompt": "x = 1\n", "tests": ["assert x"]}, "entry_point"),
        ({"prompt": "def h(x):\n", "tests": []}, "tests"),
        ({"prompt": "def h(x):\n", "tests": ["assert h("]}, "not Python"),
        ({"prompt": "def h(x):\n", "tests": ["assert h(1)"], "setup": "import"}, "not Python"),
    ],
)
def test_a_task_that_nothing_could_pass_is_an_error(tmp_path, task, named):
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps({"id": "the id", **task}))
    with pytest.raises(UserError, match=f"tasks.jsonl, task 'the id': .*{named}"):
        mini_benchmark_tasks("", path)


def mbpp_file(tmp_path, numbers) -> Path:
    path = tmp_path / "mbpp.jsonl"
    records = [
        {
            "task_id": number,
            "text": f"Write function {number}.",
            "code": f"def f{number}(x):\r\n    return {number}",
            "test_list": [f"assert f{number}(0) == {number}"],
            "test_setup_code": "import math",
        }
        for number in numbers
    ]
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def test_mbpp_takes_its_test_tasks_and_its_shots(tmp_path):
    tasks = mbpp_tasks(mbpp_file(tmp_path, range(1, 600)), shots=3)
    assert [task.id for task in tasks] == [str(number) for number in range(11, 511)]
    first = tasks[0]
    assert first.prompt.count('"""') == 8
    assert first.prompt.startswith(
        '"""\nWrite function 2.\nassert f2(0) == 2\n"""\ndef f2(x):\n    return 2\n'
    )
    assert first.prompt.endswith('"""\nWrite function 11.\nassert f11(0) == 11\n"""\n')
    assert (first.source, first.entry_point) == ("", "f11")
    assert first.check == "import math\nassert f11(0) == 11"


def test_mbpp_without_what_it_needs_is_an_error(tmp_path):
    with pytest.raises(UserError, match="needs tasks 11 to 510 and 2, 3"):
        mbpp_tasks(mbpp_file(tmp_path, range(4, 600)), shots=2)
    with pytest.raises(UserError, match="shots = 4"):
        mbpp_tasks(mbpp_file(tmp_path, range(1, 600)), shots=4)


@pytest.fixture(scope="module")
def benchmarks() -> Path:
    """The folder with the public files, which are not part of the project."""
    if "CODELM_BENCHMARKS" not in os.environ:
        pytest.skip("needs the public benchmark files: set CODELM_BENCHMARKS to their folder")
    return Path(os.environ["CODELM_BENCHMARKS"])


def test_the_public_files_are_read_whole(benchmarks):
    humaneval = humaneval_tasks(benchmarks / "HumanEval.jsonl.gz")
    assert len(humaneval) == 164
    assert all(task.source == task.prompt and "def check(candidate)" in task.check for task in humaneval)
    mbpp = mbpp_tasks(benchmarks / "mbpp.jsonl")
    assert len(mbpp) == 500
    assert all(f"{task.entry_point}(" in task.check.replace(" ", "") for task in mbpp)


def test_a_table_shows_the_scores():
    console = Console(width=120)
    with console.capture() as captured:
        console.print(show(MINI_BENCHMARK.view(evaluate([HALVE, TWICE]))))
    text = captured.get()
    assert "pass@1, all 2" in text
    assert "50.0\u00a0%" in text
    assert "runtime error: NameError" in text

"""Looks for benchmark tasks that a function of the training data solves, under whatever name.

Candidates are the self-contained functions. They run in the sandbox only: third-party code may do anything.
"""

import ast
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codelm_jax.data.known_tasks import KnownTasks
from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.exercises.behaviour import TaskProgram, examined, examining_job, task_programs
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job
from codelm_jax.text.normal import form_of
from codelm_jax.text.problems import Problem
from codelm_jax.text.self_contained import SelfContained, self_contained_functions

_AT_ONCE = 100
_EXAMPLES = 3


@dataclass(frozen=True)
class _Candidate:
    """A function to be called with `arity` positional arguments."""

    name: str
    source: str
    arity: int


def find_known_tasks(
    prepared: PreparedData, problems: Sequence[Problem], sandbox: Sandbox, report: Reporter
) -> KnownTasks:
    """Runs the self-contained functions of the training data against the tests of all tasks.

    Args:
        prepared: the data.
        problems: the tasks.
        sandbox: opened with `behaviour.BATCH_SECONDS`.
        report: takes lines and progress.

    Raises:
        SandboxError: the sandbox failed.
    """
    tasks = task_programs(problems)
    texts = (prepared.tokenizer.decode(ids.tolist()) for ids in prepared.train.documents())
    candidates = _candidates(texts, tasks)
    known: dict[str, list[str]] = {}
    not_run: Counter[str] = Counter()

    def job(batch: Sequence[_Candidate]) -> Job:
        functions = [[each.source, each.name, each.arity, [], []] for each in batch]
        return examining_job(functions, tasks, {})

    for done, (candidate, answer, outcome) in enumerate(
        examined(sandbox, candidates, _AT_ONCE, job), start=1
    ):
        report(Advance("running training functions", done, len(candidates)))
        if outcome:
            not_run[outcome] += 1
        else:
            for task in answer[2]:
                known.setdefault(task, []).append(candidate.name)
    return KnownTasks(
        prepared.fingerprint,
        tuple(task.id for task in tasks),
        {task: tuple(dict.fromkeys(names))[:_EXAMPLES] for task, names in sorted(known.items())},
        len({candidate.source for candidate in candidates}),
        dict(not_run),
    )


def _candidates(texts: Iterable[str], tasks: Sequence[TaskProgram]) -> list[_Candidate]:
    """One of each different body, for each number of arguments that it and a task take."""
    arities = sorted({arity for task in tasks for arity in range(task.fewest, task.most + 1)})
    found: dict[tuple[str, int], _Candidate] = {}
    for text in texts:
        for function, form, source in _functions(text):
            key = form + "".join(function.imports)
            fewest, most = function.arity
            for arity in arities:
                if fewest <= arity and (most is None or arity <= most):
                    found.setdefault((key, arity), _Candidate(function.node.name, source, arity))
    return list(found.values())


def _functions(text: str) -> list[tuple[SelfContained, str, str]]:
    """Functions that can be called with positional arguments, with their normal forms and sources."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        return [
            (each, form_of(each.node), each.source)
            for each in self_contained_functions(tree)
            if None not in each.node.args.kw_defaults
        ]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []

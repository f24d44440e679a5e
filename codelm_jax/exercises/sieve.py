"""What becomes of a draft: it is run in the sandbox, and dropped if it fails there or is a benchmark's task in disguise.

Decontamination, levels 2 and 3: a function goes if its name is a task's entry point, its wording is a task's wording, its
alpha-normal form is that of a task's solution (level 2), or it passes a task's tests under whatever name (level 3).

Every distinct body is run once. Bodies travel in batches, a batch a sandboxed process, together with all tasks. A batch that
fails is halved until the function at fault is alone.
"""

import ast
import collections
import dataclasses
import hashlib
import importlib.resources
import re
from collections.abc import Iterable, Sequence

from codelm_jax.exercises import probes
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.normal import normal_form
from codelm_jax.exercises.wording import signature, with_imports
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job
from codelm_jax.text.problems import Problem

# Processor seconds for a batch: about ten times what one takes.
BATCH_SECONDS = 30.0
_BATCH = 500
# Findings that are kept. A body that was forgotten is run again, with the same result.
_REMEMBERED = 30_000
_FEWEST_CASES = 4
_MOST_TESTS = 8
# One behaviour in 16 is held out.
_HELD_OUT = "0"


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a run showed of one body.

    Attributes:
        tests: (arguments, value) as source.
        split: "train", "heldout", or "" where a list of anything behaves in both ways.
        fault: why the body is dropped; "" where it is not.
        tasks: ids of the tasks that it passes.
        digests: of its values on the probes.
    """

    tests: tuple[tuple[str, str], ...]
    split: str
    fault: str
    tasks: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


class Sieve:
    """Runs drafts and says which ones may be used; remembers the latest bodies.

    Args:
        sandbox: where they run, opened with `timeout_seconds=BATCH_SECONDS`.
        problems: all benchmark tasks against which to decontaminate.
        remembered: how many bodies' findings to keep.

    Attributes:
        dropped: how many drafts went, by reason.
    """

    def __init__(self, sandbox: Sandbox, problems: Iterable[Problem], *, remembered: int = _REMEMBERED):
        self._sandbox = sandbox
        self._remembered = remembered
        self._findings: dict[bytes, Finding] = {}
        self._tasks: list[list[object]] = []
        self._names: set[str] = set()
        self._wordings: set[str] = set()
        self._solutions: set[str] = set()
        self.dropped: collections.Counter[str] = collections.Counter()
        for problem in problems:
            self._add(problem)

    @property
    def findings(self) -> dict[bytes, Finding]:
        """What is known of the latest bodies, by a digest of kinds and alpha-normal form."""
        return self._findings

    def finding(self, draft: Draft) -> Finding:
        """What a run showed of a draft that was given to `passed`, dropped or not."""
        return self._findings[_short(_key(draft))]

    def passed(self, drafts: Sequence[Draft]) -> list[Finding | None]:
        """Returns each draft's finding, or None where it is dropped.

        Raises:
            SandboxError: the sandbox failed.
        """
        keys = [_key(draft) for draft in drafts]
        known = self._findings
        fresh = {key: draft for key, draft in zip(keys, drafts, strict=True) if _short(key) not in known}
        waiting = [(key, draft) for key, draft in fresh.items() if _form(key) not in self._solutions]
        self._run([waiting[i : i + _BATCH] for i in range(0, len(waiting), _BATCH)])
        judged = [self._judged(draft, key) for draft, key in zip(drafts, keys, strict=True)]
        for short in list(known)[: max(0, len(known) - self._remembered)]:
            del known[short]
        return judged

    def _judged(self, draft: Draft, key: str) -> Finding | None:
        fault = ""
        if draft.name in self._names:
            fault = "level 2: entry point of a task"
        elif _form(key) in self._solutions:
            fault = "level 2: body of a task's solution"
        elif _plain(draft.ask.removeprefix("? ").removeprefix("! ")) in self._wordings:
            fault = "level 2: wording of a task"
        else:
            fault = self._findings[_short(key)].fault
        if fault:
            self.dropped[fault] += 1
            return None
        return self._findings[_short(key)]

    def _run(self, batches: list[list[tuple[str, Draft]]]) -> None:
        while batches:
            jobs = (self._job([draft for _, draft in batch], [key for key, _ in batch]) for batch in batches)
            verdicts = self._sandbox.judge_all(jobs)
            halves = []
            for batch, verdict in zip(batches, verdicts, strict=True):
                if verdict.passed:
                    for (key, draft), examined in zip(batch, verdict.answer, strict=True):
                        self._findings[_short(key)] = _finding(key, draft, *examined)
                elif len(batch) == 1:
                    self._findings[_short(batch[0][0])] = Finding((), "", f"does not run: {verdict.outcome}")
                else:
                    middle = len(batch) // 2
                    halves += [batch[:middle], batch[middle:]]
            batches = halves

    def _job(self, drafts: Sequence[Draft], keys: Sequence[str]) -> Job:
        functions, sets = [], set()
        for draft, key in zip(drafts, keys, strict=True):
            kinds = [kind for _, kind in draft.params]
            names = probes.probe_sets(kinds)
            sets.update(names)
            functions.append([source_of(draft), draft.name, len(kinds), probes.cases(kinds, key), names])
        arguments = {name: probes.probe_arguments(name) for name in sorted(sets)}
        inside = importlib.resources.files("codelm_jax.exercises").joinpath("inside.py").read_text()
        call = f"__answer__ = examine({functions!r}, {self._tasks!r}, {arguments!r})"
        return Job(program=inside, check=call, entry_point="examine")

    def _add(self, problem: Problem) -> None:
        is_function = "def check(" in problem.tests[0] if problem.tests else False
        whole = problem.solution
        if normalised(whole, problem.entry_point) is None:
            whole = problem.prompt + problem.solution
        least, most = _arity(whole, problem)
        setup = problem.prompt if is_function else problem.setup
        if problem.tests:
            check = problem.tests[0] if is_function else "\n".join(problem.tests)
            self._tasks.append([problem.id, setup, check, problem.entry_point, least, most])
        self._names.add(problem.entry_point)
        form = normalised(whole, problem.entry_point)
        if form is not None:
            self._solutions.add(form)
        self._wordings.update(_plain(text) for text in _wordings(problem, whole))


def source_of(draft: Draft) -> str:
    """The draft as a program, without hints and docstring."""
    body = "\n".join("    " + line for line in draft.body.split("\n"))
    return with_imports(f"{signature(draft, 'none')}\n{body}\n")


def normalised(source: str, name: str) -> str | None:
    """The normal form, or None where there is no such function."""
    try:
        return normal_form(source, name)
    except (SyntaxError, ValueError):
        return None


def _key(draft: Draft) -> str:
    """Kinds of the parameters, which say what it is run on, and normal form."""
    return f"{','.join(kind for _, kind in draft.params)}|{normal_form(source_of(draft), draft.name)}"


def _form(key: str) -> str:
    return key.partition("|")[2]


def _short(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()


def _finding(key: str, draft: Draft, values: list[str], digests: list[str], tasks: list[str]) -> Finding:
    cases = probes.cases([kind for _, kind in draft.params], key)
    tests: dict[str, str] = {}
    for arguments, value in zip(cases, values, strict=True):
        if not value.startswith("!") and " at 0x" not in value:
            tests.setdefault(", ".join(map(repr, arguments)), value)
    held = [digest.startswith(_HELD_OUT) for digest in digests]
    split = "heldout" if all(held) else "" if any(held) else "train"
    fault = ""
    if len(tests) < _FEWEST_CASES:
        fault = "raises on most inputs"
    elif len(set(tests.values())) == 1:
        fault = "has one value for all inputs"
    elif tasks:
        fault = "level 3: passes a task's tests"
    return Finding(tuple(tests.items())[:_MOST_TESTS], split, fault, tuple(tasks), tuple(digests))


def _arity(whole: str, problem: Problem) -> tuple[int, int]:
    """Least and most arguments of a task's function."""
    for function in _functions(whole):
        if function.name == problem.entry_point:
            most = len(function.args.args)
            return most - len(function.args.defaults), most
    return 0, 6


def _wordings(problem: Problem, whole: str) -> list[str]:
    docstrings = [(ast.get_docstring(each) or "").split(">>>")[0] for each in _functions(whole)]
    return [text for text in (problem.prompt, *docstrings) if text]


def _functions(source: str) -> list[ast.FunctionDef]:
    """Top-level functions; none where the source does not parse."""
    try:
        return [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except SyntaxError:
        return []


def _plain(text: str) -> str:
    """A wording without its verb, case and punctuation."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    text = " ".join(words)
    return re.sub(
        r"^(write a (python )?function (to|that) )?(returns?|find|compute|get|check) (whether |if )?",
        "",
        text,
    )

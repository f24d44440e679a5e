"""One trusted check against one candidate in another process: the stub that it calls, and the outcome.

Arguments and results travel by value: the candidate cannot change a list that the check still holds, so it cannot bend the
expected value by way of its arguments (and a function whose only effect is on its arguments must return them to be testable).
"""

import builtins
import types
from collections.abc import Callable
from typing import Any, NoReturn

from codelm_jax.sandbox import codec
from codelm_jax.sandbox.verdict import Outcome, Rung

ANSWER = "__answer__"
_MAX_NAMES = 32
_MAX_MESSAGE_CHARACTERS = 1000


class _Lost(BaseException):
    """Ends the check when the candidate is gone; no BaseException handler in a check changes the outcome."""


def _raisable_exceptions() -> dict[str, type[Exception]]:
    found: dict[str, type[Exception]] = {}
    for name, value in vars(builtins).items():
        # A StopIteration from a call would end `all(map(candidate, cases))` early, and so pass it.
        if (
            isinstance(value, type)
            and issubclass(value, Exception)
            and name not in ("StopIteration", "StopAsyncIteration")
        ):
            try:
                value("")
            except TypeError:
                continue
            found[name] = value
    return found


_RAISABLE = _raisable_exceptions()


class _Candidate:
    def __init__(self, channel: int, report: Callable[[Rung, int], None]):
        self.channel = channel
        self.report = report
        self.calls = 0
        self.lost: tuple[Outcome, str] | None = None
        self.raised: BaseException | None = None
        self.raised_name = ""

    def load(self, program: str, entry_point: str) -> tuple[Outcome, str] | None:
        """Has the worker compile and run the program; a failure's outcome and exception, or None."""
        codec.send(self.channel, [program, entry_point])
        kind, parts = self._receive()
        if kind == "unparsable":
            return "syntax error", _first_known(parts)
        if kind == "raised":
            return _outcome_of(parts)
        if kind != "parsed":
            return "crashed", ""
        self.report("parses", 0)
        kind, parts = self._receive()
        if kind == "raised":
            return _outcome_of(parts)
        if kind == "absent":
            return "no entry point", ""
        if kind != "loaded":
            return "crashed", ""
        self.report("defines", 0)
        return None

    def call(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """One call across the channel; raises what the candidate raised, as a builtin exception."""
        if self.lost is not None:
            raise _Lost
        try:
            request = [codec.encode(list(arguments), strict=True), codec.encode(keywords, strict=True)]
            codec.send(self.channel, request)
        except (TypeError, codec.TooLong):
            self._lose("broken check", "TypeError")
        except codec.Closed:
            self._lose("crashed", "")
        kind, parts = self._receive()
        if kind == "raised":
            self._count()
            self._raise(parts)
        if kind != "value" or len(parts) != 1:
            self._lose("crashed", "")
        try:
            value = codec.decode(parts[0])
        except codec.Malformed:
            self._lose("crashed", "")
        self._count()
        return value

    def _count(self) -> None:
        self.calls += 1
        self.report("defines", self.calls)

    def _receive(self) -> tuple[str, list[Any]]:
        try:
            message = codec.receive(self.channel)
        except codec.TooLong:
            self._lose("resource limit", "")
        except (codec.Closed, codec.Malformed):
            self._lose("crashed", "")
        kind, *parts = codec.as_list(message) or [None]
        if not isinstance(kind, str):
            self._lose("crashed", "")
        return kind, parts

    def _lose(self, outcome: Outcome, exception: str) -> NoReturn:
        self.lost = (outcome, exception)
        raise _Lost

    def _raise(self, parts: list[Any]) -> None:
        message = parts[1] if len(parts) == 2 and isinstance(parts[1], str) else ""
        outcome, self.raised_name = _outcome_of(parts)
        if outcome == "resource limit":
            self._lose(outcome, self.raised_name)
        known = next((_RAISABLE[name] for name in _names(parts) if name in _RAISABLE), RuntimeError)
        self.raised = known(message[:_MAX_MESSAGE_CHARACTERS])
        raise self.raised


def run(
    channel: int,
    *,
    program: str,
    check: str,
    entry_point: str,
    prompt: str,
    report: Callable[[Rung, int], None],
) -> tuple[Outcome, str, Any]:
    """Runs one check in this process and returns its outcome.

    Args:
        channel: to a jailed worker that waits for its program.
        program: untrusted; it goes to the worker and is not looked at here.
        check: as `verdict.Job` says.
        entry_point: the function's name in `program` and `check`.
        prompt: trusted, run first; or "".
        report: called with the rung reached and the number of answered calls, after each change.

    Returns:
        The outcome, the builtin exception class behind it or "", and what a check that passed bound to `ANSWER`.
    """
    candidate = _Candidate(channel, report)
    try:
        failure = candidate.load(program, entry_point)
    except codec.Closed:
        return "crashed", "", None
    except _Lost:
        outcome, exception = candidate.lost or ("crashed", "")
        return outcome, exception, None
    if failure is not None:
        return *failure, None
    try:
        answer = _run_check(candidate, check, entry_point, prompt)
    except BaseException as error:
        return *_failure(candidate, error), None
    if candidate.lost is not None:
        return *candidate.lost, None
    return ("passed", "", answer) if candidate.calls else ("broken check", "", None)


def _run_check(candidate: _Candidate, check: str, entry_point: str, prompt: str) -> Any:
    def stub(*arguments: Any, **keywords: Any) -> Any:
        return candidate.call(arguments, keywords)

    stub.__name__ = stub.__qualname__ = entry_point
    namespace: dict[str, Any] = {"__name__": "check"}
    if prompt:
        exec(_compile_prompt(prompt), namespace)
    namespace[entry_point] = stub
    exec(compile(check, "<check>", "exec", dont_inherit=True), namespace)
    function = namespace.get("check")
    if function is not stub and callable(function):
        function(stub)
    return namespace.get(ANSWER)


def _compile_prompt(prompt: str) -> types.CodeType:
    try:
        return compile(prompt, "<prompt>", "exec", dont_inherit=True)
    except SyntaxError:
        # A prompt that stops right after its signature.
        return compile(f"{prompt.rstrip()}\n    pass\n", "<prompt>", "exec", dont_inherit=True)


def _failure(candidate: _Candidate, error: BaseException) -> tuple[Outcome, str]:
    if candidate.lost is not None:
        return candidate.lost
    name = type(error).__name__
    if candidate.raised is not None and candidate.raised in _chain(error):
        return "runtime error", candidate.raised_name
    if candidate.calls == 0:
        return "broken check", name
    if isinstance(error, MemoryError):
        return "resource limit", name
    return "wrong answer", name


def _chain(error: BaseException | None) -> list[BaseException]:
    links: list[BaseException] = []
    while error is not None and error not in links:
        links.append(error)
        error = error.__cause__ or error.__context__
    return links


def _names(parts: list[Any]) -> list[str]:
    """The classes that a worker says it raised, most derived first; it may send anything."""
    names = codec.as_list(parts[0]) if parts else []
    return [name for name in names[:_MAX_NAMES] if isinstance(name, str)]


def _first_known(parts: list[Any]) -> str:
    return next((name for name in _names(parts) if _is_exception(name)), "Exception")


def _outcome_of(parts: list[Any]) -> tuple[Outcome, str]:
    name = _first_known(parts)
    return ("resource limit" if name == "MemoryError" else "runtime error"), name


def _is_exception(name: str) -> bool:
    value = getattr(builtins, name, None)
    return isinstance(value, type) and issubclass(value, BaseException)

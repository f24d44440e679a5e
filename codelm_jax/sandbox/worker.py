"""The worker: runs one untrusted program and answers calls; nothing else that it says is trusted.

By the time `serve` runs, the process is in its jail. It gets the program and the entry point's name, never a test or an
expected value. The program may take over this whole process: what it then writes on the channel is read as return values
of an unknown function, which is what the candidate is in any case.
"""

import builtins
import sys
import types
from collections.abc import Callable
from typing import Any

from codelm_jax.sandbox import codec

_MODULE = "candidate"
_MAX_MESSAGE_CHARACTERS = 500


def serve(channel: int) -> None:
    """Loads the program that arrives on `channel`, then answers calls until the judge hangs up."""
    program, entry_point = codec.receive(channel)
    try:
        code = compile(program, f"<{_MODULE}>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError) as error:
        codec.send(channel, ["unparsable", _builtin_names(error)])
        return
    except MemoryError as error:
        codec.send(channel, ["raised", _builtin_names(error), ""])
        return
    codec.send(channel, ["parsed"])
    # A real module, because dataclasses, pickle and typing look the defining module up by name.
    module = types.ModuleType(_MODULE)
    sys.modules[_MODULE] = module
    try:
        exec(code, module.__dict__)
        candidate = module.__dict__.get(entry_point)
    except BaseException as error:
        codec.send(channel, _raised(error))
        return
    if not callable(candidate):
        codec.send(channel, ["absent"])
        return
    codec.send(channel, ["loaded"])
    while True:
        _answer(channel, candidate, codec.receive(channel))


def _answer(channel: int, candidate: Callable[..., Any], request: list[Any]) -> None:
    arguments, keywords = request
    try:
        values = codec.decode(arguments)
        named = codec.decode(keywords)
        reply = ["value", codec.encode(candidate(*values, **named))]
    except BaseException as error:
        reply = _raised(error)
    try:
        codec.send(channel, reply)
    except (codec.TooLong, MemoryError) as error:
        codec.send(channel, ["raised", ["MemoryError"], type(error).__name__])


def _raised(error: BaseException) -> list[Any]:
    try:
        message = str.__str__(str(error))[:_MAX_MESSAGE_CHARACTERS]
    except BaseException:
        message = ""
    return ["raised", _builtin_names(error), message]


def _builtin_names(error: BaseException) -> list[str]:
    bases = type.mro(type(error))
    return [base.__name__ for base in bases if getattr(builtins, base.__name__, None) is base]

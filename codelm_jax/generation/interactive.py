"""An interactive session: type code, see its completion, change sampling parameters."""

import dataclasses
import os
import shlex
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.generation.code_printer import CodePrinter
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams, stop_from_words
from codelm_jax.generation.scoring import next_tokens

HELP = """\
Type code and press Enter: the model continues it.
Esc Enter starts a new line; arrow keys recall earlier prompts.
  :set temperature 0.2   change a parameter; :set alone shows them all
  :set stop function     or strings: :set stop "\\n\\n" "#"; :set stop none removes them
  :tokens [k]            the most likely next tokens after the last prompt
  :fewshot               turn worked examples before every prompt on or off
  :again                 the last prompt once more, with the next seed
  :help                  this text
  :quit                  leave (or Ctrl-D)"""

_DEFAULT_TOKENS = 10
_NO_STOP = "none"
_BAR_WIDTH = 30


class Session:
    """The state of a session; it reads no input itself."""

    def __init__(self, generator: Generator, params: SamplingParams, examples: str, console: Console):
        """Starts without a prompt.

        Args:
            generator: of the completions.
            params: at the start.
            examples: worked examples for `:fewshot`.
            console: shows everything.
        """
        self.params = params.replace(n=1)
        self.uses_examples = False
        self._generator = generator
        self._examples = examples
        self._console = console
        self._prompt: str | None = None
        self._commands: dict[str, Callable[[list[str]], None]] = {
            "set": self._set,
            "tokens": self._tokens,
            "fewshot": self._fewshot,
            "again": self._again,
            "help": lambda _: self._say(HELP),
        }

    def handle(self, text: str) -> bool:
        """Answers one input; False if it ends the session. Mistakes are shown, not raised."""
        try:
            if not text.startswith(":"):
                self._prompt = text
                self._complete()
                return True
            name, *arguments = _words(text[1:])
            if name in ("quit", "q", "exit"):
                return False
            if name not in self._commands:
                raise UserError(
                    f":{name} is no command{did_you_mean(name, [*self._commands])}; :help lists them"
                )
            self._commands[name](arguments)
        except UserError as error:
            self._say(f"error: {error}", style="red")
        return True

    def _complete(self) -> None:
        prompt = self._full_prompt()
        colour = self._console.is_terminal
        printer = CodePrinter(self._write, colour=colour)
        if self._prompt:
            printer.feed(self._prompt)
            printer.close()
        printer = CodePrinter(self._write, colour=colour, before=self._prompt or "")
        try:
            for piece in self._generator.stream(prompt, self.params):
                printer.feed(piece)
        except KeyboardInterrupt:
            pass
        printer.close()
        self._write("\n")

    def _set(self, arguments: list[str]) -> None:
        if not arguments:
            for field in dataclasses.fields(self.params):
                if field.name != "n":
                    self._say(f"{field.name} = {getattr(self.params, field.name)!r}")
            return
        name, *values = arguments
        known = {
            field.name: getattr(self.params, field.name)
            for field in dataclasses.fields(self.params)
            if field.name != "n"
        }
        if name not in known:
            hint = did_you_mean(name, [*known])
            raise UserError(f":set {name}: no such parameter{hint}; :set alone lists them")
        if not values:
            raise UserError(f":set {name}: give a value; it is {known[name]!r}")
        self.params = SamplingParams.parse(known | {name: _value(name, known[name], values)}, ":set")
        self._say(f"{name} = {getattr(self.params, name)!r}")

    def _tokens(self, arguments: list[str]) -> None:
        count = arguments[0] if arguments else str(_DEFAULT_TOKENS)
        if not count.isdecimal() or int(count) < 1:
            raise UserError(f":tokens {count}: give a number of tokens, e.g. :tokens 20")
        table = Table("token", "id", "probability", "")
        for token in next_tokens(self._generator.text_model, self._full_prompt(), int(count)):
            bar = "█" * round(token.probability * _BAR_WIDTH)
            table.add_row(repr(token.text), str(token.token_id), f"{token.probability:.1%}", bar)
        self._console.print(table)

    def _fewshot(self, _: list[str]) -> None:
        self.uses_examples = not self.uses_examples
        self._say("worked examples go before every prompt" if self.uses_examples else "no examples")

    def _again(self, _: list[str]) -> None:
        self._full_prompt()
        self.params = self.params.replace(seed=(self.params.seed + 1) % 2**32)
        self._complete()

    def _full_prompt(self) -> str:
        if self._prompt is None:
            raise UserError("nothing has been typed yet: type some code first")
        return (self._examples if self.uses_examples else "") + self._prompt

    def _say(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _write(self, text: str) -> None:
        # The console would wrap lines and read brackets as markup.
        self._console.file.write(text)
        self._console.file.flush()


def run(generator: Generator, params: SamplingParams, examples: str) -> None:
    """Runs a session on the terminal until the user ends it."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.lexers import PygmentsLexer
    from pygments.lexers.python import PythonLexer

    bindings = KeyBindings()
    bindings.add("escape", "enter")(lambda event: event.current_buffer.insert_text("\n"))
    terminal: Any = PromptSession(
        history=_history(),
        lexer=PygmentsLexer(PythonLexer),
        key_bindings=bindings,
        reserve_space_for_menu=0,
    )
    session = Session(generator, params, examples, Console())
    session.handle(":help")
    while True:
        try:
            text = terminal.prompt(">>> ", prompt_continuation="... ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text and not session.handle(text):
            return


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f":{text}: {error}") from None
    return words or ["help"]


def _value(name: str, current: Any, values: list[str]) -> Any:
    """Parses the words as the type of the current value."""
    if name == "stop":
        if values in ([""], [_NO_STOP]):
            return ()
        return stop_from_words([_unescaped(value) for value in values], ":set stop")
    (text, *more) = values
    if more:
        raise UserError(f":set {name}: takes one value")
    if isinstance(current, bool):
        return {"true": True, "on": True, "false": False, "off": False}.get(text.lower(), text)
    for kind in (int, float) if isinstance(current, float) else (int,) if isinstance(current, int) else ():
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _unescaped(text: str) -> str:
    """Decodes escapes as Python source does; other backslashes stay.

    Raises:
        UserError: an escape is malformed.
    """
    with warnings.catch_warnings():
        # Python deprecates backslashes that start no escape.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
        except UnicodeDecodeError as error:
            raise UserError(
                f":set stop {text}: {error.reason}; a backslash itself is written twice, in quotes"
            ) from None


def _history() -> Any:
    """Prompts of earlier sessions, in a file; in memory where the user has no writable home directory."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        file = Path(base) / "codelm_jax" / "prompts"
        file.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return InMemoryHistory()
    return FileHistory(str(file))

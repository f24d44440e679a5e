"""Input and output of the sampling command."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from codelm_jax.dataclass_flags import parse_values
from codelm_jax.errors import UserError
from codelm_jax.generation.code_printer import CodePrinter
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams, stop_from_words

STANDARD_INPUT = "-"


def params_from_flags(values: Mapping[str, Any], stop: Sequence[str]) -> SamplingParams:
    """Sampling parameters from flags of the same names.

    Args:
        values: of the flags, by name.
        stop: stop strings, or one name of a stop rule.

    Raises:
        UserError: names the flag whose value is not possible.
    """
    return parse_values(SamplingParams, {**values, "stop": stop_from_words(stop, "--stop")})


def read_prompt(path: str) -> str:
    """The text of a file, or of standard input for `-`.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    # As bytes: text mode turns \r\n into \n, and decodes standard input as the locale says.
    try:
        content = sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        name = "standard input" if path == STANDARD_INPUT else f"--prompt_file={path}"
        raise UserError(f"{name}: cannot read it: {error}") from None


def print_completions(
    generator: Generator, prompts: Sequence[str], params: SamplingParams, *, as_json: bool, out: TextIO
) -> None:
    """Prints each prompt with its completions; a single completion is printed while it is decoded."""
    colour = out.isatty()
    if len(prompts) == params.n == 1 and not as_json:
        # The first piece raises where the prompt does not fit: before anything is printed.
        pieces = generator.stream(prompts[0], params)
        first = next(pieces, "")
        _show(out, prompts[0] + first, pieces, colour=colour)
        return
    for number, (prompt, completions) in enumerate(
        zip(prompts, generator.generate(prompts, params), strict=True)
    ):
        for sample, completion in enumerate(completions):
            if as_json:
                out.write(json.dumps({"prompt": prompt, **dataclasses.asdict(completion)}) + "\n")
            else:
                out.write(
                    f"# --- prompt {number + 1} of {len(prompts)}, completion {sample + 1} of {params.n}\n"
                )
                _show(out, prompt + completion.text, (), colour=colour)


def _show(out: TextIO, text: str, pieces: Any, *, colour: bool) -> None:
    def write(part: str) -> None:
        out.write(part)
        out.flush()

    printer = CodePrinter(write, colour=colour)
    printer.feed(text)
    for piece in pieces:
        printer.feed(piece)
    printer.close()
    write("\n")

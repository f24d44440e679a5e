"""Completes Python code with a trained model.

python scripts/sample.py --checkpoint=runs/tiny --prompt="def fibonacci(n):"
python scripts/sample.py --checkpoint=runs/tiny --prompt_file=start.py --n=5 --stop=function
echo "class Stack:" | python scripts/sample.py --checkpoint=runs/tiny --json
python scripts/sample.py --checkpoint=runs/tiny --interactive
"""

import sys

from absl import flags

from codelm_jax import cli, compilation_cache, devices
from codelm_jax.errors import UserError
from codelm_jax.evals.templates import load_templates
from codelm_jax.generation import command_line, interactive
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import STOP_PRESETS

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A run, its checkpoints, one step, or an export.", required=True
)
_PROMPT = flags.DEFINE_multi_string("prompt", [], "Text to complete; repeatable. Default: standard input.")
_PROMPT_FILE = flags.DEFINE_multi_string(
    "prompt_file", [], "File to complete, - for standard input; repeatable."
)
_JSON = flags.DEFINE_bool("json", False, "Prints one JSON object a completion.")
_INTERACTIVE = flags.DEFINE_bool("interactive", False, "Asks for prompts on the terminal.")
_STOP = flags.DEFINE_multi_string("stop", [], f"Stop string, repeatable; or {', '.join(STOP_PRESETS)}.")
_SAMPLING = [
    flags.DEFINE_float("temperature", 0.7, "0 is greedy."),
    flags.DEFINE_integer("top_k", 40, "Only the k most probable tokens; 0 is all."),
    flags.DEFINE_float("top_p", 1.0, "Only the most probable tokens that reach this probability together."),
    flags.DEFINE_float("min_p", 0.0, "Only tokens with this share of the most probable one's probability."),
    flags.DEFINE_float("repetition_penalty", 1.0, "Above 1 makes tokens that have occurred less probable."),
    flags.DEFINE_integer("no_repeat_ngram", 0, "No n tokens in a row occur twice; 0 is no such rule."),
    flags.DEFINE_bool("spare_syntax", True, "Repetition controls leave punctuation and keywords alone."),
    flags.DEFINE_integer("max_new_tokens", 100, "The most tokens a completion may have."),
    flags.DEFINE_integer("seed", 0, "The same seed gives the same completion."),
    flags.DEFINE_integer("n", 1, "Completions a prompt."),
    flags.DEFINE_bool("heal", True, "Lets the first token complete the prompt's last one."),
    flags.DEFINE_enum("overflow", "error", ["error", "truncate_left", "slide"], "Beyond the context."),
]


def main() -> None:
    """Prints completions of the prompts, or talks."""
    params = command_line.params_from_flags({flag.name: flag.value for flag in _SAMPLING}, _STOP.value)
    if _INTERACTIVE.value and not sys.stdin.isatty():
        raise UserError("--interactive needs a terminal: give --prompt=TEXT, or standard input without it")
    devices.warn_if_gpu_unused()
    compilation_cache.enable()
    generator = Generator.from_checkpoint(_CHECKPOINT.value)
    if _INTERACTIVE.value:
        interactive.run(generator, params, examples=load_templates().category[0].prefix)
        return
    files = _PROMPT_FILE.value if _PROMPT.value or _PROMPT_FILE.value else [command_line.STANDARD_INPUT]
    prompts = [*_PROMPT.value, *map(command_line.read_prompt, files)]
    command_line.print_completions(generator, prompts, params, as_json=_JSON.value, out=sys.stdout)


def run() -> None:
    """Entry point of `codelm-sample`."""
    cli.run(main)


if __name__ == "__main__":
    run()

"""Completes Python code with a trained model.

python scripts/sample.py --checkpoint=runs/tiny --prompt="def fibonacci(n):"
python scripts/sample.py --checkpoint=runs/tiny --prompt_file=start.py --n=5 --stop=function
echo "class Stack:" | python scripts/sample.py --checkpoint=runs/tiny --json
python scripts/sample.py --checkpoint=runs/tiny --interactive
"""

import sys

from absl import flags

from codelm_jax import cli, compilation_cache, dataclass_flags, devices
from codelm_jax.errors import UserError
from codelm_jax.evals.templates import load_templates
from codelm_jax.generation import command_line, interactive
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import STOP_PRESETS, SamplingParams

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A run, its checkpoints, one step, or an export.", required=True
)
_PROMPT = flags.DEFINE_multi_string("prompt", [], "Text to complete; repeatable. Default: standard input.")
_PROMPT_FILE = flags.DEFINE_multi_string(
    "prompt_file", [], "File to complete, - for standard input; repeatable."
)
_JSON = flags.DEFINE_bool("json", False, "Print one JSON object per completion.")
_INTERACTIVE = flags.DEFINE_bool("interactive", False, "Ask for prompts on the terminal.")
_STOP = flags.DEFINE_multi_string("stop", [], f"Stop string, repeatable; or {', '.join(STOP_PRESETS)}.")
_SAMPLING = dataclass_flags.define(
    SamplingParams, without=("stop",), temperature=0.7, top_k=40, max_new_tokens=100
)


def main() -> None:
    """Prints completions of the prompts, or starts a session on the terminal."""
    params = command_line.params_from_flags(dataclass_flags.values(_SAMPLING), _STOP.value)
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

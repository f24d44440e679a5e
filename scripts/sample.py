"""Completes Python code with a trained model.

python scripts/sample.py --checkpoint=runs/strongreg --prompt="def fibonacci(n):"
python scripts/sample.py --checkpoint=runs/strongreg --prompt_file=start.py --n=5 --stop=function
echo "class Stack:" | python scripts/sample.py --checkpoint=runs/strongreg --json
"""

import dataclasses
import json
import sys
from pathlib import Path

from absl import flags

from codelm_jax import cli, compilation_cache
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import STOP_PRESETS, SamplingParams

_CHECKPOINT = flags.DEFINE_string("checkpoint", None, "A run, its checkpoints, or one step.", required=True)
_PROMPT = flags.DEFINE_multi_string("prompt", None, "Text to complete; repeatable. Default: standard input.")
_PROMPT_FILE = flags.DEFINE_multi_string("prompt_file", [], "File whose text to complete; repeatable.")
_JSON = flags.DEFINE_bool("json", False, "Prints one JSON object a completion.")
_STOP = flags.DEFINE_multi_string(
    "stop", [], f"Stop string, repeatable; or one of {', '.join(STOP_PRESETS)}."
)
_SAMPLING = [
    flags.DEFINE_float("temperature", 0.7, "0 is greedy."),
    flags.DEFINE_integer("top_k", 40, "Only the k most probable tokens; 0 is all."),
    flags.DEFINE_float("top_p", 1.0, "Only the most probable tokens that reach this probability together."),
    flags.DEFINE_float("min_p", 0.0, "Only tokens with this share of the most probable one's probability."),
    flags.DEFINE_float("repetition_penalty", 1.0, "Above 1 makes tokens that have occurred less probable."),
    flags.DEFINE_integer("no_repeat_ngram", 0, "No n tokens in a row occur twice; 0 is no such rule."),
    flags.DEFINE_bool(
        "spare_syntax", True, "Repetition controls leave white space, punctuation, keywords alone."
    ),
    flags.DEFINE_integer("max_new_tokens", 100, "The most tokens a completion may have."),
    flags.DEFINE_integer("seed", 0, "The same seed gives the same completion."),
    flags.DEFINE_integer("n", 1, "Completions a prompt."),
    flags.DEFINE_bool("heal", True, "Lets the first token complete the prompt's last one."),
    flags.DEFINE_enum("overflow", "error", ["error", "truncate_left", "slide"], "Beyond the context."),
]


def main() -> None:
    """Prints completions of the prompts."""
    stop = _STOP.value[0] if _STOP.value and _STOP.value[0] in STOP_PRESETS else _STOP.value
    params = SamplingParams.parse({flag.name: flag.value for flag in _SAMPLING} | {"stop": stop}, "--")
    compilation_cache.enable()
    generator = Generator.from_checkpoint(_CHECKPOINT.value)
    prompts = [
        *(_PROMPT.value or []),
        *(Path(path).read_text(encoding="utf-8") for path in _PROMPT_FILE.value),
    ]
    prompts = prompts or [sys.stdin.read()]
    for prompt, completions in zip(prompts, generator.generate(prompts, params), strict=True):
        for completion in completions:
            if _JSON.value:
                print(json.dumps({"prompt": prompt, **dataclasses.asdict(completion)}))
            else:
                print(prompt + completion.text, end="\n\n")


if __name__ == "__main__":
    cli.run(main)

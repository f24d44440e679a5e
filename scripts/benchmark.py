"""Measures speed beside others' on the same machine, in the same run.

    python scripts/benchmark.py decode --config=strongreg                       this package, without a cache, PyTorch, transformers
    python scripts/benchmark.py decode --config=strongreg --nopeers --batch_sizes=1

Needs nothing trained: weights are random, of the shape of --config.
"""

import dataclasses
import json
from pathlib import Path

import jax
from absl import flags

from codelm_jax import cli
from codelm_jax.benchmarks import decode
from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import init_params
from codelm_jax.schema import parse

_CONFIG = cli.define_config()
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", ["1", "8", "64"], "Rows decoded together.")
_PROMPT_TOKENS = flags.DEFINE_integer("prompt_tokens", 56, "Length of each prompt.", lower_bound=1)
_NEW_TOKENS = flags.DEFINE_integer("new_tokens", 200, "Tokens added to each prompt.", lower_bound=2)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Turns of each contender; figures are medians.", lower_bound=1)
_NAIVE = flags.DEFINE_bool("naive", True, "Runs the loop without a cache, too.")
_PEERS = flags.DEFINE_bool("peers", True, "Runs PyTorch and transformers, too.")
_JSON = flags.DEFINE_string("json", None, "File for the figures.")


def main(arguments: list[str]) -> None:
    """Runs the benchmark that is named."""
    if arguments != ["decode"]:
        raise UserError("usage: benchmark.py decode")
    if _CONFIG.value is None:
        raise UserError("--config is missing: name a config file, e.g. --config=strongreg")
    if not _BATCH_SIZES.value or not all(size.isdecimal() and int(size) for size in _BATCH_SIZES.value):
        given = ",".join(_BATCH_SIZES.value)
        raise UserError(f"--batch_sizes={given}: give whole numbers from 1, e.g. --batch_sizes=1,8,64")
    batch_sizes = [int(size) for size in _BATCH_SIZES.value]
    config = parse(ModelConfig, _CONFIG.value.model, "config.model")
    dtype = "float32" if jax.default_backend() == "cpu" else "bfloat16"
    params = init_params(config, jax.random.key(0))
    timings = decode.compare(
        config,
        params,
        dtype,
        batch_sizes=batch_sizes,
        prompt_tokens=_PROMPT_TOKENS.value,
        new_tokens=_NEW_TOKENS.value,
        rounds=_ROUNDS.value,
        with_naive=_NAIVE.value,
        with_peers=_PEERS.value,
    )
    print(decode.table(timings))
    if _JSON.value:
        rows = [dataclasses.asdict(timing) for timing in timings]
        Path(_JSON.value).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def run() -> None:
    """Entry point of `codelm-benchmark`."""
    cli.run(main, positional=True)


if __name__ == "__main__":
    run()

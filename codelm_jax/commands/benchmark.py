"""Measures speed next to other implementations, on the same machine and in the same run.

    python scripts/benchmark.py train --config=strongreg --batch_sizes=4 --peer      training, next to PyTorch
    python scripts/benchmark.py train --config=strongreg --ablate --out=speed.json   one change at a time; resumes
    python scripts/benchmark.py decode --config=strongreg                            next to no cache, PyTorch, transformers
    python scripts/benchmark.py decode --config=strongreg --nopeers --batch_sizes=1
    python scripts/benchmark.py serve --config=strongreg --new_tokens=64             many clients, one client, transformers

Needs nothing trained: weights are random, of the shape of --config.
"""

import dataclasses
import math
import os
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from absl import flags

from codelm_jax import cli, compilation_cache, devices, host_memory
from codelm_jax.atomic import write_json
from codelm_jax.benchmarks import decode, kernel_profile, serve, torch_decode, train, train_table, variants
from codelm_jax.benchmarks.contenders import Ours
from codelm_jax.benchmarks.result_file import ResultFile, check_place
from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import init_params
from codelm_jax.ops.backend import backend_for
from codelm_jax.schema import parse
from codelm_jax.training.config import parse_train_config

_CONFIG = cli.define_config()
_BATCH_SIZES = flags.DEFINE_list(
    "batch_sizes",
    None,
    "decode: rows decoded together (1,8,64); serve: clients at once (1,8,64); train: windows a step (the config's).",
)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Rounds; figures are medians over them.", lower_bound=1)

_PROMPT_TOKENS = flags.DEFINE_integer(
    "prompt_tokens", 56, "decode, serve: length of each prompt.", lower_bound=1
)
_NEW_TOKENS = flags.DEFINE_integer(
    "new_tokens", 200, "decode, serve: tokens added to each prompt.", lower_bound=2
)
_NAIVE = flags.DEFINE_bool("naive", True, "decode: also run the loop without a cache.")
_PEERS = flags.DEFINE_bool("peers", True, "decode, serve: also run PyTorch and transformers.")
_JSON = flags.DEFINE_string("json", None, "decode, serve: write the figures to this file.")

_PEER = flags.DEFINE_bool("peer", False, "train: also run PyTorch, in turns.")
_ABLATE = flags.DEFINE_bool("ablate", False, "train: also run variants of the step, at the first batch size.")
_ONLY = flags.DEFINE_list("only", None, "train: run only these variants and PyTorch modes.")
_DTYPES = flags.DEFINE_list("dtypes", None, "train: float32, bfloat16 or both; ratios are to the first.")
_TURN = flags.DEFINE_float("turn_seconds", 1.0, "train: least length of a turn.", lower_bound=0.0)
_PROFILE = flags.DEFINE_bool(
    "profile", False, "train: print where the time of a step goes, by kind of kernel."
)
_OUT = flags.DEFINE_string(
    "out", None, "train: JSON file for the figures; the same command adds what is missing."
)


def main(arguments: list[str]) -> None:
    """Runs the named benchmark."""
    commands = {"train": _train, "decode": _decode, "serve": _serve}
    if len(arguments) != 1 or arguments[0] not in commands:
        hint = did_you_mean(arguments[0], [*commands]) if len(arguments) == 1 else ""
        raise UserError(f"usage: benchmark.py {'|'.join(commands)} --config=FILE{hint}")
    if _CONFIG.value is None:
        raise UserError("--config is missing: name a config file, e.g. --config=strongreg")
    commands[arguments[0]]()


def _train() -> None:
    config = parse_train_config(_CONFIG.value.to_dict())
    batch_sizes = _sizes() or [config.batch_size]
    plan = train.Plan(
        config=config,
        batch_sizes=batch_sizes,
        dtypes=(),
        peer_modes=(),
        peer_modes_once=(),
        variants={},
        rounds=_ROUNDS.value,
        turn_seconds=_TURN.value,
    )
    if _PEER.value:
        # Both have to fit into the memory of the GPU, and JAX would reserve most of it.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    host_memory.keep_freed_memory()
    devices.one_cpu_device_per_core(math.gcd(*batch_sizes) // config.grad_accum_steps or 1)
    devices.warn_if_gpu_unused()
    plan = _chosen(plan)
    results = ResultFile(Path(_OUT.value) if _OUT.value else None, train.setting(config))
    print(train_table.formula(config), flush=True)
    train.run_plan(plan, results, lambda line: print(line, flush=True))
    print(train_table.table(results.results))
    if _PROFILE.value:
        _profile(plan, results)


def _profile(plan: train.Plan, results: ResultFile) -> None:
    batch, dtype = plan.batch_sizes[0], plan.dtypes[0]
    key = {"part": "profile", "batch": batch, "base": f"{train.OURS} {dtype}"}
    if not results.has(**key):
        ours = Ours(variants.changed(plan.config, {"batch_size": batch, "compute_dtype": dtype}))
        shares = [dataclasses.asdict(share) for share in kernel_profile.by_kind(ours)]
        results.add([{**key, "contender": "profile", "shares": shares}])
    (found,) = (result for result in results.results if key.items() <= result.items())
    print(kernel_profile.table([kernel_profile.Share(**share) for share in found["shares"]]))


def _chosen(plan: train.Plan) -> train.Plan:
    """The plan with the requested variants and modes."""
    known = variants.variants_here()
    modes = (*train.PEER_MODES, *train.PEER_MODES_ONCE)
    for word in _ONLY.value or ():
        if word not in known and word not in modes:
            raise UserError(
                f"--only={word}: not known here{did_you_mean(word, [*known, *modes])}; there are {', '.join([*known, *modes])}"
            )
    wanted = {name: v for name, v in known.items() if not _ONLY.value or name in _ONLY.value}
    once = train.PEER_MODES_ONCE if jax.default_backend() == "gpu" or _ONLY.value else ()

    def asked(modes: Sequence[str]) -> list[str]:
        return [mode for mode in modes if _PEER.value and (not _ONLY.value or mode in _ONLY.value)]

    dtypes = _DTYPES.value or [_dtype(plan.config.compute_dtype)]
    if not set(dtypes) <= {"float32", "bfloat16"}:
        raise UserError(f"--dtypes={','.join(dtypes)}: give float32, bfloat16 or both")
    return dataclasses.replace(
        plan,
        dtypes=dtypes,
        variants=wanted if _ABLATE.value else {},
        peer_modes=asked(train.PEER_MODES),
        peer_modes_once=asked(once),
    )


def _decode() -> None:
    _check_json()
    config = parse(ModelConfig, _CONFIG.value.model, "config.model")
    dtype = _dtype()
    batch_sizes = _sizes() or [1, 8, 64]
    params = init_params(config, jax.random.key(0))
    peers = torch_decode.peers(config, params, dtype) if _PEERS.value else {}
    timings = decode.compare(
        config,
        params,
        dtype,
        batch_sizes=batch_sizes,
        prompt_tokens=_PROMPT_TOKENS.value,
        new_tokens=_NEW_TOKENS.value,
        rounds=_ROUNDS.value,
        with_naive=_NAIVE.value,
        peers=peers,
    )
    print(decode.table(timings))
    _keep(timings)


def _serve() -> None:
    _check_json()
    config = parse(ModelConfig, _CONFIG.value.model, "config.model")
    compilation_cache.enable()
    timings = serve.compare(
        config,
        init_params(config, jax.random.key(0)),
        _dtype(),
        client_counts=_sizes() or [1, 8, 64],
        prompt_tokens=_PROMPT_TOKENS.value,
        new_tokens=_NEW_TOKENS.value,
        rounds=_ROUNDS.value,
        with_peers=_PEERS.value,
    )
    print(serve.table(timings))
    _keep(timings)


def _dtype(asked: str = "auto") -> str:
    return np.dtype(backend_for(jax.devices()[0], dtype=asked).dtype).name


def _check_json() -> None:
    if _JSON.value:
        check_place("json", Path(_JSON.value))


def _keep(timings: Sequence[decode.Timing] | Sequence[serve.ServeTiming]) -> None:
    if _JSON.value:
        rows = [dataclasses.asdict(timing) for timing in timings]
        write_json(Path(_JSON.value), rows)


def _sizes() -> list[int]:
    given = _BATCH_SIZES.value
    if given is None:
        return []
    if not given or not all(size.isdecimal() and int(size) for size in given):
        raise UserError(
            f"--batch_sizes={','.join(given)}: give whole numbers from 1, e.g. --batch_sizes=1,8,64"
        )
    return [int(size) for size in given]


def run() -> None:
    """Entry point of `codelm-benchmark`."""
    cli.run(main, positional=True)


if __name__ == "__main__":
    run()

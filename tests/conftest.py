"""What holds for every test: strict numerics, and programs compiled once for all of them.

Tests compile hundreds of small programs that run for milliseconds, so XLA is asked for little optimisation, and what
it compiled is kept in `.cache/` for the other worker, for subprocesses and for the next run. `make train` and
`make test-peers` run fully optimised programs.
"""

import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

import contextlib
import functools

import jax
import pytest
from command_process import CommandProcess

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session")
def command_process():
    """From the name of a command to the process that runs it for all tests of this worker."""
    with contextlib.ExitStack() as processes:
        yield functools.cache(lambda command: processes.enter_context(CommandProcess(command)))


@pytest.fixture(scope="session")
def training(command_process):
    """The process that runs the training command."""
    return command_process("train")

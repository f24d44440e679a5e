"""Runs the evaluate command several times in one process, with a toy suite registered.

    python tests/evals/evaluate_process.py < invocations.json

Reads a list of argument lists, and prints how each ended as JSON. The last one meets a sandbox that breaks down.
"""

import json
import sys

from command_process import ROOT, result_of
from toy_suite import TOY

from codelm_jax.commands import evaluate
from codelm_jax.evals import registry
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError


def _break_down(self: Sandbox) -> Sandbox:
    raise SandboxError("sandbox: the fork server is gone")


def main() -> None:
    """Answers on standard output."""
    registry.SUITES.append(TOY)
    *invocations, last = json.load(sys.stdin)
    ended = [result_of(evaluate, str(ROOT), arguments) for arguments in invocations]
    Sandbox.__enter__ = _break_down
    print(json.dumps([*ended, result_of(evaluate, str(ROOT), last)]))


if __name__ == "__main__":
    main()

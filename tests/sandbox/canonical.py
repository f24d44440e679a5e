"""Judges known programs with one kind of isolation; a separate program, so that any user can run it.

python -m canonical JOBS OUTPUT ISOLATION

JOBS is JSON, a list of [program, check, entry_point, prompt]; OUTPUT gets {"layers": [...], "failed": {number: outcome}}.
"""

import json
import pathlib
import sys

import circumstances

from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job


def main():
    jobs, output, isolation = sys.argv[1:]
    programs = [Job(*job) for job in json.loads(pathlib.Path(jobs).read_text())]
    with Sandbox(isolation=circumstances.enter(isolation)) as sandbox:
        verdicts = sandbox.judge_all(programs)
        failed = {number: verdict.outcome for number, verdict in enumerate(verdicts) if not verdict.passed}
        report = {"layers": sandbox.layers, "failed": failed}
    pathlib.Path(output).write_text(json.dumps(report))


if __name__ == "__main__":
    main()

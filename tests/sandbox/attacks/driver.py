"""Runs attacks with one kind of isolation and writes what they achieved; a separate program, so that any user can run it.

    python -m attacks.driver OUTPUT bare|sandbox ISOLATION TIMEOUT TOKEN [NAME ...]

ISOLATION is what `circumstances.enter` takes. OUTPUT gets JSON:
for each attack its `harm` (empty: nothing achieved) and `outcome`, the words that a program left behind would have on its command
line, the sandbox's layers, and, as of the end of the run, whether a good program still passes. Without names, all attacks run.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import circumstances
from attacks import bare, catalogue, world

from codelm_jax.sandbox.pool import PATIENCE, Sandbox

_OUTPUT_FLOOD_BYTES = 10 * 2**20
_LATE_MARGIN_SECONDS = 2.0
_GOOD = ("def solve(x):\n    return x + 1\n", "def check(candidate):\n    assert candidate(7) == 8\n")


def run_bare(attack: catalogue.Attack, here: world.World) -> tuple[list[str], str]:
    limit = "1" if attack.kind == "hangs" else "20"
    directory = tempfile.mkdtemp(prefix="bare-")
    paths = {name: os.path.join(directory, name) for name in ("program", "check", "result", "output")}
    pathlib.Path(paths["program"]).write_text(here.header() + attack.program)
    pathlib.Path(paths["check"]).write_text(here.fill(attack.check))
    try:
        with open(paths["output"], "wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-S", "-B", bare.__file__, "supervise", limit),
                    *(paths["program"], paths["check"], here.secret_file, paths["result"], here.token),
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=directory,
                env={"CODELM_SECRET": here.stolen, "PATH": "/usr/bin:/bin"},
                start_new_session=True,
            )
            status = process.wait(60)
            assert process.stdin is not None
            process.stdin.close()
        outcome = pathlib.Path(paths["result"]).read_text() if status == 0 else "harness killed"
        harm = here.harm()
        if outcome != "failed":
            harm.append(outcome)
        if os.path.getsize(paths["output"]) > _OUTPUT_FLOOD_BYTES:
            harm.append("output flooded")
        survivors = world.processes_with(paths["program"]) + world.processes_with(here.sleep)
        if survivors:
            harm.append("process left behind")
        for pid in survivors:
            os.kill(pid, signal.SIGKILL)
        return harm, outcome
    finally:
        here.close()
        subprocess.run(["rm", "-rf", directory], check=True)


def run_in_sandbox(
    sandbox: Sandbox, attack: catalogue.Attack, timeout: float, here: world.World
) -> tuple[list[str], str]:
    try:
        os.environ["CODELM_SECRET"] = here.stolen
        started = time.monotonic()
        verdict = sandbox.judge(here.header() + attack.program, here.fill(attack.check), "solve")
        seconds = time.monotonic() - started
        harm = here.harm()
        if verdict.passed:
            harm.append("passed")
        if seconds > PATIENCE * timeout + _LATE_MARGIN_SECONDS:
            harm.append("late")
        if world.processes_with(here.sleep):
            harm.append("process left behind")
        return harm, verdict.outcome
    finally:
        here.close()


def main() -> None:
    output, mode, isolation, timeout, token, *names = sys.argv[1:]
    attacks = [attack for attack in catalogue.read_all() if not names or attack.name in names]
    report: dict = {"attacks": {}, "sleeps": []}
    if mode == "bare":
        for attack in attacks:
            here = world.World(token)
            report["sleeps"].append(here.sleep)
            harm, outcome = run_bare(attack, here)
            report["attacks"][attack.name] = {"harm": harm, "outcome": outcome}
    else:
        # Anything that still wrote to these would be a leak out of the sandbox.
        with tempfile.TemporaryFile() as inherited:
            os.dup2(inherited.fileno(), 1)
            os.dup2(inherited.fileno(), 2)
            kinds = circumstances.enter(isolation)
            with Sandbox(workers=1, timeout_seconds=float(timeout), isolation=kinds) as sandbox:
                report["layers"] = list(sandbox.layers)
                for attack in attacks:
                    here = world.World(token)
                    report["sleeps"].append(here.sleep)
                    harm, outcome = run_in_sandbox(sandbox, attack, float(timeout), here)
                    if os.fstat(inherited.fileno()).st_size > 0:
                        harm.append("output leaked")
                        os.ftruncate(inherited.fileno(), 0)
                    report["attacks"][attack.name] = {"harm": harm, "outcome": outcome}
                report["still_judges"] = sandbox.judge(*_GOOD, "solve").passed
    pathlib.Path(output).write_text(json.dumps(report))


if __name__ == "__main__":
    main()

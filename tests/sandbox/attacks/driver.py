"""Runs attacks under one set of circumstances and writes what they achieved; a program of its own, so that any user can be it.

    python -m attacks.driver OUTPUT bare|sandbox ISOLATION TIMEOUT TOKEN [NAME ...]

OUTPUT gets JSON: for each attack its `harm` (empty: nothing achieved) and `outcome`, the sandbox's layers, and, as of the
end of the run, whether a good program still passes. Without names, all attacks run.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from attacks import bare, catalogue, world

from codelm_jax.sandbox.pool import Sandbox

_OUTPUT_FLOOD_BYTES = 10 * 2**20
_LATE_MARGIN_SECONDS = 2.0
_GOOD = ("def solve(x):\n    return x + 1\n", "def check(candidate):\n    assert candidate(7) == 8\n")


def run_bare(attack: catalogue.Attack, token: str) -> tuple[list[str], str]:
    here = world.World(token)
    limit = "1" if attack.kind == "hangs" else "6"
    directory = tempfile.mkdtemp(prefix="bare-")
    paths = {name: os.path.join(directory, name) for name in ("program", "check", "result", "output")}
    pathlib.Path(paths["program"]).write_text(here.header() + attack.program)
    pathlib.Path(paths["check"]).write_text(here.fill(attack.check))
    try:
        with open(paths["output"], "wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-S", "-B", bare.__file__, "supervise", limit),
                    *(paths["program"], paths["check"], here.secret_file, paths["result"], token),
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=directory,
                env={"CODELM_SECRET": here.stolen, "PATH": "/usr/bin:/bin"},
                start_new_session=True,
            )
            status = process.wait(30)
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
    sandbox: Sandbox, attack: catalogue.Attack, token: str, timeout: float
) -> tuple[list[str], str]:
    here = world.World(token)
    try:
        os.environ["CODELM_SECRET"] = here.stolen
        started = time.monotonic()
        verdict = sandbox.judge(here.header() + attack.program, here.fill(attack.check), "solve")
        seconds = time.monotonic() - started
        harm = here.harm()
        if verdict.passed:
            harm.append("passed")
        if seconds > timeout + _LATE_MARGIN_SECONDS:
            harm.append("late")
        if world.processes_with(here.sleep):
            harm.append("process left behind")
        return harm, verdict.outcome
    finally:
        here.close()


def main() -> None:
    output, mode, isolation, timeout, token, *names = sys.argv[1:]
    attacks = [attack for attack in catalogue.read_all() if not names or attack.name in names]
    report: dict = {"attacks": {}, "user": os.geteuid()}
    if mode == "bare":
        for attack in attacks:
            harm, outcome = run_bare(attack, token)
            report["attacks"][attack.name] = {"harm": harm, "outcome": outcome}
    else:
        # Anything that still wrote to these would be a leak out of the sandbox.
        with tempfile.TemporaryFile() as inherited:
            os.dup2(inherited.fileno(), 1)
            os.dup2(inherited.fileno(), 2)
            kinds = ("namespaces", "bubblewrap", "none") if isolation == "auto" else (isolation,)
            with Sandbox(workers=1, timeout_seconds=float(timeout), isolation=kinds) as sandbox:
                report["layers"] = list(sandbox.layers)
                for attack in attacks:
                    harm, outcome = run_in_sandbox(sandbox, attack, token, float(timeout))
                    if os.fstat(inherited.fileno()).st_size > 0:
                        harm.append("output leaked")
                        os.ftruncate(inherited.fileno(), 0)
                    report["attacks"][attack.name] = {"harm": harm, "outcome": outcome}
                report["still_judges"] = sandbox.judge(*_GOOD, "solve").passed
    pathlib.Path(output).write_text(json.dumps(report))


if __name__ == "__main__":
    main()

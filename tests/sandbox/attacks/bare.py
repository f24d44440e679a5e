"""What the attacks are shown to work against: a harness that runs program and check in one process, and believes it.

`supervise` starts `run` as a child, gives it a time limit from within (an alarm, as public harnesses do), and takes either an exit
status of 0 or the word "passed" on the result pipe for a pass. It kills the child only long after its limit, and says `late`.
The limit is the driver's to give: short for attacks that are about time, long for the others, which a loaded machine slows.
"""

import os
import signal
import subprocess
import sys

GRACE_SECONDS = 2.0


def run_check(namespace, check_source):
    exec(check_source, namespace)
    namespace["check"](namespace["solve"])


def run(program_path, check_path, result, limit):
    def out_of_time(*details):
        raise TimeoutError

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, limit)
    with open(program_path) as file:
        program = file.read()
    with open(check_path) as file:
        check = file.read()
    namespace = {"__name__": "candidate"}
    exec(program, namespace)
    run_check(namespace, check)
    os.write(result, b"passed")


def supervise(limit, program_path, check_path, secret_path):
    reader, writer = os.pipe()
    secret = os.open(secret_path, os.O_RDONLY)
    child = subprocess.Popen(
        [sys.executable, "-S", "-B", __file__, "run", program_path, check_path, str(writer), limit],
        pass_fds=(writer, secret),
    )
    os.close(writer)
    try:
        status = child.wait(float(limit) + GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return "late"
    os.set_blocking(reader, False)
    try:
        said = os.read(reader, 100_000)
    except BlockingIOError:
        said = b""
    return "passed" if status == 0 or b"passed" in said else "failed"


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
    else:
        with open(sys.argv[6], "w") as file:
            file.write(supervise(*sys.argv[2:6]))

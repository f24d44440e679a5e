"""A pool of judges: untrusted programs in, verdicts out, several at a time.

Each slot of the pool is a judge and a fork server, both a fresh `python -I -S -B` with a clean environment. The fork server keeps jailed
workers ready; the judge hands each sample to one of them, runs the check against it in a separate process, and has the
worker killed.
"""

import contextlib
import json
import math
import os
import select
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from codelm_jax.sandbox import bubblewrap, codec, jail, scratch, selftest
from codelm_jax.sandbox.verdict import Job, SandboxError, Verdict

ISOLATIONS = ("namespaces", "bubblewrap", "none")

_PACKAGE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from codelm_jax.sandbox.{module} import main; del sys.path[0]; main(sys.argv[2])"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}
_MEMORY_DIRECTORY = "/dev/shm"
_START_SECONDS = 60.0
_GRACE_SECONDS = 90.0
_CLOSE_SECONDS = 20.0
# Wall-clock time a sample may take for each second of processor time that it may use.
PATIENCE = 5.0


class _Slot:
    """A judge with its fork server, and the socket on which jobs go in and verdicts come out."""

    def __init__(
        self, isolation: str, *, timeout_seconds: float, memory_bytes: int, scratch_directory: str | None
    ):
        try:
            self.scratch_root = tempfile.mkdtemp(prefix="codelm-sandbox-", dir=scratch_directory)
        except OSError as error:
            raise SandboxError(
                f"sandbox: no room for scratch space: {error}; free some or set TMPDIR"
            ) from error
        self.processes: list[subprocess.Popen[bytes]] = []
        self.socket, host = socket.socketpair()
        judge_end, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fork_server = {
            "isolation": isolation,
            "control": server_end.fileno(),
            "scratch_root": self.scratch_root,
            "memory_bytes": memory_bytes,
            "cpu_seconds": math.ceil(timeout_seconds) + 1,
        }
        judge = {
            "host": host.fileno(),
            "control": judge_end.fileno(),
            "scratch_root": self.scratch_root,
            "timeout_seconds": timeout_seconds,
            "wall_seconds": PATIENCE * timeout_seconds,
        }
        try:
            prefix = self._wrapper() if isolation == "bubblewrap" else []
            self._start("fork_server", fork_server, prefix, server_end.fileno())
            self._start("judge", judge, [], host.fileno(), judge_end.fileno())
        except OSError as error:
            self.close()
            raise SandboxError(f"sandbox: cannot start {sys.executable}: {error}") from error
        finally:
            for end in (host, judge_end, server_end):
                end.close()

    def _wrapper(self) -> list[str]:
        libraries = [os.path.dirname(os.__file__)]
        return bubblewrap.command(self.scratch_root, _PACKAGE_ROOT, libraries) or []

    def _start(self, module: str, settings: dict[str, Any], prefix: Sequence[str], *descriptors: int) -> None:
        # The interpreter behind a virtual environment's link: a jail may not show the environment itself.
        python = os.path.realpath(sys.executable)
        command = [*prefix, python, "-I", "-S", "-B", "-c", _BOOT.format(module=module), _PACKAGE_ROOT]
        self.processes.append(
            subprocess.Popen(
                [*command, json.dumps(settings)],
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C in the terminal is for the host, which then closes the pool in order.
                start_new_session=True,
            )
        )

    def send(self, job: Job) -> None:
        # A judge that is gone has perhaps said why: `receive` tells.
        with contextlib.suppress(codec.Closed):
            codec.send(self.socket.fileno(), [job.program, job.check, job.entry_point, job.prompt])

    def receive(self, seconds: float) -> dict[str, Any]:
        """The next message of the judge; {"failed": why} if there is none."""
        # Not select(): a host with a thousand open files would be out of its reach.
        poller = select.poll()
        poller.register(self.socket, select.POLLIN)
        if not poller.poll(1000 * seconds):
            return {"failed": f"no answer within {seconds:.0f} seconds"}
        try:
            return codec.receive(self.socket.fileno())
        except codec.Closed:
            return {"failed": "a process of the sandbox ended"}

    def close(self) -> None:
        """Hangs up, which ends judge, fork server and workers, and waits until they are gone."""
        self.socket.close()
        for process in reversed(self.processes):
            try:
                process.wait(_CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with contextlib.suppress(FileNotFoundError):
            scratch.remove(self.scratch_root)


class Sandbox:
    """A pool of judges; use it in a `with` statement, or `close` it.

    Args:
        workers: samples judged at the same time; one a processor core is best.
        timeout_seconds: processor time for one sample and its check; MBPP's own answer to task 123 needs up to five
            seconds. Wall-clock time may be five times that on a machine with other work, but a sample that waits this
            long without computing is ended.
        memory_bytes: what a worker's address space may grow by.
        allow_unsafe: run even if layers are missing. The verdicts say which ones held.
        scratch_directory: where workers get their scratch space; by default in memory (/dev/shm), where a flood of files
            is cleared away at once, or with the temporary files where there is none.
        isolation: kinds of isolation in order of preference; the first that works is used.

    Attributes:
        layers: the layers that hold.
        missing: the layers that do not, each with the reason.

    Raises:
        SandboxError: a layer without which untrusted code must not run is missing, or the self-test fails.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        timeout_seconds: float = 10.0,
        memory_bytes: int = 512 * 2**20,
        allow_unsafe: bool = False,
        scratch_directory: str | None = None,
        isolation: Sequence[str] = ISOLATIONS,
    ):
        if (
            workers < 1
            or not 0 < timeout_seconds < 86_400
            or memory_bytes < 2**20
            or not set(isolation) <= set(ISOLATIONS)
        ):
            raise ValueError(
                "sandbox: workers >= 1, 0 < timeout_seconds < 86400, memory_bytes >= 1 MiB, known isolation"
            )
        if not sys.platform.startswith("linux"):
            raise SandboxError(f"sandbox: needs Linux, this is {sys.platform}; run it in a Linux container")
        if scratch_directory is None and os.access(_MEMORY_DIRECTORY, os.W_OK | os.X_OK):
            scratch_directory = _MEMORY_DIRECTORY
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._slots: list[_Slot] = []
        self.layers: tuple[str, ...] = ()
        self.missing: dict[str, str] = {}
        try:
            self._start(
                workers,
                isolation,
                timeout_seconds=timeout_seconds,
                memory_bytes=memory_bytes,
                scratch_directory=scratch_directory,
            )
            gaps = jail.lacking(self.layers, self.missing)
            if gaps and not allow_unsafe:
                raise SandboxError(
                    f"sandbox: missing {'; '.join(gaps)}: generated code could do harm; run on a kernel that has it, or "
                    "pass allow_unsafe to run anyway"
                )
            selftest.run(lambda job: self._judge_all([job], None)[0], only_good=bool(gaps))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def judge(self, program: str, check: str, entry_point: str, *, prompt: str = "") -> Verdict:
        """Judges one sample; see `verdict.Job` for the arguments."""
        return self.judge_all([Job(program, check, entry_point, prompt)])[0]

    def judge_all(
        self, jobs: Iterable[Job], progress: Callable[[int, Verdict], None] | None = None
    ) -> list[Verdict]:
        """Judges samples on all slots.

        Args:
            jobs: taken one by one, as slots become free.
            progress: called with a job's index and verdict as each one is done, in any order.

        Returns:
            One verdict a job, in the order of the jobs.

        Raises:
            SandboxError: a process of the sandbox failed, or a layer was lost; no further job is run.
        """
        with self._lock:
            if not self._slots:
                raise SandboxError("sandbox: closed")
            try:
                return self._judge_all(jobs, progress)
            except BaseException:
                # Answers may be under way; a later call must not take them for its own.
                self.close()
                raise

    def close(self) -> None:
        """Ends all processes of the sandbox and removes what they left; may be called twice."""
        slots, self._slots = self._slots, []
        for slot in slots:
            slot.close()

    def _start(self, workers: int, isolation: Sequence[str], **settings: Any) -> None:
        for kind in isolation:
            if kind == "bubblewrap" and bubblewrap.command("", "", []) is None:
                self.missing[kind] = "bwrap is not installed"
                continue
            slots = [_Slot(kind, **settings) for _ in range(workers)]
            self._slots = slots
            hellos = [slot.receive(_START_SECONDS) for slot in slots]
            failures = [hello["failed"] for hello in hellos if "failed" in hello]
            if not failures:
                self.layers = tuple(
                    n for n in hellos[0]["held"] if all(n in hello["held"] for hello in hellos)
                )
                self.missing.update(hellos[0]["missing"])
                return
            self.missing[kind] = failures[0]
            self.close()
        raise SandboxError(f"sandbox: no worker starts: {self.missing}")

    def _judge_all(
        self, jobs: Iterable[Job], progress: Callable[[int, Verdict], None] | None
    ) -> list[Verdict]:
        verdicts: dict[int, Verdict] = {}
        waiting: Iterator[tuple[int, Job]] = iter(enumerate(jobs))
        with selectors.DefaultSelector() as selector:
            idle = list(self._slots)
            busy = 0
            while True:
                while idle and (item := next(waiting, None)) is not None:
                    index, job = item
                    slot = idle.pop()
                    slot.send(job)
                    selector.register(slot.socket, selectors.EVENT_READ, (slot, index))
                    busy += 1
                if not busy:
                    return [verdicts[index] for index in sorted(verdicts)]
                ready = selector.select(PATIENCE * self._timeout_seconds + _GRACE_SECONDS)
                if not ready:
                    raise SandboxError("sandbox: no judge answers")
                for key, _ in ready:
                    slot, index = key.data
                    selector.unregister(slot.socket)
                    busy -= 1
                    idle.append(slot)
                    verdicts[index] = self._verdict(slot.receive(_GRACE_SECONDS))
                    if progress is not None:
                        progress(index, verdicts[index])

    def _verdict(self, message: dict[str, Any]) -> Verdict:
        if "failed" in message:
            raise SandboxError(f"sandbox: {message['failed']}")
        answer = codec.decode(message.pop("answer", None))
        return Verdict(**message, layers=self.layers, answer=answer)

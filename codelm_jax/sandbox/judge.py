"""The judge: runs trusted checks in a process of their own, against a candidate that lives in another.

One judge serves one slot of the pool. For each job it takes a jailed worker from its fork server and forks a child that runs the
check, in which the entry point is a stub that sends arguments to the worker and decodes the reply. The judge itself only
watches the clocks; when time is up it kills the child, and has the fork server kill the worker. A pass needs all of: the check
returned, the candidate was called, the channel was never broken, and the deadline stood.

The deadline is processor time, of check and worker together: a busy machine stretches wall-clock time, and load must not
make a right answer wrong. Wall-clock time has a separate, wide limit, and a sample that waits for something other than a
processor is ended after the same time as one that computes.
"""

import contextlib
import dataclasses
import json
import mmap
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, NoReturn

from codelm_jax.sandbox import checking, codec, linux, memory, scratch
from codelm_jax.sandbox.verdict import RUNGS

_CHECK_MEMORY_BYTES = 2**30
_FORK_SERVER_SECONDS = 60.0
_LOOK_SECONDS = 0.25
# Of a processor: a sample that gets no more is waiting. One that has to share with fifty others gets more.
_IDLE_SHARE = 0.01
_PROGRESS = struct.Struct("=BQ")  # rung, answered calls


class _ForkServerFailed(Exception):
    pass


class _ForkServer:
    """The judge's end of the socket to its fork server."""

    def __init__(self, control: socket.socket):
        control.settimeout(_FORK_SERVER_SECONDS)
        self.control = control

    def take(self) -> tuple[dict[str, Any], int]:
        """A worker's greeting and its channel."""
        try:
            self.control.send(b"take")
            body, descriptors, _, _ = socket.recv_fds(self.control, 65536, 1)
        except OSError as error:
            raise _ForkServerFailed(f"the fork server does not answer: {error}") from None
        greeting = json.loads(body) if body else {"failed": "the fork server ended"}
        if "failed" in greeting or not descriptors:
            raise _ForkServerFailed(greeting.get("failed", "the fork server sent no worker"))
        return greeting, descriptors[0]

    def cpu_seconds(self) -> float:
        """Processor time that the running worker has used since it was taken."""
        return self._ask(b"time")["cpu_seconds"]

    def finish(self) -> dict[str, Any]:
        """Has the running worker killed and reaped; returns its exit status, if it had ended before, and its processor time."""
        return self._ask(b"done")

    def dismiss(self) -> None:
        """Has the fork server end, and waits until it is gone with all its workers."""
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_WR)
            while self.control.recv(65536):
                pass

    def _ask(self, request: bytes) -> dict[str, Any]:
        try:
            self.control.send(request)
            body = self.control.recv(65536)
        except OSError as error:
            raise _ForkServerFailed(f"the fork server does not answer: {error}") from None
        answer = json.loads(body) if body else {"failed": "the fork server ended"}
        if "failed" in answer:
            raise _ForkServerFailed(answer["failed"])
        return answer


@dataclasses.dataclass(frozen=True)
class _Limits:
    """Seconds one sample may take: of processor time, and from its start to its end."""

    cpu_seconds: float
    wall_seconds: float


def main(settings_json: str) -> None:
    """Serves jobs from the pool until it hangs up; `settings_json` comes from `pool`."""
    settings = json.loads(settings_json)
    linux.forbid_inspection()
    linux.keep_ended_children()
    host = settings["host"]
    limits = _Limits(settings["timeout_seconds"], settings["wall_seconds"])
    fork_server = _ForkServer(socket.socket(fileno=settings["control"]))
    try:
        expected, channel = fork_server.take()
        codec.send(host, expected)
        while True:
            job = codec.receive(host)
            result, ended = _judge(job, channel, limits, host, fork_server)
            os.close(channel)
            codec.send(host, _explain(result, ended))
            greeting, channel = fork_server.take()
            if greeting["held"] != expected["held"]:
                raise _ForkServerFailed(f"layers were lost while running: {greeting['missing']}")
    except codec.Closed:
        pass
    except _ForkServerFailed as error:
        with contextlib.suppress(codec.Closed):
            codec.send(host, {"failed": str(error)})
    finally:
        # The host may have been killed, and no other process knows both this directory and when the fork server ends.
        fork_server.dismiss()
        with contextlib.suppress(OSError):
            scratch.remove(settings["scratch_root"])


def _judge(
    job: list[str], channel: int, limits: _Limits, host: int, fork_server: _ForkServer
) -> tuple[dict[str, Any], dict[str, Any]]:
    started = time.monotonic()
    progress = mmap.mmap(-1, _PROGRESS.size)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _check(job, channel, writer, progress, not_mine=(host, fork_server.control.fileno(), reader))
    os.close(writer)
    cpu_before = linux.cpu_seconds(child)
    try:
        result = _await_result(
            reader, host, limits, lambda: linux.cpu_seconds(child) - cpu_before + fork_server.cpu_seconds()
        )
        seconds = time.monotonic() - started
    finally:
        os.kill(child, signal.SIGKILL)
        cpu_seconds = linux.cpu_seconds(child) - cpu_before
        os.waitpid(child, 0)
        os.close(reader)
    ended = fork_server.finish()
    rung, calls = _PROGRESS.unpack(progress[:])
    progress.close()
    if seconds > limits.wall_seconds or cpu_seconds + ended["cpu_seconds"] > limits.cpu_seconds:
        result = {"outcome": "timeout", "exception": ""}
    if result["outcome"] in ("passed", "wrong answer"):
        rung = RUNGS.index("passes" if result["outcome"] == "passed" else "runs")
    return {**result, "rung": RUNGS[rung], "calls": calls, "seconds": seconds}, ended


def _await_result(
    reader: int, host: int, limits: _Limits, cpu_seconds: Callable[[], float]
) -> dict[str, Any]:
    started = active_at = time.monotonic()
    active_cpu = 0.0
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    poller.register(host, select.POLLHUP)
    look_seconds = min(_LOOK_SECONDS, limits.cpu_seconds / 4)
    while True:
        for descriptor, _ in poller.poll(1000 * look_seconds):
            if descriptor == host:
                raise codec.Closed("the pool is gone")
            try:
                return codec.receive(reader)
            except codec.Closed:
                # Only what the candidate returned can make a trusted check die: too much memory, or too deep a stack.
                return {"outcome": "resource limit", "exception": ""}
        now, used = time.monotonic(), cpu_seconds()
        if used > active_cpu + _IDLE_SHARE * limits.cpu_seconds:
            active_at, active_cpu = now, used
        idle = now - active_at > limits.cpu_seconds
        if idle or used > limits.cpu_seconds or now - started > limits.wall_seconds:
            return {"outcome": "timeout", "exception": ""}


def _explain(result: dict[str, Any], ended: dict[str, Any]) -> dict[str, Any]:
    """Names the limit behind the outcome, where the fork server saw one that the check could not."""
    if ended.get("over_quota"):
        return {
            **result,
            "outcome": "resource limit",
            "rung": min(result["rung"], "defines", key=RUNGS.index),
        }
    if result["outcome"] == "crashed" and ended["ended"] == -signal.SIGKILL:
        # Nobody else kills a worker: the machine is out of memory.
        return {**result, "outcome": "resource limit"}
    return result


def _check(
    job: list[str], channel: int, writer: int, progress: mmap.mmap, not_mine: tuple[int, ...]
) -> NoReturn:
    try:
        linux.die_with_parent(signal.SIGKILL)
        for descriptor in not_mine:
            os.close(descriptor)
        memory.limit_address_space(_CHECK_MEMORY_BYTES)
        program, check, entry_point, prompt = job

        def report(rung: str, calls: int) -> None:
            progress[:] = _PROGRESS.pack(RUNGS.index(rung), calls)

        outcome, exception, answer = checking.run(
            channel, program=program, check=check, entry_point=entry_point, prompt=prompt, report=report
        )
        codec.send(writer, {"outcome": outcome, "exception": exception, "answer": codec.encode(answer)})
    finally:
        os._exit(0)

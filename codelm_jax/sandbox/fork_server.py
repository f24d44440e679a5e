"""The fork server: a small, clean Python that keeps jailed workers ready, one for each sample, and reaps them.

It is started fresh (`python -I -S -B`), imports the common parts of the standard library once, and forks: a worker is ready
in a few milliseconds instead of an interpreter's start. It never sees a job, so no memory that a worker inherits holds a
test, an expected value or another sample. It talks to its judge alone, over a socket that also carries each worker's channel.
"""

import collections
import contextlib
import dataclasses
import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from codelm_jax.sandbox import codec, jail, landlock, linux, memory, namespaces, scratch, seccomp, worker

_PRELOADED = """
abc argparse array ast base64 bisect bz2 calendar cmath collections collections.abc contextlib copy
csv ctypes dataclasses datetime decimal difflib doctest enum fractions functools hashlib heapq html
inspect io itertools json keyword logging lzma math numbers operator os.path pathlib pickle platform
pprint queue random re secrets shlex shutil statistics string struct subprocess sys tempfile
textwrap threading time timeit tokenize traceback types typing unicodedata unittest urllib.parse
uuid warnings weakref zlib
"""
_SPARE_WORKERS = 2
_READY_SECONDS = 30.0
_DISK_CHECK_SECONDS = 0.05
_CHANNEL, _RULESET, _FIRST_FREE = 3, 4, 5
_MAX_DESCRIPTORS = 256


@dataclasses.dataclass(frozen=True)
class _Worker:
    pid: int
    channel: int
    scratch: str


class _ForkServer:
    def __init__(
        self,
        control: socket.socket,
        settings: jail.JailSettings,
        scratch_root: str,
        pid_namespace: int | None,
    ):
        self.control = control
        self.settings = settings
        self.scratch_root = scratch_root
        self.pid_namespace = pid_namespace
        self.warm: collections.deque[_Worker] = collections.deque()
        self.running: _Worker | None = None
        self.over_quota = False
        self.started = 0
        self.cpu_before = 0.0

    def serve(self) -> None:
        """Hands out workers and reaps them until the judge hangs up."""
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        while True:
            while len(self.warm) < _SPARE_WORKERS:
                self.warm.append(self._start_worker())
            watching = self.running is not None and self.settings.isolation != "namespaces"
            if not poller.poll(1000 * _DISK_CHECK_SECONDS if watching else None):
                self._check_disk()
                continue
            request = self.control.recv(64)
            if request == b"take":
                self._hand_over()
            elif request == b"time":
                self.control.send(json.dumps({"cpu_seconds": self._cpu_seconds()}).encode())
            elif request == b"done":
                self.control.send(json.dumps(self._reap_running()).encode())
            else:
                break
        for spare in self.warm:
            os.close(spare.channel)
            self._reap(spare)
        self._reap_running()

    def _start_worker(self) -> _Worker:
        ours, theirs = socket.socketpair()
        if self.settings.isolation == "namespaces":
            directory = namespaces.SCRATCH
        else:
            directory = os.path.join(self.scratch_root, f"worker-{self.started}")
            os.mkdir(directory, 0o700)
            if self.settings.user is not None:
                os.chown(directory, self.settings.user, self.settings.user)
        self.started += 1
        if self.pid_namespace is not None:
            linux.unshare(linux.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            _run_worker(theirs.detach(), self.settings, directory)
        if self.pid_namespace is not None:
            linux.set_pid_namespace(self.pid_namespace)
        theirs.close()
        return _Worker(pid, ours.detach(), directory)

    def _hand_over(self) -> None:
        taken = self.warm.popleft()
        self.running, self.over_quota = taken, False
        try:
            if not select.select([taken.channel], [], [], _READY_SECONDS)[0]:
                raise TimeoutError(f"a worker was not ready after {_READY_SECONDS:.0f} seconds")
            greeting = codec.receive(taken.channel)
        except (codec.Closed, codec.Malformed, TimeoutError) as error:
            greeting = {"failed": f"a worker did not start: {error}"}
        self.cpu_before = linux.cpu_seconds(taken.pid)
        socket.send_fds(self.control, [json.dumps(greeting).encode()], [taken.channel])
        os.close(taken.channel)

    def _cpu_seconds(self) -> float:
        return 0.0 if self.running is None else linux.cpu_seconds(self.running.pid) - self.cpu_before

    def _reap_running(self) -> dict[str, Any]:
        if self.running is None:
            return {"ended": None}
        self._check_disk()
        cpu_seconds = self._cpu_seconds()
        status = self._reap(self.running)
        self.running = None
        return {"ended": status, "over_quota": self.over_quota, "cpu_seconds": cpu_seconds}

    def _reap(self, ending: _Worker) -> int | None:
        pid, status = os.waitpid(ending.pid, os.WNOHANG)
        if pid == 0:
            os.kill(ending.pid, signal.SIGKILL)
            os.waitpid(ending.pid, 0)
        if self.settings.isolation != "namespaces":
            scratch.remove(ending.scratch)
        return os.waitstatus_to_exitcode(status) if pid else None

    def _check_disk(self) -> None:
        if self.settings.isolation == "namespaces" or self.running is None:
            return
        if scratch.is_over(
            self.running.scratch,
            max_bytes=jail.SCRATCH_BYTES,
            max_entries=jail.SCRATCH_ENTRIES,
            max_depth=jail.SCRATCH_DEPTH,
        ):
            self.over_quota = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.running.pid, signal.SIGKILL)


def main(settings_json: str) -> None:
    """Runs the fork server; `settings_json` comes from `pool`."""
    given = json.loads(settings_json)
    linux.keep_ended_children()
    control = socket.socket(fileno=os.dup(given["control"]))
    os.close(given["control"])
    libraries = [path for path in sys.path if os.path.isdir(path)]
    for name in _PRELOADED.split():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    address_space = memory.address_space_bytes() + given["memory_bytes"]
    pid_namespace = None
    try:
        if given["isolation"] == "namespaces":
            pid_namespace = _enter_namespaces(given["scratch_root"], libraries, control)
        linux.forbid_inspection()
        user = _find_jail_user(libraries)
        if user is not None and given["isolation"] != "namespaces":
            os.chmod(given["scratch_root"], 0o711)
        ruleset = _find_ruleset(libraries, given["isolation"], given["scratch_root"])
        settings = jail.JailSettings(
            isolation=given["isolation"],
            user=user,
            address_space_bytes=address_space,
            cpu_seconds=given["cpu_seconds"],
            library_ruleset=ruleset,
            system_calls=_assemble_filter(),
        )
        fork_server = _ForkServer(control, settings, given["scratch_root"], pid_namespace)
        gc.collect()
        gc.freeze()
        fork_server.serve()
    except OSError as error:
        control.send(json.dumps({"failed": f"{given['isolation']}: {error}"}).encode())
        # A closed socket would drop that answer; the judge hangs up when it has read it.
        while control.recv(64):
            pass


def _enter_namespaces(directory: str, libraries: list[str], control: socket.socket) -> int:
    namespaces.enter()
    child = os.fork()
    if child != 0:
        control.close()
        os.waitpid(child, 0)
        os._exit(0)
    linux.die_with_parent(signal.SIGKILL)
    pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    namespaces.build_private_root(directory, libraries)
    # A worker's PID namespace is a child of this one; being able to come back from it is part of the layer.
    linux.unshare(linux.CLONE_NEWPID)
    linux.set_pid_namespace(pid_namespace)
    return pid_namespace


def _find_jail_user(libraries: list[str]) -> int | None:
    if os.geteuid() != 0:
        return None
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(jail.JAIL_USER, jail.JAIL_USER, jail.JAIL_USER)
            os.setresuid(jail.JAIL_USER, jail.JAIL_USER, jail.JAIL_USER)
            readable = all(
                os.access(path, os.R_OK | os.X_OK) for path in [*libraries, os.path.dirname(os.__file__)]
            )
            os._exit(0 if readable else 1)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return jail.JAIL_USER if status == 0 else None


def _find_ruleset(libraries: list[str], isolation: str, scratch_root: str) -> int | None:
    try:
        landlock.abi()
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return None
        raise
    return landlock.library_ruleset(
        libraries, namespaces.SCRATCH_ROOT if isolation == "namespaces" else scratch_root
    )


def _assemble_filter() -> seccomp.Filter | None:
    architecture = linux.architecture()
    if architecture not in seccomp.ARCHITECTURES:
        return None
    return seccomp.assemble(seccomp.worker_filter(architecture))


def _run_worker(channel: int, settings: jail.JailSettings, directory: str) -> NoReturn:
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        settings = _keep_only(channel, settings)
        held, missing = jail.enter(settings, directory)
        os.closerange(_RULESET, _MAX_DESCRIPTORS)
        os.environ.update(HOME=directory, TMPDIR=directory)
        sys.argv[:] = [""]
        codec.send(_CHANNEL, {"held": held, "missing": missing})
        worker.serve(_CHANNEL)
    except codec.Closed:
        pass
    except BaseException as error:
        with contextlib.suppress(Exception):
            codec.send(_CHANNEL, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(1)


def _keep_only(channel: int, settings: jail.JailSettings) -> jail.JailSettings:
    # Two steps, because either descriptor may already have the other's final number.
    high = [os.dup(channel)]
    if settings.library_ruleset is not None:
        high.append(os.dup(settings.library_ruleset))
    for descriptor, place in zip(high, (_CHANNEL, _RULESET), strict=False):
        os.dup2(descriptor, place)
    os.closerange(_FIRST_FREE if len(high) == 2 else _RULESET, _MAX_DESCRIPTORS)
    return dataclasses.replace(settings, library_ruleset=_RULESET if len(high) == 2 else None)

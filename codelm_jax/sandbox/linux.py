"""The Linux calls that Python 3.11 does not offer, by ctypes; each failure is an `OSError` with the call's name."""

import ctypes
import errno
import os
import signal
import time
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_RELATIME = 1 << 21
MNT_DETACH = 2

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int | bytes | ctypes.Array[Any] | ctypes.Structure | None) -> int:
    """Calls the C library's `name`; integers travel as machine words, structures by address.

    Raises:
        OSError: with the call's errno, or ENOSYS where this C library has no such function.
    """
    function = getattr(_libc, name, None)
    if function is None:
        raise OSError(errno.ENOSYS, f"{name}: not in this C library")
    words = [ctypes.byref(a) if isinstance(a, ctypes.Structure) else _word(a) for a in arguments]
    function.restype = ctypes.c_long
    ctypes.set_errno(0)
    result = function(*words)
    if ctypes.c_int(result).value == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def system_call(number: int, *arguments: int | bytes | ctypes.Array[Any] | ctypes.Structure | None) -> int:
    """Makes the system call `number` directly, for those that the C library does not wrap."""
    return call("syscall", number, *arguments)


def cpu_seconds(pid: int) -> float:
    """Processor time that the process and its threads have used; it may have ended, if it was not waited for."""
    return time.clock_gettime((~pid << 3) | 2)  # the clock of a process, as clock_getcpuclockid(3) makes it


def architecture() -> str:
    """The processor's name as `uname -m` gives it: x86_64, aarch64, ..."""
    return os.uname().machine


def unshare(flags: int) -> None:
    """Moves this process (its future children, for a PID namespace) into new namespaces."""
    call("unshare", flags)


def set_pid_namespace(descriptor: int) -> None:
    """Makes future children land in the PID namespace that `descriptor` names."""
    call("setns", descriptor, CLONE_NEWPID)


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Attaches a filesystem, or changes one that is attached; arguments as for the system call."""
    call(
        "mount",
        source.encode(),
        os.fsencode(target),
        kind.encode() if kind else None,
        flags,
        options.encode() or None,
    )


def pivot_to(directory: str) -> None:
    """Makes the mount point `directory` the root and lets go of the old one."""
    os.chdir(directory)
    system_call(_PIVOT_ROOT[architecture()], b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


def die_with_parent(signal_number: int) -> None:
    """Has the kernel send `signal_number` to this process when the thread that started it ends."""
    call("prctl", _PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def keep_ended_children() -> None:
    """Has ended children wait to be asked for, also where a parent that ignores SIGCHLD has handed that on."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def forbid_inspection() -> None:
    """Hides this process's memory and descriptors from others of the same user, and from core dumps."""
    call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def forbid_new_privileges() -> None:
    """Sets no_new_privs: no exec, set-uid bit or file capability raises privileges from here on."""
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_capabilities() -> None:
    """Empties the effective, permitted and inheritable capability sets (with them the ambient one)."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    call("capset", header, nothing)


def _word(argument: int | bytes | ctypes.Array[Any] | None) -> object:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument

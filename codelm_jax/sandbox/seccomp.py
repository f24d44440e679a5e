"""The system calls generated code may make: a list of what is allowed, as a seccomp filter.

What is not listed fails with EPERM: sockets, fork, exec, kill, ptrace, mount, chmod, links, memfd, io_uring and all that
a later kernel may add. A thread may start; a process may not. Numbers come from the kernel's own headers
(asm/unistd_64.h for x86_64, asm-generic/unistd.h for aarch64).
"""

import ctypes
import errno
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from codelm_jax.sandbox import linux

# name, number on x86_64, number on aarch64 ("-": that processor has no such call).
_TABLE = """
read 0 63            write 1 64             readv 19 65           writev 20 66          pread64 17 67
pwrite64 18 68       close 3 57             lseek 8 62            fstat 5 80            newfstatat 262 79
statx 332 291        mmap 9 222             mprotect 10 226       munmap 11 215         mremap 25 216
brk 12 214           madvise 28 233         futex 202 98          rt_sigaction 13 134   rt_sigprocmask 14 135
rt_sigreturn 15 139  sigaltstack 131 132    restart_syscall 219 128  pipe2 293 59       dup 32 23
dup3 292 24          ppoll 271 73           pselect6 270 72       sched_yield 24 124    sched_getaffinity 204 123
getcpu 309 168       nanosleep 35 101       clock_nanosleep 230 115  clock_gettime 228 113  clock_getres 229 114
gettimeofday 96 169  times 100 153          getrusage 98 165      setitimer 38 103      getitimer 36 102
getpid 39 172        gettid 186 178         getppid 110 173       getuid 102 174        geteuid 107 175
getgid 104 176       getegid 108 177        getresuid 118 148     getresgid 120 150     getgroups 115 158
getpgid 121 155      getsid 124 156         getcwd 79 17          chdir 80 49           faccessat 269 48
faccessat2 439 439   readlinkat 267 78      getdents64 217 61     mkdirat 258 34        unlinkat 263 35
renameat 264 38      renameat2 316 276      ftruncate 77 46       fsync 74 82           fdatasync 75 83
statfs 137 43        fstatfs 138 44         umask 95 166          uname 63 160          sysinfo 99 179
getrandom 318 278    set_tid_address 218 96 set_robust_list 273 99  get_robust_list 274 100  rseq 334 293
getrlimit 97 163     exit 60 93             exit_group 231 94     openat 257 56         clone 56 220
clone3 435 435       fcntl 72 25            ioctl 16 29           prlimit64 302 261     openat2 437 437
open 2 -             stat 4 -               lstat 6 -             access 21 -           pipe 22 -
dup2 33 -            select 23 -            poll 7 -              readlink 89 -         mkdir 83 -
rmdir 84 -           unlink 87 -            rename 82 -           time 201 -            alarm 37 -  close_range 436 436
"""
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*

_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
KILL_PROCESS = 0x80000000
ALLOW = 0x7FFF0000

_LOAD_WORD, _AND, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENTS = 0, 4, 16  # struct seccomp_data, little-endian
_X32_BIT = 0x40000000

_CLONE_THREAD = 0x00010000
_CLONE_NEW = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWNET
    | 0x02000000  # CLONE_NEWCGROUP
)
_O_TRUNC, _O_ACCMODE = 0o1000, 3
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)  # F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC


class Instruction(NamedTuple):
    """One classic BPF instruction; jumps count instructions to skip."""

    code: int
    jump_true: int
    jump_false: int
    operand: int


class _SockFilter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class Filter(ctypes.Structure):
    """A program in the form the kernel takes (struct sock_fprog)."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_SockFilter)))


def fail_with(number: int) -> int:
    """The action that skips the call and gives it the errno `number`."""
    return 0x00050000 | number


def system_call_numbers(architecture: str) -> dict[str, int]:
    """The numbers of the calls in the table on one architecture."""
    column = 1 + list(ARCHITECTURES).index(architecture)
    words = _TABLE.split()
    rows = [words[i : i + 3] for i in range(0, len(words), 3)]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def worker_filter(architecture: str) -> list[Instruction]:
    """The worker's filter for one of `ARCHITECTURES`: the listed calls with harmless arguments, EPERM for the rest."""
    special = {
        "clone": _thread_only(),
        # Both keep their flags in memory, out of a filter's reach; ENOSYS makes libc use the older call.
        "clone3": [_returns(fail_with(errno.ENOSYS))],
        "openat2": [_returns(fail_with(errno.ENOSYS))],
        "open": _no_truncating_reader(1),
        "openat": _no_truncating_reader(2),
        "fcntl": _known_commands(),
        "ioctl": [_returns(fail_with(errno.ENOTTY))],
        "prlimit64": _reading_own_limits(),
    }
    program = _prologue(ARCHITECTURES[architecture])
    for name, number in system_call_numbers(architecture).items():
        program += _when_number_is(number, special.get(name, [_returns(ALLOW)]))
    return [*program, _returns(fail_with(errno.EPERM))]


def denying_filter(architecture: str, denied: Iterable[tuple[int, int]]) -> list[Instruction]:
    """Allows everything except `denied`, pairs of system call number and errno (as a container's profile does)."""
    program = _prologue(ARCHITECTURES[architecture])
    for number, error in denied:
        program += _when_number_is(number, [_returns(fail_with(error))])
    return [*program, _returns(ALLOW)]


def assemble(program: Sequence[Instruction]) -> Filter:
    """Lays the instructions out for the kernel; done once, before the forks that install it."""
    array = (_SockFilter * len(program))(*(_SockFilter(*instruction) for instruction in program))
    return Filter(len(program), array)


def install(program: Filter) -> None:
    """Puts the filter on this process for good; it needs no_new_privs (or CAP_SYS_ADMIN) first."""
    linux.call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0)


def _returns(action: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, action)


def _load_argument(index: int, half: int = 0) -> Instruction:
    return Instruction(_LOAD_WORD, 0, 0, _OFFSET_ARGUMENTS + 8 * index + 4 * half)


def _prologue(audit_architecture: int) -> list[Instruction]:
    return [
        Instruction(_LOAD_WORD, 0, 0, _OFFSET_ARCHITECTURE),
        Instruction(_JUMP_EQUAL, 1, 0, audit_architecture),
        _returns(KILL_PROCESS),
        Instruction(_LOAD_WORD, 0, 0, _OFFSET_NUMBER),
        Instruction(_JUMP_AT_LEAST, 0, 1, _X32_BIT),
        _returns(KILL_PROCESS),
    ]


def _when_number_is(number: int, body: list[Instruction]) -> list[Instruction]:
    # Every body ends in a return on each path, so the loaded number is still there for the next comparison.
    return [Instruction(_JUMP_EQUAL, 0, len(body), number), *body]


def _thread_only() -> list[Instruction]:
    return [
        _load_argument(0),
        Instruction(_AND, 0, 0, _CLONE_THREAD | _CLONE_NEW),
        Instruction(_JUMP_EQUAL, 0, 1, _CLONE_THREAD),
        _returns(ALLOW),
        _returns(fail_with(errno.EPERM)),
    ]


def _no_truncating_reader(flags_argument: int) -> list[Instruction]:
    # Landlock before ABI 3 does not stop O_RDONLY | O_TRUNC, which empties a file it may not write.
    return [
        _load_argument(flags_argument),
        Instruction(_AND, 0, 0, _O_TRUNC | _O_ACCMODE),
        Instruction(_JUMP_EQUAL, 0, 1, _O_TRUNC),
        _returns(fail_with(errno.EPERM)),
        _returns(ALLOW),
    ]


def _known_commands() -> list[Instruction]:
    # F_SETOWN and F_NOTIFY would let the kernel signal another process on the worker's behalf.
    body = [_load_argument(1)]
    for command in _FCNTL_COMMANDS:
        body += [Instruction(_JUMP_EQUAL, 0, 1, command), _returns(ALLOW)]
    return [*body, _returns(fail_with(errno.EPERM))]


def _reading_own_limits() -> list[Instruction]:
    words = [_load_argument(0), _load_argument(2), _load_argument(2, half=1)]
    body: list[Instruction] = []
    for word in words:
        body += [word, Instruction(_JUMP_EQUAL, 1, 0, 0), _returns(fail_with(errno.EPERM))]
    return [*body, _returns(ALLOW)]

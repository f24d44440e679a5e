"""The filter's laws, by interpreting its instructions; so both architectures' filters are tested on either."""

import errno
import pathlib
import re

import pytest

from codelm_jax.sandbox import seccomp

HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+)\s+(\d+)"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
}
# Names that the generic header spells differently for 64-bit machines.
GENERIC_NAMES = {"newfstatat": "fstatat"}
NEVER = {
    "x86_64": {
        "socket": 41,
        "connect": 42,
        "socketpair": 53,
        "fork": 57,
        "vfork": 58,
        "execve": 59,
        "execveat": 322,
        "kill": 62,
        "tkill": 200,
        "tgkill": 234,
        "ptrace": 101,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "mount": 165,
        "unshare": 272,
        "setns": 308,
        "chmod": 90,
        "fchmodat": 268,
        "link": 86,
        "symlink": 88,
        "mknod": 133,
        "truncate": 76,
        "memfd_create": 319,
        "io_uring_setup": 425,
        "bpf": 321,
        "prctl": 157,
        "setrlimit": 160,
        "sched_setaffinity": 203,
        "keyctl": 250,
        "shmget": 29,
        "userfaultfd": 323,
        "perf_event_open": 298,
    },
    "aarch64": {
        "socket": 198,
        "connect": 203,
        "socketpair": 199,
        "execve": 221,
        "execveat": 281,
        "kill": 129,
        "tkill": 130,
        "tgkill": 131,
        "ptrace": 117,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "mount": 40,
        "unshare": 97,
        "setns": 268,
        "fchmodat": 53,
        "linkat": 37,
        "symlinkat": 36,
        "mknodat": 33,
        "truncate": 45,
        "memfd_create": 279,
        "io_uring_setup": 425,
        "bpf": 280,
        "prctl": 167,
        "setrlimit": 164,
        "sched_setaffinity": 122,
        "keyctl": 219,
        "shmget": 194,
        "userfaultfd": 282,
        "perf_event_open": 241,
    },
}

both = pytest.mark.parametrize("architecture", list(seccomp.ARCHITECTURES))


def decide(architecture, number, *arguments, audit=None):
    """What the filter answers to one system call."""
    data = {0: number, 4: seccomp.ARCHITECTURES[architecture] if audit is None else audit}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        data[16 + 8 * index] = value & 0xFFFFFFFF
        data[20 + 8 * index] = (value >> 32) & 0xFFFFFFFF
    program = seccomp.worker_filter(architecture)
    word, place = 0, 0
    while True:
        code, jump_true, jump_false, operand = program[place]
        place += 1
        if code == 0x20:
            word = data[operand]
        elif code == 0x54:
            word &= operand
        elif code == 0x15:
            place += jump_true if word == operand else jump_false
        elif code == 0x35:
            place += jump_true if word >= operand else jump_false
        else:
            assert code == 0x06
            return operand


def denied(number=errno.EPERM):
    return seccomp.fail_with(number)


@both
def test_table_agrees_with_the_kernels_header(architecture):
    path, pattern = HEADERS[architecture]
    if not pathlib.Path(path).exists():
        pytest.skip(f"{path} is not installed (linux-libc-dev)")
    header = {name: int(number) for name, number in re.findall(pattern, pathlib.Path(path).read_text())}
    numbers = seccomp.system_call_numbers(architecture)
    assert len(numbers) > 80
    for name, number in numbers.items():
        spelled = GENERIC_NAMES.get(name, name) if architecture == "aarch64" else name
        assert header[spelled] == number, name
    for name, number in NEVER[architecture].items():
        assert header[name] == number, name


@both
def test_harmful_calls_are_denied(architecture):
    for name, number in NEVER[architecture].items():
        assert decide(architecture, number) == denied(), name


@both
def test_everything_outside_the_table_is_denied(architecture):
    allowed = set(seccomp.system_call_numbers(architecture).values())
    for number in range(600):
        if number not in allowed:
            assert decide(architecture, number) == denied(), number


@both
def test_plain_calls_are_allowed(architecture):
    numbers = seccomp.system_call_numbers(architecture)
    for name in (
        "read",
        "write",
        "mmap",
        "munmap",
        "futex",
        "exit_group",
        "getrandom",
        "clock_gettime",
        "close",
    ):
        assert decide(architecture, numbers[name]) == seccomp.ALLOW


@both
def test_foreign_architecture_kills(architecture):
    other = next(a for a in seccomp.ARCHITECTURES if a != architecture)
    assert decide(architecture, 0, audit=seccomp.ARCHITECTURES[other]) == seccomp.KILL_PROCESS
    assert decide(architecture, 0, audit=0x40000003) == seccomp.KILL_PROCESS  # 32-bit x86
    assert decide(architecture, 0x40000000) == seccomp.KILL_PROCESS  # the x32 numbering


@both
def test_threads_start_and_processes_do_not(architecture):
    clone = seccomp.system_call_numbers(architecture)["clone"]
    pthread = 0x3D0F00
    assert decide(architecture, clone, pthread) == seccomp.ALLOW
    assert decide(architecture, clone, 17) == denied()
    assert decide(architecture, clone, 0x4000 | 0x100 | 17) == denied()
    for new_namespace in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert decide(architecture, clone, pthread | new_namespace) == denied()
    assert decide(architecture, seccomp.system_call_numbers(architecture)["clone3"]) == denied(errno.ENOSYS)


@both
def test_opening_for_reading_cannot_truncate(architecture):
    openat = seccomp.system_call_numbers(architecture)["openat"]
    truncate, write_only, read_write = 0o1000, 1, 2
    assert decide(architecture, openat, -100, 0, truncate) == denied()
    assert decide(architecture, openat, -100, 0, truncate | write_only) == seccomp.ALLOW
    assert decide(architecture, openat, -100, 0, truncate | read_write) == seccomp.ALLOW
    assert decide(architecture, openat, -100, 0, 0) == seccomp.ALLOW


@both
def test_own_limits_can_be_read_and_nothing_else(architecture):
    prlimit = seccomp.system_call_numbers(architecture)["prlimit64"]
    assert decide(architecture, prlimit, 0, 7, 0, 0x7F0000000000) == seccomp.ALLOW
    assert decide(architecture, prlimit, 0, 7, 0x7F0000000000, 0) == denied()
    assert decide(architecture, prlimit, 0, 7, 0x1000, 0) == denied()
    assert decide(architecture, prlimit, 1, 7, 0, 0) == denied()


@both
def test_descriptors_cannot_be_made_to_signal(architecture):
    fcntl = seccomp.system_call_numbers(architecture)["fcntl"]
    for command in (8, 10, 15, 1026, 1024, 1031):
        assert decide(architecture, fcntl, 3, command) == denied()
    assert decide(architecture, fcntl, 3, 1030) == seccomp.ALLOW


def test_every_jump_stays_inside_the_program():
    for architecture in seccomp.ARCHITECTURES:
        program = seccomp.worker_filter(architecture)
        for place, (code, jump_true, jump_false, _) in enumerate(program):
            if code in (0x15, 0x35):
                assert place + 1 + max(jump_true, jump_false) < len(program)
        assert program[-1].code == 0x06
        assert len(program) < 4096

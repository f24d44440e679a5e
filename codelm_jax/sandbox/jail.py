"""The worker's jail: the layers that it puts on between fork and the first line of untrusted code, in this order."""

import dataclasses
import errno
import os
import resource
import signal

from codelm_jax.sandbox import landlock, linux, namespaces, seccomp

# Below 65536, so that containers map it, and in the range that systemd keeps for users that own nothing.
JAIL_USER = 61_999

SCRATCH_BYTES = 16 * 2**20
SCRATCH_ENTRIES = 512
SCRATCH_DEPTH = 64
_OPEN_FILES = 64
_STACK_BYTES = 8 * 2**20

# Parts of bubblewrap's root are writable, so it does not replace Landlock.
FILE_LAYERS = ("landlock", "namespaces")
REQUIRED_LAYERS = ("no_capabilities", "no_new_privs", "rlimits", "seccomp")


@dataclasses.dataclass(frozen=True)
class JailSettings:
    """Settings that the fork server computes once and that hold for each worker.

    Attributes:
        isolation: `namespaces`, `bubblewrap` or `none`: the isolation of the fork server.
        user: the user to change to, or None to stay.
        address_space_bytes: limit on the worker's whole address space.
        cpu_seconds: limit on its processor time.
        library_ruleset: a Landlock ruleset's descriptor, or None where Landlock is missing.
        system_calls: the seccomp filter, or None where this processor has no table.
    """

    isolation: str
    user: int | None
    address_space_bytes: int
    cpu_seconds: int
    library_ruleset: int | None
    system_calls: seccomp.Filter | None


def enter(settings: JailSettings, scratch: str) -> tuple[list[str], dict[str, str]]:
    """Confines this process permanently, as far as the machine allows.

    Args:
        settings: shared by all workers.
        scratch: the only directory that it may write to; becomes its current directory.

    Returns:
        The layers that hold, in the order in which they were put on, and the error of each missing one.
    """
    held: list[str] = []
    missing: dict[str, str] = {}
    if settings.isolation == "namespaces":
        namespaces.mount_private_scratch(
            user=os.geteuid() if settings.user is None else settings.user,
            group=os.getegid() if settings.user is None else settings.user,
            max_bytes=SCRATCH_BYTES,
            max_entries=SCRATCH_ENTRIES,
        )
    if settings.isolation != "none":
        held.append(settings.isolation)
    os.chdir(scratch)
    os.umask(0o077)
    rulesets = _open_rulesets(settings, scratch, missing)
    for name, put_on in (
        ("no_capabilities", lambda: _become_nobody(settings.user)),
        ("no_new_privs", linux.forbid_new_privileges),
        ("landlock", lambda: [landlock.restrict(ruleset) for ruleset in rulesets]),
        ("rlimits", lambda: _limit_resources(settings)),
        ("seccomp", lambda: _filter_system_calls(settings.system_calls)),
    ):
        if name in missing:
            continue
        try:
            put_on()
        except OSError as error:
            missing[name] = str(error.strerror or error)
        else:
            held.append(name)
        if name == "no_capabilities" and os.geteuid() != 0:
            held.append("user")
    return held, missing


def lacking(held: tuple[str, ...] | list[str], missing: dict[str, str]) -> list[str]:
    """The missing layers without which untrusted code must not run, each with the reason."""
    gaps = [f"{name} ({missing.get(name, 'not put on')})" for name in REQUIRED_LAYERS if name not in held]
    if not any(name in held for name in FILE_LAYERS):
        reasons = ", ".join(f"{name}: {missing.get(name, 'not tried')}" for name in FILE_LAYERS)
        gaps.append(f"landlock or namespaces ({reasons})")
    return gaps


def _open_rulesets(settings: JailSettings, scratch: str, missing: dict[str, str]) -> list[int]:
    if settings.library_ruleset is None:
        missing["landlock"] = "the kernel has no Landlock or has it switched off"
        return []
    return [settings.library_ruleset, landlock.scratch_ruleset(scratch)]


def _become_nobody(user: int | None) -> None:
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    linux.drop_capabilities()
    # Changing the user clears both of these, so they come after it.
    linux.die_with_parent(signal.SIGKILL)
    linux.forbid_inspection()


def _filter_system_calls(program: seccomp.Filter | None) -> None:
    if program is None:
        raise OSError(errno.ENOSYS, f"no system call table for {linux.architecture()}")
    seccomp.install(program)


def _limit_resources(settings: JailSettings) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, settings.address_space_bytes),
        (resource.RLIMIT_CPU, settings.cpu_seconds),
        (resource.RLIMIT_FSIZE, SCRATCH_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))

"""Source text that denies a Python process calls of the kernel, as a container's profile or an older kernel does."""

DENY = """
import errno
from codelm_jax.sandbox import linux, seccomp
NUMBERS = {
    "x86_64": {"landlock": 444, "unshare": 272, "prctl": 157},
    "aarch64": {"landlock": 444, "unshare": 97, "prctl": 167},
}[linux.architecture()]

def deny(*names):
    linux.forbid_new_privileges()
    denied = [(NUMBERS[name], errno.ENOSYS if name == "landlock" else errno.EPERM) for name in names]
    seccomp.install(seccomp.assemble(seccomp.denying_filter(linux.architecture(), denied)))

def deny_filters():
    linux.forbid_new_privileges()
    program = seccomp.denying_filter(linux.architecture(), [])[:-1]
    I = seccomp.Instruction
    program += [I(0x15, 0, 3, NUMBERS["prctl"]), I(0x20, 0, 0, 16), I(0x15, 0, 1, 22)]
    program += [I(6, 0, 0, seccomp.fail_with(errno.EINVAL)), I(6, 0, 0, seccomp.ALLOW)]
    seccomp.install(seccomp.assemble(program))
"""

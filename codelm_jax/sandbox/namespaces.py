"""An empty view of the machine: separate users, processes, network, IPC, host name, and a private root.

The fork server enters once and becomes the first process of its PID namespace, so that the kernel itself ends every worker when
the fork server ends. The private root holds the standard library (read-only), /dev/null and a mount point for scratch:
there is no /proc, no /sys and no /tmp to see. Each worker then gets a PID namespace and a scratch tmpfs of its own.
"""

import os
from collections.abc import Sequence

from codelm_jax.sandbox import linux

# Landlock looks past a mount point to the directories above it, so what a rule can name is the one above.
SCRATCH_ROOT = "/scratch"
SCRATCH = "/scratch/own"

_ALL = linux.CLONE_NEWNS | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC | linux.CLONE_NEWPID | linux.CLONE_NEWNET
_KEPT_FLAGS = {  # a bind mount in a user namespace must keep these flags of what it shows
    os.ST_RDONLY: linux.MS_RDONLY,
    os.ST_NOSUID: linux.MS_NOSUID,
    os.ST_NODEV: linux.MS_NODEV,
    os.ST_NOEXEC: linux.MS_NOEXEC,
    os.ST_NOATIME: linux.MS_NOATIME,
    os.ST_NODIRATIME: linux.MS_NODIRATIME,
    os.ST_RELATIME: linux.MS_RELATIME,
}


def enter() -> None:
    """Moves this process into new namespaces; its next child is the first process of the new PID namespace.

    Root that may do so needs no user namespace, and so can still change to an unprivileged user afterwards.

    Raises:
        OSError: the kernel or a container's profile denies it.
    """
    if os.geteuid() == 0:
        try:
            linux.unshare(_ALL)
            return
        except PermissionError:
            pass
    user, group = os.geteuid(), os.getegid()
    linux.unshare(_ALL | linux.CLONE_NEWUSER)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def build_private_root(directory: str, libraries: Sequence[str]) -> None:
    """Replaces the root by one that holds `libraries`, /dev/null and `SCRATCH`, all but the last read-only.

    Args:
        directory: an empty directory, used as a mount point; hidden once this returns.
        libraries: directories of the standard library; they keep their paths.
    """
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("root", directory, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=755")
    for library in _outermost(libraries):
        target = directory + library
        os.makedirs(target)
        _bind(library, target, linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV)
        for name in ("site-packages", "dist-packages"):
            if os.path.isdir(f"{target}/{name}"):
                linux.mount("none", f"{target}/{name}", "tmpfs", linux.MS_RDONLY, "size=4k,mode=755")
    os.mkdir(f"{directory}/dev")
    with open(f"{directory}/dev/null", "w"):
        pass
    _bind("/dev/null", f"{directory}/dev/null", linux.MS_NOSUID)
    os.makedirs(directory + SCRATCH)
    linux.pivot_to(directory)
    linux.mount(
        "none",
        "/",
        None,
        linux.MS_REMOUNT | linux.MS_BIND | linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV,
    )


def mount_private_scratch(*, user: int, group: int, max_bytes: int, max_entries: int) -> None:
    """Gives this process a mount namespace with an empty tmpfs of its own at `SCRATCH`."""
    linux.unshare(linux.CLONE_NEWNS)
    options = f"size={max_bytes},nr_inodes={max_entries},mode=700,uid={user},gid={group}"
    linux.mount("scratch", SCRATCH, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, options)


def _outermost(directories: Sequence[str]) -> list[str]:
    return [d for d in directories if not any(d.startswith(f"{other}/") for other in directories)]


def _bind(source: str, target: str, flags: int) -> None:
    linux.mount(source, target, None, linux.MS_BIND)
    there = os.statvfs(target).f_flag
    for seen, kept in _KEPT_FLAGS.items():
        flags |= kept if there & seen else 0
    linux.mount("none", target, None, linux.MS_REMOUNT | linux.MS_BIND | flags)

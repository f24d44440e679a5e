"""Limits on memory relative to what a process already uses, since an interpreter's own size varies between machines."""

import os
import resource


def address_space_bytes() -> int:
    """The size of this process's address space."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def limit_address_space(more_bytes: int) -> None:
    """Lets this process grow by `more_bytes` and no further, for good."""
    limit = address_space_bytes() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

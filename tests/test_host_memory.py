"""Laws of the host's memory, each in a separate process: glibc makes its arenas with the first threads."""

import os
import platform
import subprocess
import sys

import pytest

from codelm_jax.nvidia import has_nvidia_gpu

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is part of glibc")

# A thread allocates memory, frees it and allocates it again, as XLA's threads do; prints the page faults of that.
CODE = """
import ctypes, resource, sys, threading
from codelm_jax.host_memory import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def steps(count):
    for _ in range(count):
        address = libc.malloc(128 << 20)
        ctypes.memset(address, 1, 128 << 20)
        libc.free(address)

def given():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    steps(3)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

steps(1)
thread = threading.Thread(target=lambda: (steps(1), given()))
thread.start()
thread.join()
"""


def pages_given(*, keep, **environment):
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", CODE, "keep" if keep else "leave"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=mine | environment)
    return int(done.stdout)


@pytest.mark.skipif(has_nvidia_gpu(), reason="nothing changes on a machine with a GPU")
def test_a_threads_next_step_gets_the_memory_that_its_last_one_freed():
    # Without the options the kernel supplies the pages of every step again: at least 64, if all are huge pages.
    assert pages_given(keep=False) >= 3 * 64
    assert pages_given(keep=True) < 64


@pytest.mark.parametrize(
    "chosen",
    [
        {
            "GLIBC_TUNABLES": "glibc.malloc.arena_max=8:glibc.malloc.mmap_max=65536:glibc.malloc.trim_threshold=131072"
        },
        {"MALLOC_ARENA_MAX": "8", "MALLOC_MMAP_MAX_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"},
    ],
)
def test_options_that_the_user_has_set_for_the_c_library_are_kept(chosen):
    assert pages_given(keep=True, **chosen) >= 3 * 64

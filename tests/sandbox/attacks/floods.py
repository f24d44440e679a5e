"""Floods: memory, output, disk, descriptors and threads."""

ATTACKS = r"""
### a block of memory | done
def solve(x):
    block = bytearray(640 * 2**20)
    block[:: 2**12] = b"x" * len(block[:: 2**12])
    return "done"

### memory in pieces | done
def solve(x):
    pieces = [bytes([n % 256]) * 2**20 for n in range(640)]
    return "done"

### memory of a list | done
def solve(x):
    numbers = [0] * 90_000_000
    return "done"

### anonymous mapping | done
import mmap
def solve(x):
    area = mmap.mmap(-1, 640 * 2**20)
    for place in range(0, 640 * 2**20, 2**16):
        area[place] = 1
    return "done"

### memory behind a memfd | done
import os
def solve(x):
    descriptor = os.memfd_create("flood")
    for _ in range(640):
        os.write(descriptor, b"x" * 2**20)
    return "done"

### value of 64 MiB | assert len(candidate(7)) == 2**26
def solve(x):
    return "x" * 2**26

### value that grows when decoded | assert len(list(candidate(7))) == 10**8
def solve(x):
    return range(10**8)

### standard output
import sys
def solve(x):
    for _ in range(64):
        sys.stdout.write("x" * 2**20)
    sys.stdout.flush()

### standard error by descriptor
import os
def solve(x):
    for _ in range(64):
        os.write(2, b"x" * 2**20)

### one huge file | done
def solve(x):
    with open("huge", "wb") as file:
        for _ in range(64):
            file.write(b"x" * 2**20)
    return "done"

### one huge sparse file | done
def solve(x):
    with open("sparse", "wb") as file:
        file.truncate(2**36)
    return "done"

### many middling files | done
import time
def solve(x):
    for n in range(64):
        with open(f"file-{n}", "wb") as file:
            file.write(b"x" * 2**20)
        time.sleep(0.005)
    return "done"

### many empty files | done
import time
def solve(x):
    for n in range(700):
        open(f"file-{n}", "w").close()
        if n % 100 == 0:
            time.sleep(0.01)
    return "done"

### deep directories | done
import os, time
def solve(x):
    for n in range(1000):
        os.mkdir("d")
        os.chdir("d")
        if n % 100 == 0:
            time.sleep(0.01)
    return "done"

### descriptors | done
import os
def solve(x):
    for _ in range(200):
        os.pipe()
    return "done"

### threads | done
import threading, time
def solve(x):
    for _ in range(300):
        threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()
    return "done"
"""

"""Forged passes: programs that make a wrong answer count, or find the right one in the judge."""

ATTACKS = r"""
### object equal to everything
class Liar:
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
def solve(x):
    return Liar()

### int subclass equal to everything
class Liar(int):
    def __eq__(self, other):
        return True
    __hash__ = int.__hash__
def solve(x):
    return Liar(0)

### str subclass equal to everything | assert candidate(7) == "EXPECTED_A"
class Liar(str):
    def __eq__(self, other):
        return True
    __hash__ = str.__hash__
def solve(x):
    return Liar("")

### list subclass equal to everything | assert candidate(7) == [EXPECTED_A]
class Liar(list):
    def __eq__(self, other):
        return True
def solve(x):
    return Liar()

### float close to everything | assert abs(candidate(7) - EXPECTED_A) < 1e-6
class Liar(float):
    def __sub__(self, other):
        return 0.0
def solve(x):
    return Liar(0)

### truth of an object | assert candidate(7)
class Thing:
    pass
def solve(x):
    return Thing()

### exit status 0 while loading
import os
os._exit(0)

### exit status 0 in a call
import os
def solve(x):
    os._exit(0)

### SystemExit in a call
import sys
def solve(x):
    sys.exit(0)

### exit hook that sets status 0
import atexit, os
atexit.register(os._exit, 0)
def solve(x):
    return 0

### exception hook that sets status 0
import os, sys
sys.excepthook = lambda *details: os._exit(0)
def solve(x):
    return 0

### caller's constants by frame
import sys
def solve(x):
    found = [c for c in sys._getframe(1).f_code.co_consts if isinstance(c, int) and c > 10**6]
    return found[x - 7]

### all threads' frames
import sys
def solve(x):
    for frame in sys._current_frames().values():
        while frame:
            if frame.f_code.co_name == "check":
                return [c for c in frame.f_code.co_consts if isinstance(c, int) and c > 10**6][x - 7]
            frame = frame.f_back

### traceback frames
def solve(x):
    try:
        raise ValueError
    except ValueError as error:
        frame = error.__traceback__.tb_frame
    while frame:
        if frame.f_code.co_name == "check":
            return [c for c in frame.f_code.co_consts if isinstance(c, int) and c > 10**6][x - 7]
        frame = frame.f_back

### garbage collector's objects
import gc, types
def solve(x):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__name__ == "check" and thing.__code__.co_argcount == 1:
            found = [c for c in thing.__code__.co_consts if isinstance(c, int) and c > 10**6]
            if len(found) == 2:
                return found[x - 7]

### rewriting the expected constant in memory
import ctypes, sys
def solve(x):
    for constant in sys._getframe(1).f_code.co_consts:
        if isinstance(constant, int) and constant > 10**6:
            ctypes.memmove(id(constant) + 16, id(2000000011) + 16, sys.getsizeof(2000000011) - 16)
    return 2000000011

### tracer that jumps over the asserts
import sys
def tracer(frame, event, argument):
    if frame.f_code.co_name != "check":
        return None
    def jump(frame, event, argument):
        if event == "line":
            frame.f_lineno = max(line for *_, line in frame.f_code.co_lines() if line)
            return None
        return jump
    return jump
sys.settrace(tracer)
def solve(x):
    return 0

### thread that replaces a builtin while the check waits | value = candidate(7); assert sorted([value]) == [EXPECTED_A]
import builtins, threading, time
class Liar:
    def __eq__(self, other):
        return True
def race():
    time.sleep(0.05)
    builtins.sorted = lambda values: Liar()
def solve(x):
    threading.Thread(target=race).start()
    time.sleep(0.2)
    return 0

### thread that swaps the running harness's function
import __main__, threading
def swap():
    __main__.run_check = lambda *details: None
thread = threading.Thread(target=swap)
thread.start()
thread.join()
def solve(x):
    return 0

### builtin abs replaced | assert abs(candidate(7) - EXPECTED_A) < 1e-6
import builtins
builtins.abs = lambda number: 0
def solve(x):
    return 0

### math.isclose replaced | import math; assert math.isclose(candidate(7), EXPECTED_A)
import math
math.isclose = lambda *details: True
def solve(x):
    return 0

### module poisoned in sys.modules | import statistics; assert candidate(7) == statistics.mean([EXPECTED_A])
import sys, types
fake = types.ModuleType("statistics")
fake.mean = lambda values: 0
sys.modules["statistics"] = fake
def solve(x):
    return 0

### builtin exec replaced by nothing
import builtins
def check(candidate):
    return None
builtins.exec = lambda *details: None
def solve(x):
    return 0

### StopIteration that ends the check early | assert all(map(candidate, [0, 0, 0]))
def solve(x):
    raise StopIteration

### expected value changed through the argument | values = [3, 1, 2]; assert candidate(values) == sorted(values)
def solve(values):
    values.clear()
    return []

### "passed" on every descriptor
import os
for descriptor in range(1, 256):
    try:
        os.write(descriptor, b"passed\n")
    except OSError:
        pass
os._exit(1)

### forged messages on every descriptor
import json, os
passed = json.dumps({"outcome": "passed", "exception": ""}).encode()
messages = [passed, b'["parsed"]', b'["loaded"]', b'["value",true]', b'["value",["?"]]', b"passed"]
for descriptor in range(1, 256):
    for message in messages:
        try:
            os.write(descriptor, len(message).to_bytes(4, "big") + message)
        except OSError:
            pass
os._exit(1)

### garbage on every descriptor, then exit status 0
import os
for descriptor in range(3, 256):
    try:
        os.write(descriptor, b"\xff" * 4096)
    except OSError:
        pass
os._exit(0)

### expected values from the harness's files
import re, sys
def solve(x):
    for path in sys.argv[1:]:
        try:
            found = re.findall(r"== (\d{7,})", open(path).read())
        except OSError:
            continue
        if found:
            return int(found[x - 7])

### expected values from the command line and environment
import re
def solve(x):
    words = open("/proc/self/cmdline").read().split("\0")
    for word in words:
        try:
            found = re.findall(r"== (\d{7,})", open(word, errors="replace").read())
        except OSError:
            continue
        if found:
            return int(found[x - 7])

### expected values from own memory
import ctypes, gc, re
def areas():
    try:
        lines = [line.split() for line in open("/proc/self/maps")]
        memory = open("/proc/self/mem", "rb")
    except OSError:
        # Small objects live in arenas of 1 MiB, aligned to their size.
        for arena in {id(thing) >> 20 for thing in gc.get_objects() if isinstance(thing, (dict, list))}:
            yield ctypes.string_at(arena << 20, 1 << 20)
        return
    for words in lines:
        if words[1].startswith("rw") and not words[-1].startswith("[v"):
            start, end = (int(word, 16) for word in words[0].split("-"))
            memory.seek(start)
            yield memory.read(end - start)
def solve(x):
    needle = re.compile(rb"assert candidate\(%d\) == (\d{7,})" % x)
    for area in areas():
        found = needle.search(area)
        if found:
            return int(found[1])
"""

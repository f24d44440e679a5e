"""Hangs: programs, values and exits that outlast a time limit set inside their process."""

ATTACKS = r"""
### swallowed time-outs
def solve(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass

### huge power, alarm ignored
import signal
signal.signal(signal.SIGALRM, signal.SIG_IGN)
def solve(x):
    return 3 ** (10**9) % 2

### regular expression that backtracks, alarm ignored
import re, signal
signal.signal(signal.SIGALRM, signal.SIG_IGN)
def solve(x):
    return bool(re.fullmatch("(a+)+", "a" * 60 + "b"))

### time-limit handler that sets status 0
import os, signal
signal.signal(signal.SIGALRM, lambda *details: os._exit(0))
def solve(x):
    while True:
        pass

### stopped process
import os, signal
def solve(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        pass

### endless __eq__ and __str__
class Endless:
    def __str__(self):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    __eq__ = __ne__ = __repr__ = __hash__ = __bool__ = lambda self, *details: self.__str__()
def solve(x):
    return Endless()

### endless __str__ of an exception
class Endless(Exception):
    def __str__(self):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
def solve(x):
    raise Endless from ValueError(str(Endless()))

### blocked standard input, alarm off
import os, signal
def solve(x):
    signal.alarm(0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.read(0, 1)
    while True:
        pass

### sleep with signals blocked
import signal, time
def solve(x):
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()))
    time.sleep(10**6)

### deadlock with signals blocked
import signal, threading
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.valid_signals()))
lock = threading.Lock()
lock.acquire()
lock.acquire()

### thread that never lets the process end
import signal, threading, time
signal.setitimer(signal.ITIMER_REAL, 0)
def forever():
    while True:
        time.sleep(1)
threading.Thread(target=forever).start()
def solve(x):
    return 0

### exit hook that never returns
import atexit
def forever():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
atexit.register(forever)
def solve(x):
    return 0

### value that hangs the check | import re; assert re.fullmatch("(a+)+", candidate(7))
import signal
signal.signal(signal.SIGALRM, signal.SIG_IGN)
def solve(x):
    return "a" * 60 + "b"

### values whose hashes collide | assert set(candidate(7)) == {1}
import signal
signal.signal(signal.SIGALRM, signal.SIG_IGN)
def solve(x):
    return [n * (2**61 - 1) for n in range(1, 60000)]

### handler that starts the clock again
import signal
def again(*details):
    signal.setitimer(signal.ITIMER_REAL, 3600)
signal.signal(signal.SIGALRM, again)
def solve(x):
    while True:
        pass
"""

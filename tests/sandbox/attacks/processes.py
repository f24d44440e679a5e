"""Processes: starting them, outliving the sample, and reaching into those of others."""

ATTACKS = r"""
### fork bomb
import os, time
for _ in range(40):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)

### daemon
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)

### child made by libc
import ctypes, time
if ctypes.CDLL(None).fork() == 0:
    time.sleep(60)

### child made by a bare clone call
import ctypes, platform, time
number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
if ctypes.CDLL(None).syscall(number, 17, 0, 0, 0, 0) == 0:
    time.sleep(60)

### child with vfork flags and no thread group
import ctypes, platform, time
number = {"x86_64": 435, "aarch64": 435}[platform.machine()]
arguments = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)
if ctypes.CDLL(None).syscall(number, arguments, 64) == 0:
    time.sleep(60)

### subprocess
import subprocess
subprocess.Popen(["sleep", SLEEP])

### posix_spawn
import os
os.posix_spawn("/bin/sleep", ["sleep", SLEEP], {})

### shell that writes outside
import os
os.system(f"echo changed > {CANARY}")

### exec of a shell that writes outside
import os
os.execv("/bin/sh", ["sh", "-c", f"echo changed > {CANARY}"])

### program executed from memory
import os
descriptor = os.memfd_create("program", 0)
os.write(descriptor, open("/bin/sleep", "rb").read())
if os.fork() == 0:
    os.execv(f"/proc/self/fd/{descriptor}", ["sleep", SLEEP])

### multiprocessing
import multiprocessing, time
def solve(x):
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    process.start()
    import os
    os._exit(1)

### pickle gadget
import os, pickle
class Gadget:
    def __reduce__(self):
        return os.system, (f"echo changed > {CANARY}",)
pickle.loads(pickle.dumps(Gadget()))

### killing the parent
import os, signal
os.kill(os.getppid(), signal.SIGKILL)

### killing the process group
import os, signal
os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)

### killing a bystander
import os, signal
os.kill(VICTIM, signal.SIGKILL)

### killing a bystander's thread
import ctypes, platform
number = {"x86_64": 200, "aarch64": 130}[platform.machine()]
ctypes.CDLL(None).syscall(number, VICTIM, 9)

### killing through a process descriptor
import os, signal
signal.pidfd_send_signal(os.pidfd_open(VICTIM), signal.SIGKILL)

### killing through a queued signal
import ctypes, platform
number = {"x86_64": 129, "aarch64": 138}[platform.machine()]
information = (ctypes.c_int * 32)(9, 0, -1)
ctypes.CDLL(None).syscall(number, VICTIM, 9, information)

### stopping a bystander
import os, signal
os.kill(VICTIM, signal.SIGSTOP)

### killing through a pipe's owner
import fcntl, os, signal
reader, writer = os.pipe()
fcntl.fcntl(reader, fcntl.F_SETOWN, VICTIM)
fcntl.fcntl(reader, 10, int(signal.SIGKILL))
fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
os.write(writer, b"x")

### reading a bystander's memory by /proc | stolen
def solve(x):
    with open(f"/proc/{VICTIM}/mem", "rb") as memory:
        memory.seek(VICTIM_ADDRESS)
        return memory.read(16).decode()

### reading a bystander's memory by process_vm_readv | stolen
import ctypes
def solve(x):
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 16)
    remote = (ctypes.c_uint64 * 2)(VICTIM_ADDRESS, 16)
    ctypes.CDLL(None).process_vm_readv(VICTIM, local, 1, remote, 1, 0)
    return buffer.raw.decode()

### tracing a bystander | done
import ctypes
def solve(x):
    ptrace = ctypes.CDLL(None).ptrace
    return "done" if ptrace(16, VICTIM, None, None) == 0 else "denied"

### writing a bystander's memory
with open(f"/proc/{VICTIM}/mem", "r+b", buffering=0) as memory:
    memory.seek(VICTIM_ADDRESS)
    memory.write(b"changed")

### a bystander's limits | done
import resource
def solve(x):
    resource.prlimit(VICTIM, resource.RLIMIT_NOFILE, (3, 3))
    return "done"

### a bystander's priority | done
import os
def solve(x):
    os.setpriority(os.PRIO_PROCESS, VICTIM, 19)
    return "done"

### a bystander's processors | done
import os
def solve(x):
    os.sched_setaffinity(VICTIM, {0})
    return "done"

### own limits raised | done
import resource
def solve(x):
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (min(hard, 2**40) if hard > 0 else 2**40, hard))
    return "done"
"""

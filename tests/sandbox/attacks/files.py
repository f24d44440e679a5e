"""Files and environment: changing, deleting and reading those outside."""

ATTACKS = r"""
### overwriting a file
open(CANARY, "w").write("changed")

### appending to a file
open(CANARY, "a").write("changed")

### deleting a file
import os
os.remove(CANARY)

### renaming a file
import os
os.rename(CANARY, CANARY + ".moved")

### replacing a file by one of its own
import os
open("mine", "w").write("changed")
os.replace("mine", CANARY)

### changing a file's mode
import os
os.chmod(CANARY, 0o600)

### changing a file's times
import os
os.utime(CANARY, (0, 0))

### changing a file's attributes | done
import os
def solve(x):
    os.setxattr(CANARY, "user.changed", b"changed")
    return "done"

### emptying a file by truncate
import os
os.truncate(CANARY, 0)

### emptying a file opened for reading
import os
os.open(CANARY, os.O_RDONLY | os.O_TRUNC)

### emptying a file by openat2
import ctypes, os
how = (ctypes.c_uint64 * 3)(os.O_RDONLY | os.O_TRUNC, 0, 0)
ctypes.CDLL(None).syscall(437, -100, CANARY.encode(), how, 24)

### writing through a hard link
import os
os.link(CANARY, "link")
open("link", "w").write("changed")

### writing through a symbolic link
import os
os.symlink(CANARY, "link")
open("link", "w").write("changed")

### symbolic link to a directory
import os
os.symlink(WORLD, "directory")
os.remove("directory/canary")

### writing by a relative path
import os
open(os.path.relpath(CANARY), "w").write("changed")

### making a directory
import os
os.mkdir(f"{WORLD}/library/new")

### making a named pipe
import os
os.mkfifo(f"{WORLD}/library/new")

### poisoned library
open(f"{WORLD}/library/json.py", "w").write("raise SystemExit")

### shared memory outside | done
import os
def solve(x):
    name = f"/dev/shm/{TOKEN}"
    open(name, "w").write("x")
    os.remove(name)
    return "done"

### shared memory segment | done
import ctypes
def solve(x):
    libc = ctypes.CDLL(None)
    segment = libc.shmget(0, 4096, 0o1600)
    if segment < 0:
        return "denied"
    libc.shmctl(segment, 0, None)
    return "done"

### message queue | done
import ctypes
def solve(x):
    libc = ctypes.CDLL(None)
    queue = libc.msgget(0, 0o1600)
    if queue < 0:
        return "denied"
    libc.msgctl(queue, 0, None)
    return "done"

### key in the kernel's keyring | done
import ctypes, platform
def solve(x):
    number = {"x86_64": 248, "aarch64": 217}[platform.machine()]
    key = ctypes.CDLL(None).syscall(number, b"user", TOKEN.encode(), b"x", 1, -2)
    return "done" if key > 0 else "denied"

### reading a secret file | stolen
def solve(x):
    return open(SECRET_FILE).read()

### reading a secret file by a relative path | stolen
import os
def solve(x):
    return open(os.path.relpath(SECRET_FILE)).read()

### reading a secret through a symbolic link | stolen
import os
def solve(x):
    os.symlink(SECRET_FILE, "link")
    return open("link").read()

### reading a secret from an inherited descriptor | stolen
import os
def solve(x):
    for descriptor in range(3, 256):
        try:
            found = os.pread(descriptor, 100, 0).decode()
        except (OSError, UnicodeDecodeError):
            continue
        if found.startswith("secret"):
            return found

### reading a secret from the environment | stolen
import os
def solve(x):
    return os.environ["CODELM_SECRET"]

### reading a secret from another process's environment | stolen
import os, re
def solve(x):
    for pid in [os.getppid(), *filter(str.isdigit, os.listdir("/proc"))]:
        try:
            found = re.search("CODELM_SECRET=([^\0]+)", open(f"/proc/{pid}/environ").read())
        except OSError:
            continue
        if found:
            return found[1]

### listing a directory | assert "canary" in candidate(7)
import os
def solve(x):
    return os.listdir(WORLD)

### reading the password file | assert "root" in candidate(7)
def solve(x):
    return open("/etc/passwd").read()

### reading third-party packages | done
import os, sysconfig
def solve(x):
    os.listdir(WORLD + "/library")
    return open(WORLD + "/library/package.py").read() and "done"
"""

"""What an attack may harm: files, servers and a bystander process, and how to see that it did."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile

_VICTIM = """
import ctypes, sys, time
buffer = ctypes.create_string_buffer(sys.argv[1].encode())
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER_ANY: as open as can be
print(ctypes.addressof(buffer), flush=True)
while True:
    line = sys.stdin.readline()
    if not line:
        break
    print(buffer.value.decode(), flush=True)
"""


class World:
    """A directory that everybody may write to, three servers, and a process; made for each attack."""

    def __init__(self, token: str):
        self.token = token
        self.stolen = f"secret-{secrets.token_hex(4)}-"[:16].ljust(16, "x")
        self.expected = (2 * 10**9 + secrets.randbelow(10**9), 3 * 10**9 + secrets.randbelow(10**9))
        self.sleep = f"98{secrets.randbelow(10**9):09d}"
        self.directory = tempfile.mkdtemp(prefix="world-")
        os.chmod(self.directory, 0o777)
        self.canary = self._write("canary", "alive")
        self.secret_file = self._write("secret", self.stolen)
        self.library = os.path.join(self.directory, "library")
        os.mkdir(self.library)
        os.chmod(self.library, 0o777)
        self._write("library/package.py", "pass")
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(os.path.join(self.directory, "unix"))
        os.chmod(self.unix.getsockname(), 0o777)
        self.unix.listen()
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0{self.token}")
        self.abstract.listen()
        self.victim = subprocess.Popen(
            [sys.executable, "-I", "-c", _VICTIM, self.stolen],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.victim.stdout is not None
        self.victim_address = int(self.victim.stdout.readline())
        self.before = self._files()

    def _write(self, name: str, text: str) -> str:
        path = os.path.join(self.directory, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o666)
        os.utime(path, (10**9, 10**9))
        return path

    def header(self) -> str:
        """The constants that every attack's program starts with."""
        constants = {
            "TOKEN": self.token,
            "SLEEP": self.sleep,
            "WORLD": self.directory,
            "CANARY": self.canary,
            "SECRET_FILE": self.secret_file,
            "TCP_PORT": self.tcp.getsockname()[1],
            "UDP_PORT": self.udp.getsockname()[1],
            "UNIX_PATH": self.unix.getsockname(),
            "ABSTRACT": self.token,
            "VICTIM": self.victim.pid,
            "VICTIM_ADDRESS": self.victim_address,
        }
        return "".join(f"{name} = {value!r}\n" for name, value in constants.items())

    def fill(self, check: str) -> str:
        """The check with this world's secrets in it."""
        first, second = self.expected
        return (
            check.replace("EXPECTED_A", str(first))
            .replace("EXPECTED_B", str(second))
            .replace("STOLEN", self.stolen)
        )

    def harm(self) -> list[str]:
        """What an attack did to this world."""
        found = []
        if self._files() != self.before:
            found.append("files changed")
        for name in ("tcp", "udp", "unix", "abstract"):
            server = getattr(self, name)
            server.setblocking(False)
            try:
                server.recv(10) if name == "udp" else server.accept()[0].close()
            except BlockingIOError:
                continue
            found.append(f"{name} reached")
        if not self._victim_is_well():
            found.append("bystander harmed")
        return found

    def close(self) -> None:
        """Takes the world down."""
        self.victim.kill()
        self.victim.wait()
        for pipe in (self.victim.stdin, self.victim.stdout):
            if pipe is not None:
                pipe.close()
        for server in (self.tcp, self.udp, self.unix, self.abstract):
            server.close()
        shutil.rmtree(self.directory)

    def _victim_is_well(self) -> bool:
        assert self.victim.stdin is not None
        assert self.victim.stdout is not None
        if self.victim.poll() is not None:
            return False
        with open(f"/proc/{self.victim.pid}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] in "Tt":
                return False
        try:
            self.victim.stdin.write("\n")
            self.victim.stdin.flush()
        except BrokenPipeError:
            return False
        return self.victim.stdout.readline().strip() == self.stolen

    def _files(self) -> list[tuple[str, int, int, bytes]]:
        found = []
        for directory, _, names in os.walk(self.directory):
            for name in sorted(names):
                path = os.path.join(directory, name)
                state = os.lstat(path)
                content = b""
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        content = file.read()
                found.append((path, state.st_mode, state.st_mtime_ns, content))
            found.append((directory, os.lstat(directory).st_mode, 0, b""))
        return sorted(found)


def processes_with(text: str) -> list[int]:
    """The living processes whose command line holds `text`, this one excepted."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                line = file.read()
            with open(f"/proc/{name}/stat") as file:
                state = file.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if text.encode() in line and state != "Z" and int(name) != os.getpid():
            found.append(int(name))
    return found

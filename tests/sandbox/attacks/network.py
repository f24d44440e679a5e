"""Network: reaching servers, and becoming one."""

ATTACKS = r"""
### TCP connection
import socket
socket.create_connection(("127.0.0.1", TCP_PORT), 2).sendall(b"x")

### TCP connection by libc
import ctypes, socket, struct
libc = ctypes.CDLL(None)
descriptor = libc.socket(2, 1, 0)
address = struct.pack("=H", 2) + struct.pack("!H4s8x", TCP_PORT, bytes([127, 0, 0, 1]))
libc.connect(descriptor, address, 16)

### TCP connection by asyncio
import asyncio
async def connect():
    _, writer = await asyncio.open_connection("127.0.0.1", TCP_PORT)
    writer.write(b"x")
    await writer.drain()
asyncio.run(connect())

### HTTP request
import urllib.request
urllib.request.urlopen(f"http://127.0.0.1:{TCP_PORT}/", timeout=0.5)

### UDP datagram
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", UDP_PORT))

### Unix socket
import socket
socket.socket(socket.AF_UNIX).connect(UNIX_PATH)

### abstract Unix socket
import socket
socket.socket(socket.AF_UNIX).connect("\0" + ABSTRACT)

### server of its own | done
import socket
def solve(x):
    socket.create_server(("127.0.0.1", 0))
    return "done"

### socket pair | done
import socket
def solve(x):
    socket.socketpair()
    return "done"

### netlink | done
import socket
def solve(x):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    return "done"

### io_uring | done
import ctypes
def solve(x):
    parameters = ctypes.create_string_buffer(120)
    return "done" if ctypes.CDLL(None).syscall(425, 4, parameters) >= 0 else "denied"
"""

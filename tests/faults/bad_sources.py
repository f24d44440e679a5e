"""Unusable source files, each with the reason under which it must be counted; "" if it must be kept."""

import os
import random
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from data.source_trees import python_source

MAX_FILE_BYTES = 100_000
MAX_LINE_LENGTH = 1000

_KEY = "ghp_" + "a1B2c3D4e5F6" * 3


def contents(rng: random.Random, originals: list[str]) -> list[tuple[str, bytes]]:
    """One file of each kind, other ones for each state of `rng`: the reason and the content.

    Args:
        rng: where the contents come from.
        originals: sources that the corpus holds already.
    """
    sound = python_source(rng.randrange(10**6, 10**12))
    utf8 = sound.encode()
    place = rng.randrange(len(utf8))
    torn = lambda middle: utf8[:place] + middle + utf8[place:]  # noqa: E731
    levels = rng.randrange(105, 115)
    return [
        ("", utf8),
        ("", b"\xef\xbb\xbf" + other(rng)),
        ("", other(rng).replace(b"\n", b"\r\n")),
        ("", other(rng).replace(b"\n", b"\r")),
        ("", "größe = '😀 \u2028'\n".encode() + other(rng)),
        ("", b"# -*- coding: no-such-codec -*-\n" + other(rng)),
        ("", b"bell = '\a\x1b\x7f'\n\f\n" + other(rng)),
        ("", other(rng).rstrip() + b"\n" * 50),
        ("not UTF-8", torn(b"\xff")),
        ("not UTF-8", torn(b"\xc0\xaf")),
        ("not UTF-8", torn(b"\xed\xa0\x80")),
        ("not UTF-8", torn(b"\xf4\x90\x80\x80")),
        ("not UTF-8", utf8 + b"\xe2\x82"),
        ("not UTF-8", "name = 'é'\n".encode("latin-1") + utf8),
        ("", "# coding: latin-1\nname = 'é'\n".encode("latin-1") + other(rng)),
        ("", b"#!/usr/bin/python\n# vim: set fileencoding=cp1251 :\nname = '\xe9\xff'\n" + other(rng)),
        ("not in its declared encoding", b"# coding: ascii\nname = '\xe9'\n" + utf8),
        ("not in its declared encoding", b"# coding: utf-7\nname = '+2AA-'\n" + utf8),
        ("not UTF-8", bytes(rng.randrange(128, 256) for _ in range(2000))),
        ("null byte", torn(b"\0")),
        ("null byte", b"\0" * 4096),
        ("null byte", sound.encode("utf-16")),
        ("null byte", utf8 + b"\0"),
        ("too large", utf8 * (1 + MAX_FILE_BYTES // len(utf8))),
        ("empty", b""),
        ("empty", b"\n" * rng.randrange(1, 100)),
        ("empty", b"\xef\xbb\xbf"),
        ("empty", b"# nothing but a comment\n" * rng.randrange(1, 9)),
        ("line too long", utf8 + b"text = '" + b"word " * (MAX_LINE_LENGTH // 4) + b"'\n"),
        ("line too long", b"value = " + b"(" * 5000 + b")" * 5000),
        ("data, not code", b"table = [\n" + b"    0x12, 0x34, 0x56,\n" * rng.randrange(100, 200) + b"]\n"),
        ("generated", b"# Automatically generated, do not edit\n" + utf8),
        ("likely secret", utf8 + f"token = '{_KEY}'\n".encode()),
        ("does not parse", utf8 + b")(\n"),
        ("does not parse", utf8 + b"print 'Python 2'\n"),
        ("does not parse", utf8 + b"text = '''never closed\n"),
        ("does not parse", utf8 + b"mode = 0777\n"),
        ("does not parse", utf8 + b"if value:\n\tfirst()\n        second()\n"),
        ("does not parse", utf8 + "name\u200b = 1\n".encode()),
        ("does not parse", b"function(\n" * rng.randrange(250, 900) + b")\n"),
        ("does not parse", b"".join(b" " * level + b"while state:\n" for level in range(levels))),
        ("does not parse", b"value = (\n" + b"not \n" * rng.randrange(9_000, 15_000) + b"state)\n"),
        # Of other originals than the near copies: a copy of a file that lost to a near copy is a near copy too.
        ("exact duplicate", rng.choice(originals[::2]).encode()),
        ("exact duplicate", rng.choice(originals[::2]).encode().replace(b"\n", b"\r\n")),
        ("near duplicate", rng.choice(originals[1::2]).encode() + f"\nlast_{place} = {place}\n".encode()),
    ]


def other(rng: random.Random) -> bytes:
    """A sound source unlike all others."""
    return python_source(rng.randrange(10**6, 10**12)).encode()


def fifo(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    # By way of the open directory: an address has 107 bytes at most.
    directory = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"/proc/self/fd/{directory}/{path.name}")
    os.close(directory)


def device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero, which never ends
    except PermissionError:  # an ordinary user may make none
        os.mkfifo(path)


def sparse_giant(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def unreadable(path: Path) -> None:
    path.write_bytes(other(random.Random(str(path))))
    path.chmod(0)


def unreadable_directory(path: Path) -> None:
    path.mkdir()
    (path / "inside.py").write_text("x = 1\n")
    path.chmod(0)


def endless_path(path: Path) -> None:
    """Directories in directories, until no path is long enough to reach them."""
    here = os.open(path.parent, os.O_RDONLY)
    for name in (path.name, *["d" * 250] * 17):
        os.mkdir(name, dir_fd=here)
        outer, here = here, os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(outer)
    os.close(here)


SPECIAL: list[tuple[str, Callable[[Path], object]]] = [
    ("not a regular file", fifo),
    ("not a regular file", unix_socket),
    ("not a regular file", device),
    ("symbolic link", lambda path: path.symlink_to(path)),
    ("symbolic link", lambda path: path.symlink_to("nowhere")),
    ("symbolic link", lambda path: path.symlink_to("/dev/zero")),
    ("link to a folder", lambda path: path.symlink_to("..")),
    ("symbolic link", lambda path: path.symlink_to("/etc/passwd")),
    ("too large", sparse_giant),
    ("unreadable", unreadable),
    ("unreadable directory", unreadable_directory),
    ("unreadable", endless_path),
]

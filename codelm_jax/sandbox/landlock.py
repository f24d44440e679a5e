"""Landlock: which files generated code may read and write, enforced by the kernel without privileges.

Two rulesets are stacked, and an access must pass both: the library's is built once, and gives read access to the
standard library (its site-packages left out) and to everything below the scratch root; the worker's own gives write
access to its one scratch directory. TCP and, where the kernel can, abstract sockets and signals to outside are denied too.
See the kernel's Documentation/userspace-api/landlock.rst.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from codelm_jax.sandbox import linux

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14
_RIGHTS_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
_READ = READ_FILE | READ_DIR
_READ_WRITE = _READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
_NET_TCP = 0b11
_SCOPED = 0b11

_THIRD_PARTY = {"site-packages", "dist-packages"}


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def abi() -> int:
    """The kernel's Landlock version, 1 or more.

    Raises:
        OSError: ENOSYS or EOPNOTSUPP where the kernel has none or has it switched off.
    """
    return linux.system_call(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)


def library_ruleset(libraries: Iterable[str], scratch_root: str) -> int:
    """A ruleset (as a descriptor) that lets the standard library be read and `scratch_root` be used."""
    ruleset = _create()
    for library in libraries:
        # Importing lists the directory, so its names are readable; contents are granted entry by entry.
        _allow(ruleset, library, READ_DIR)
        for entry in os.scandir(library):
            # A link may lead to where a private root shows nothing (Debian's sitecustomize.py).
            if entry.name not in _THIRD_PARTY and os.path.exists(entry.path):
                _allow(ruleset, entry.path, _READ)
    for device in ("/dev/null", "/dev/urandom"):
        if os.path.exists(device):
            _allow(ruleset, device, READ_FILE | WRITE_FILE)
    _allow(ruleset, scratch_root, _READ_WRITE)
    return ruleset


def scratch_ruleset(scratch: str) -> int:
    """A ruleset that lets everything be read and only `scratch` (and /dev/null) be written."""
    ruleset = _create()
    _allow(ruleset, "/", _READ)
    if os.path.exists("/dev/null"):
        _allow(ruleset, "/dev/null", READ_FILE | WRITE_FILE)
    _allow(ruleset, scratch, _READ_WRITE)
    return ruleset


def restrict(ruleset: int) -> None:
    """Puts this process and its future children under `ruleset`; no_new_privs must be set."""
    linux.system_call(_RESTRICT_SELF, ruleset, 0)


def _handled_rights(version: int) -> int:
    known = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << known) - 1


def _create() -> int:
    version = abi()
    attributes = _RulesetAttributes(
        _handled_rights(version), _NET_TCP if version >= 4 else 0, _SCOPED if version >= 6 else 0
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    return linux.system_call(_CREATE_RULESET, attributes, size, 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights &= _handled_rights(abi())
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _RIGHTS_OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)  # struct landlock_path_beneath_attr, which is packed
        linux.system_call(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)

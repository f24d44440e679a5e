"""bubblewrap: namespaces from a helper that may make them where this process may not (set-uid, or an AppArmor profile)."""

import os
import shutil
import sys
from collections.abc import Sequence

_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")


def command(scratch_root: str, package_root: str, libraries: Sequence[str]) -> list[str] | None:
    """The start of a command line that runs the rest inside bubblewrap; None where it is not installed.

    Inside, the system's programs and libraries, this Python and this package are readable, and only `scratch_root` is
    writable.
    """
    program = shutil.which("bwrap")
    if program is None:
        return None
    words = [program, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"]
    for path in (*_SYSTEM, sys.base_prefix, os.path.join(package_root, "codelm_jax")):
        words += ["--ro-bind-try", path, path]
    for library in libraries:
        for name in ("site-packages", "dist-packages"):
            if os.path.isdir(os.path.join(library, name)):
                words += ["--tmpfs", os.path.join(library, name)]
    return [
        *words,
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--bind",
        scratch_root,
        scratch_root,
        "--chdir",
        "/",
        "--",
    ]

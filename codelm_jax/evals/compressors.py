"""What general compressors make of the held-out text: the context for bits per byte."""

import gzip
import lzma
import shutil
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

# Any dictionary beyond the data's own size finds nothing more, and 64 MiB a file would take minutes.
_LEAST_DICTIONARY = 1 << 12


def compressors(files: Sequence[bytes]) -> dict[str, Any]:
    """Bits per byte of `xz -9e`, `zstd -19` and `gzip -9`, each file by itself and all joined.

    Args:
        files: the held-out files, as the model's own bits per byte were measured on.

    Returns:
        `{"bytes", "files", "xz": {"by_file", "joined"}, ...}`; zstd is None where the program is not installed.
    """
    total = sum(map(len, files))
    if not total:
        raise ValueError("no held-out text to compress")
    joined = b"".join(files)

    def figures(compress: Callable[[bytes], bytes]) -> dict[str, float]:
        by_file = sum(len(compress(file)) for file in files)
        return {"by_file": 8 * by_file / total, "joined": 8 * len(compress(joined)) / total}

    return {
        "bytes": total,
        "files": len(files),
        "xz": figures(_xz),
        "gzip": figures(_gzip),
        "zstd": figures(_zstd) if shutil.which("zstd") else None,
    }


def _xz(data: bytes) -> bytes:
    dictionary = max(_LEAST_DICTIONARY, len(data))
    lzma2 = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": dictionary}
    return lzma.compress(data, format=lzma.FORMAT_XZ, filters=[lzma2])


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=9, mtime=0)


def _zstd(data: bytes) -> bytes:
    return subprocess.run(
        ["zstd", "-19", "--quiet", "--stdout"], input=data, capture_output=True, check=True
    ).stdout

"""General compressors on the held-out text, for comparison with bits per byte."""

import gzip
import lzma
import shutil
import subprocess
from collections.abc import Callable, Sequence

import pydantic.dataclasses

from codelm_jax.evals.suite import READABLE

# Field of `Compressors` -> how the program is called.
PROGRAMS = {"xz": "xz -9e", "zstd": "zstd -19", "gzip": "gzip -9"}
# A dictionary beyond the data's own size finds nothing more, and 64 MiB a file would take minutes.
_LEAST_DICTIONARY = 1 << 12


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class CompressedSize:
    """Bits per byte, each file by itself and all joined."""

    by_file: float
    joined: float


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class Compressors:
    """Sizes by program; None where the program was not installed."""

    bytes: int
    files: int
    xz: CompressedSize | None = None
    gzip: CompressedSize | None = None
    zstd: CompressedSize | None = None


def compressors(files: Sequence[bytes]) -> Compressors:
    """Compresses the files that the model's own bits per byte were measured on.

    Raises:
        ValueError: they are empty.
    """
    total = sum(map(len, files))
    if not total:
        raise ValueError("no held-out text to compress")
    joined = b"".join(files)

    def size(compress: Callable[[bytes], bytes]) -> CompressedSize:
        by_file = sum(len(compress(file)) for file in files)
        return CompressedSize(8 * by_file / total, 8 * len(compress(joined)) / total)

    return Compressors(
        bytes=total,
        files=len(files),
        xz=size(_xz),
        gzip=size(_gzip),
        zstd=size(_zstd) if shutil.which("zstd") else None,
    )


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

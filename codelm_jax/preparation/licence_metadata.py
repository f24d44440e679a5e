"""The licence of a package as an SPDX expression, read from its metadata."""

import hashlib
import os
import re
import tomllib
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from codelm_jax.data.decoding import Rejected
from codelm_jax.data.licences import UNKNOWN
from codelm_jax.preparation.judging import read_regular_file

_CLASSIFIERS = {
    "Academic Free License (AFL)": "AFL-3.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Blue Oak Model License (BlueOak-1.0.0)": "BlueOak-1.0.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "CMU License (MIT-CMU)": "MIT-CMU",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python License (CNRI Python License)": "CNRI-Python",
    "Python Software Foundation License": "PSF-2.0",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "University of Illinois/NCSA Open Source License": "NCSA",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
    "zlib/libpng License": "Zlib",
}
_NO_LICENCE = {"OSI Approved", "DFSG approved"}
# Licence names in free text, as sets of words: order, punctuation and the words of `_NOISE` do not matter.
_SPELLINGS = {
    "Apache-2.0": ("apache", "apache 2", "apache2", "asl 2"),
    "BSD-2-Clause": ("bsd 2 clause", "bsd simplified", "bsd freebsd"),
    "BSD-3-Clause": ("bsd", "bsd 3", "bsd3", "bsd 3 clause", "bsd new", "bsd modified", "bsd revised"),
    "BSL-1.0": ("boost", "boost 1"),
    "ISC": ("isc", "iscl"),
    "MIT": ("mit", "expat", "mit expat", "mit x11", "expat mit x11"),
    "MIT-0": ("mit no attribution",),
    "MPL-2.0": ("mpl 2", "mozilla public 2", "mozilla public 2 mpl"),
    "PSF-2.0": ("psf", "psfl", "psf 2", "python foundation", "python foundation psf"),
    "Unlicense": ("unlicense",),
    "Zlib": ("zlib", "zlib libpng"),
    "ZPL-2.1": ("zpl 2.1", "zope public 2.1"),
}  # fmt: skip
_NOISE = {"", "the", "license", "licence", "licensed", "under", "version", "software"}
_OF_WORDS = {frozenset(words.split()): name for name, spellings in _SPELLINGS.items() for words in spellings}
_BETWEEN_WORDS = re.compile(r"[\s(),/_-]+")
_VERSION_MARK = re.compile(r"^v(?=\d)|\.0$")
_JOINT = re.compile(r"\s+(and|or)\s+|\s*[/&,;]\s*", re.IGNORECASE)
# Whole licence texts: first words, last words, and the digest of all words between them.
_TEXTS = (
    (
        "permission is hereby granted free of charge",
        "dealings in the software",
        "91252e71ebf1b3cdaa55b3f945b882e5283e79fce0373436876b406cf2c10596",
        "MIT",
    ),
    (
        "terms and conditions for use reproduction",
        "end of terms and conditions",
        "7cdcacdfacc75ee9d1f9ced7bfdf59bb6ed42b969d4be5a4d3995e0b92ae963e",
        "Apache-2.0",
    ),
)
_MOST_WORDS_BEFORE_TEXT = 50  # title and copyright lines
_AFTER_TEXT = " appendix how to apply the apache license to your work"
_MOST_PROJECT_BYTES = 1_000_000
_SPDX_SHAPE = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")


def of_distribution(distribution: Distribution) -> str:
    """The licence of an installed package: its SPDX expression, else the more exact of classifiers and free text."""
    metadata: Any = distribution.metadata
    if expression := metadata.get("License-Expression"):
        return expression.strip()
    said = _from_free_text(metadata.get("License") or "")
    classifiers = [
        c.rsplit(" :: ", 1)[-1] for c in metadata.get_all("Classifier") or () if c.startswith("License ::")
    ]
    found = sorted({_CLASSIFIERS.get(name, UNKNOWN) for name in classifiers if name not in _NO_LICENCE})
    # Free text may be more exact: "MIT OR Apache-2.0", or the number of a BSD licence's clauses.
    if not set(found) - {UNKNOWN} or " " in said or {_family(said)} == set(map(_family, found)):
        return said
    # Classifiers do not say how they combine: all of them must be honoured.
    return " AND ".join(found)


def of_project(directory: Path) -> tuple[str, str]:
    """Version and licence that `directory`'s pyproject.toml declares; "" and `unknown` where it does not.

    A path of any kind and a file of any content is safe: a pipe, endlessly nested tables, values of another type.
    """
    path = os.path.realpath(directory / "pyproject.toml")
    try:
        project: Any = tomllib.loads(read_regular_file(path, _MOST_PROJECT_BYTES).decode()).get("project")
    except (Rejected, ValueError, RecursionError):
        return "", UNKNOWN
    if not isinstance(project, dict):
        return "", UNKNOWN
    declared = project.get("license", "")
    if isinstance(declared, dict):
        declared = declared.get("text", "")
    version = project.get("version", "")
    return (version if isinstance(version, str) else ""), _from_free_text(
        declared if isinstance(declared, str) else ""
    )


def _family(licence: str) -> str:
    return licence.split("-")[0]


def _from_free_text(text: str) -> str:
    stripped = " ".join(text.split())
    if len(stripped) > 100:
        return _from_whole_text(stripped)
    if known := _from_words(stripped):
        return known
    parts = _JOINT.split(stripped)
    known_parts = [_from_words(part) for part in parts[::2]]
    if all(known_parts):
        either = all(joint and joint.lower() == "or" for joint in parts[1::2])
        return (" OR " if either else " AND ").join(known_parts)
    is_expression = _SPDX_SHAPE.fullmatch(stripped) and stripped.lower() != UNKNOWN
    return stripped if is_expression else UNKNOWN


def _from_words(text: str) -> str:
    words = (_VERSION_MARK.sub("", word.strip(".")) for word in _BETWEEN_WORDS.split(text.lower()))
    return _OF_WORDS.get(frozenset(words) - _NOISE, "")


def _from_whole_text(text: str) -> str:
    words = " ".join(re.findall("[a-z]+", text.lower()))
    for first, last, digest, name in _TEXTS:
        before, begins, rest = words.partition(first)
        body, ends, after = rest.partition(last)
        extends = len(before.split()) > _MOST_WORDS_BEFORE_TEXT or not after.startswith(
            _AFTER_TEXT[: len(after)]
        )
        if begins and ends and not extends and hashlib.sha256(body.encode()).hexdigest() == digest:
            return name
    return UNKNOWN

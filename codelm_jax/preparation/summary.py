"""The result of a preparation as lines for the terminal: sizes, largest packages, held-out packages, files left out."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from codelm_jax.preparation.composition import composition_lines

_LARGEST = 5
_HELD_OUT = 12


def lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields one line for each fact in the manifest that a user should check before training."""
    for name, split in manifest["splits"].items():
        yield f"{name}: {split['documents']} files, {split['bytes'] / 1e6:.1f} MB, {split['tokens']} tokens"
    yield f"{manifest['val_characters_per_token']:.2f} characters per token on val"
    sizes: Counter[str] = Counter()
    for file in manifest.get("files", ()):
        sizes[file["package"]] += file["bytes"]
    if sizes:
        largest = ", ".join(
            f"{name} {100 * size / sizes.total():.0f} %" for name, size in sizes.most_common(_LARGEST)
        )
        yield f"largest of {len(sizes)} packages: {largest}"
    if units := manifest.get("test_units"):
        named = ", ".join(units[:_HELD_OUT]) + (
            f" and {len(units) - _HELD_OUT} more" if len(units) > _HELD_OUT else ""
        )
        yield f"test holds out {len(units)} by {manifest['test_unit']}: {named}"
    if made_of := manifest.get("composition"):
        yield from composition_lines(made_of)
    if manifest["skipped"]:
        yield "left out: " + ", ".join(f"{count} {reason}" for reason, count in manifest["skipped"].items())

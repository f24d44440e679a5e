"""Templates: the meaning of a function with its wordings and bodies, and the notation in which tables hold them.

A table is text. Blocks are separated by blank lines; each is one template:

    count_$P number_of_$P : L -> int
    - the number of $L that $Ps
    > return sum(1 for $x in $L if $P)
    > $count = 0
      for $x in $L:
          if $P:
              $count += 1
      return $count

The first line names the function (several names are alternatives), its parameters and its return type. `- ` begins a
wording: a noun phrase ("Return ..." is put before it), `- ? ` a clause that is true or false, `- ! ` a whole sentence in the
imperative. `> ` begins a body, whose further lines are indented by two spaces. `$` begins a placeholder, which `filling`
explains.

`@(largest/smallest)` anywhere in a block makes one template of each alternative. All groups of a block have the same number
of alternatives and are read in parallel, so that near neighbours (max and min, first and last, < and <=) are written side
by side. (`//` and ` / ` inside a group are Python's operators.)
"""

import dataclasses
import re

# Parentheses inside a group may be nested three deep.
_GROUP = re.compile(r"@\(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)")
_SLASH = re.compile(r"(?<!/)(?:(?<! )/|/(?! ))(?!/)")
_HEADER = re.compile(r"(?P<names>[^:]+?) : (?P<params>.*?) ?-> (?P<returns>.+)")
# Letters for the usual parameters: the kind of value they hold.
_SLOTS = {
    "n": "int",
    "n+": "positive",
    "n0": "natural",
    "a": "int",
    "b": "int",
    "c": "int",
    "a+": "positive",
    "b+": "positive",
    "c+": "positive",
    "L": "ints",
    "L+": "some ints",
    "M": "ints",
    "M+": "some ints",
    "A": "items",
    "A+": "some items",
    "B": "items",
    "W": "words",
    "W+": "some words",
    "s": "text",
    "s+": "some text",
    "t": "text",
    "D": "scores",
    "D+": "some scores",
    "G": "grid",
    "T": "pairs",
    "X+": "some floats",
}


@dataclasses.dataclass(frozen=True)
class Param:
    """A parameter: the slot whose name is drawn ("" where `name` is fixed), and the kind of its values."""

    slot: str
    name: str
    kind: str


@dataclasses.dataclass(frozen=True)
class Template:
    """A function's meaning.

    Attributes:
        key: unique name.
        topic: the table it comes from.
        block: the key of the block; near neighbours share it.
        names: patterns for the function's name.
        params: its parameters.
        returns: its return type, written with builtin generics.
        asks: wordings; "? " before clauses, "! " before sentences.
        bodies: source patterns of bodies that mean the same.
    """

    key: str
    topic: str
    block: str
    names: tuple[str, ...]
    params: tuple[Param, ...]
    returns: str
    asks: tuple[str, ...]
    bodies: tuple[str, ...]


def table(topic: str, text: str) -> tuple[Template, ...]:
    """Reads a table.

    Raises:
        ValueError: a block does not follow the notation.
    """
    blocks = [block for block in re.split(r"\n\s*\n", text.strip("\n")) if block.strip()]
    return tuple(template for block in blocks for template in _expand(topic, block))


def _expand(topic: str, block: str) -> list[Template]:
    groups = [_SLASH.split(group) for group in _GROUP.findall(block)]
    sizes = {len(group) for group in groups} or {1}
    if len(sizes) != 1:
        raise ValueError(f"groups of different sizes in the block {block!r}")
    texts = [_GROUP.sub(lambda m, i=i: _SLASH.split(m[1])[i], block) for i in range(sizes.pop())]
    first = _parse(topic, texts[0], "")
    return [_parse(topic, text, first.key) for text in texts]


def _parse(topic: str, block: str, block_key: str) -> Template:
    header, *lines = block.split("\n")
    found = _HEADER.fullmatch(header)
    if found is None:
        raise ValueError(f"no header: {header!r}")
    asks: list[str] = []
    bodies: list[list[str]] = []
    for line in lines:
        if line.startswith("- "):
            asks.append(line[2:])
        elif line.startswith("> "):
            bodies.append([line[2:]])
        elif line.startswith("  ") and bodies:
            bodies[-1].append(line[2:])
        else:
            raise ValueError(f"neither wording nor body: {line!r} under {header!r}")
    if not asks or not bodies:
        raise ValueError(f"needs a wording and a body: {header!r}")
    names = tuple(found["names"].split())
    key = f"{topic}/{names[0]}"
    return Template(
        key=key,
        topic=topic,
        block=block_key or key,
        names=names,
        params=tuple(_param(token) for token in found["params"].split()),
        returns=found["returns"],
        asks=tuple(asks),
        bodies=tuple("\n".join(body) for body in bodies),
    )


def _param(token: str) -> Param:
    name, colon, kind = token.partition(":")
    if colon:
        return Param("", name, kind.replace("_", " "))
    if token not in _SLOTS:
        raise ValueError(f"unknown parameter {token!r}")
    return Param(token.rstrip("+0"), "", _SLOTS[token])

import collections
import enum
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codelm_jax.sandbox import codec

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=2**300)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(codec=None))
    | st.binary()
)
hashable = st.recursive(
    scalars, lambda inner: st.lists(inner).map(tuple) | st.frozensets(inner), max_leaves=8
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.sets(hashable) | st.dictionaries(hashable, inner) | st.lists(inner).map(tuple)
    ),
    max_leaves=20,
)


def crossed(value):
    reader, writer = os.pipe()
    try:
        codec.send(writer, codec.encode(value))
        return codec.decode(codec.receive(reader))
    finally:
        os.close(reader)
        os.close(writer)


def picture(value):
    """Text that two values share if they agree in type and value all the way down (nan with nan, 0.0 not with -0.0)."""
    kind = type(value).__name__
    if isinstance(value, (set, frozenset)):
        return f"{kind}({sorted(map(picture, value))})"
    if isinstance(value, dict):
        return f"{kind}({[(picture(key), picture(item)) for key, item in value.items()]})"
    if isinstance(value, (list, tuple)):
        return f"{kind}({list(map(picture, value))})"
    return f"{kind}({value!r})"


def same(left, right):
    return picture(left) == picture(right)


@given(values)
def test_builtin_values_cross_unchanged(value):
    assert same(codec.decode(codec.encode(value)), value)


@pytest.mark.parametrize(
    "value",
    [
        True,
        1,
        1.0,
        -0.0,
        math.nan,
        -math.inf,
        1e-320,
        2**63,
        -(2**63),
        complex(-0.0, math.nan),
        "\ud800 é \x00",
        b"\x00\xff",
        bytearray(b"ab"),
        range(5, -3, -2),
        [(1,), [1], {1: "a", "1": b"a", (1, 2): None, None: []}],
        (),
        set(),
        frozenset({frozenset()}),
        {True: 1.5},
        int,
        type(None),
    ],
)
def test_value_and_type_survive(value):
    assert same(crossed(value), value)


def test_an_integer_beyond_decimal_conversion_survives():
    assert crossed([10**5000, -(10**5000)]) == [10**5000, -(10**5000)]


def test_subclasses_flatten_to_their_base():
    class Color(enum.IntEnum):
        RED = 3

    Point = collections.namedtuple("Point", "x y")
    assert same(crossed(collections.Counter("aab")), {"a": 2, "b": 1})
    assert same(crossed(collections.defaultdict(list, {1: [2]})), {1: [2]})
    assert same(crossed(collections.OrderedDict(a=1)), {"a": 1})
    assert same(crossed(Color.RED), 3)
    assert same(crossed(Point(1, 2)), (1, 2))


def test_subclasses_cannot_lie_about_their_content():
    class Liar(list):
        def __iter__(self):
            return iter(["lie"])

        def __len__(self):
            return 1

    class Number(float):
        def __repr__(self):
            return "3.0"

        def __float__(self):
            return 3.0

    assert same(crossed([Liar([1, 2]), Number(2.0)]), [[1, 2], 2.0])


def test_an_unknown_type_equals_nothing_and_has_no_truth():
    value = crossed([object()])[0]
    assert value != value
    assert value != None  # noqa: E711
    assert not (value == [])  # noqa: SIM201
    with pytest.raises(TypeError, match="cannot leave the sandbox"):
        bool(value)


def test_unknown_types_stay_apart_as_keys():
    value = crossed({object(): 1, object(): 2})
    assert sorted(value.values()) == [1, 2]
    assert value != crossed({object(): 1, object(): 2})
    assert len(crossed({object(), object()})) == 2


def test_strict_encoding_names_the_type_that_cannot_cross():
    with pytest.raises(TypeError, match="function"):
        codec.encode([len, lambda: None], strict=True)


def test_a_value_that_contains_itself_ends():
    loop = []
    loop.append(loop)
    codec.decode(codec.encode(loop))
    with pytest.raises(TypeError):
        codec.encode(loop, strict=True)


@pytest.mark.parametrize(
    "tree",
    [
        [],
        {},
        {"l": 1},
        ["z", 1],
        [1, 2],
        ["d", 1],
        ["s", ["l"]],
        ["d", ["l"], 1],
        ["i", 5],
        ["i", "zz"],
        ["n", "1"],
        ["x", "0"],
        ["c", 1],
        ["c", "1", "2"],
        ["r", 1, 2, 0],
        ["r", "1"],
        ["k", "object"],
        ["k", ["l"]],
        ["?", 1],
        ["l", [["l"]]],
    ],
)
def test_trees_that_encode_never_makes_are_refused(tree):
    with pytest.raises(codec.Malformed):
        codec.decode(tree)


def test_nesting_beyond_the_cap_is_refused():
    tree = ["l"]
    for _ in range(codec.MAX_DEPTH + 2):
        tree = ["l", tree]
    with pytest.raises(codec.Malformed):
        codec.decode(tree)


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", codec.Closed),
        (b"\x00\x00", codec.Closed),
        (b"\x00\x00\x00\x05[1", codec.Closed),
        (b"\xff\xff\xff\xff", codec.TooLong),
        (b"\x00\x00\x00\x03abc", codec.Malformed),
        (b"\x00\x00\x00\x03NaN", codec.Malformed),
        (b"\x00\x00\x00\x02\xc3\xa9", codec.Malformed),
        (b"\x00\x00\xea\x60" + b"[" * 60000, codec.Malformed),
        (b"\x00\x00\x27\x10" + b"9" * 10000, codec.Malformed),
    ],
)
def test_bytes_that_are_no_message_are_refused(sent, error):
    reader, writer = os.pipe()
    os.write(writer, sent)
    os.close(writer)
    with pytest.raises(error):
        codec.receive(reader)
    os.close(reader)


def test_a_message_over_the_cap_is_not_sent():
    reader, writer = os.pipe()
    with pytest.raises(codec.TooLong):
        codec.send(writer, "x" * codec.MAX_FRAME_BYTES)
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)

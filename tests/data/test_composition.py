"""Laws of what a corpus is said to be made of, and of the caps on it."""

import ast
from collections import Counter

import pytest
from source_trees import data_config, python_source, raw_data, write_packages

from codelm_jax.preparation import composition, staleness
from codelm_jax.preparation.composition import SourceCensus, census, is_sampled
from codelm_jax.preparation.config import parse_data_config
from codelm_jax.preparation.file_kinds import holds_only_docstrings, is_test_path
from codelm_jax.preparation.prepare import prepare

MODULE = '''"""Docstring."""
import math
# comment

@cache
def outer():
    """Docstring."""
    # comment
    text = """
# no comment
"""

if True:
    def root(x):
        return math.sqrt(x)

def half(x):
    """Docstring."""
    return math.floor(x / 2)

class Thing:
    def test_it(self):
        return 1
'''


def size(*lines):
    return sum(len(line) + 1 for line in lines)


def test_every_part_of_a_file_is_counted_in_whole_lines():
    found = census(MODULE, ast.parse(MODULE), "package/test_thing.py")
    assert (found.files, found.total, found.self_contained) == (1, len(MODULE), 1)
    half = size("def half(x):", '    """Docstring."""', "    return math.floor(x / 2)")
    test = size("    def test_it(self):", "        return 1")
    outer = MODULE[MODULE.index("@cache") : MODULE.index("\nif True")]
    root = size("    def root(x):", "        return math.sqrt(x)")
    assert found.parts == Counter(
        {
            composition.CLASSES: size("class Thing:") + test,
            composition.FUNCTIONS: half + root + len(outer),
            composition.TEST_FILES: len(MODULE),
            composition.TEST_FUNCTIONS: test,
            composition.DOCSTRINGS: size('"""Docstring."""', *['    """Docstring."""'] * 2),
            composition.COMMENTS: size("# comment", "    # comment"),
            composition.SELF_CONTAINED: half,
        }
    )


def test_shares_are_of_the_measured_bytes_and_packages_of_all():
    a = SourceCensus(1, 100, Counter({composition.CLASSES: 50}), 2)
    b = SourceCensus(1, 300, Counter({composition.CLASSES: 150, composition.COMMENTS: 4}), 1)
    record = composition.composition([a, b], [("p", "MIT", 300), ("q", "MIT", 600), ("q", "BSD", 100)])
    assert record["shares"][composition.CLASSES] == 0.5
    assert record["shares"][composition.COMMENTS] == 0.01
    assert record["self_contained_documented_functions"] == 3
    assert list(record["largest_packages"].items()) == [("q", 0.7), ("p", 0.3)]
    assert record["licences"] == {"MIT": 0.9, "BSD": 0.1}
    assert (record["measured"]["files"], record["measured"]["of_files"]) == (2, 3)
    empty = composition.composition([], [])
    assert set(empty["shares"].values()) == {0.0}


def test_a_small_corpus_is_measured_whole_and_a_large_one_in_the_same_sample_everywhere():
    digests = [f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}" * 4 for n in range(2000)]
    assert all(is_sampled(digest, 4_000_000) for digest in digests)
    tenth = {digest for digest in digests if is_sampled(digest, 40_000_000)}
    hundredth = {digest for digest in digests if is_sampled(digest, 400_000_000)}
    assert 150 < len(tenth) < 250
    assert 10 < len(hundredth) < 30
    assert hundredth < tenth


def test_tests_are_known_by_their_paths():
    for path in ("tests/a.py", "a/test/b.py", "test_a.py", "a/b_test.py", "conftest.py", "a/tests.py"):
        assert is_test_path(path), path
    for path in ("testing/a.py", "contest.py", "latest_a.py", "a/attest.py", "testable.py"):
        assert not is_test_path(path), path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Text."""', True),
        ('"""Text."""\nfrom __future__ import annotations\n', True),
        ('class A:\n    """Text."""\n    def f(self):\n        ...\n    pass\n', True),
        ('"""Text."""\nimport os\n', False),
        ('"""Text."""\nx = 1\n', False),
        ('"""Text."""\nprint("x")\n', False),
        ("def f():\n    return 1\n", False),
        ("1\n", False),
    ],
)
def test_a_file_holds_only_docstrings_if_nothing_in_it_runs(text, expected):
    assert holds_only_docstrings(ast.parse(text)) is expected


def test_caps_hold_and_the_manifest_and_the_summary_say_what_the_corpus_is_made_of(tmp_path):
    source = write_packages(tmp_path / "src", packages=12)
    for number in range(20):
        (source / "package_03" / f"test_{number}.py").write_text(python_source(900 + number))
    (source / "package_04" / "words.py").write_text('"""' + "Only words.\n" * 40 + '"""\n')
    lines = []
    config = data_config(tmp_path, max_test_share=0.05, drop_docstring_only=True)
    manifest = prepare(config, vocab_size=400, report=lines.append).manifest
    files = manifest["files"]
    tests = sum(file["bytes"] for file in files if is_test_path(file["source"]))
    assert 0 < tests <= 0.05 * sum(path.stat().st_size for path in source.rglob("*.py"))
    assert manifest["skipped"]["only docstrings"] == 1
    assert manifest["skipped"]["beyond max_test_share"] > 5
    made_of = manifest["composition"]
    assert made_of["measured"]["files"] == sum(file["split"] == "train" for file in files)
    assert made_of["shares"]["top_level_functions"] > 0.9
    assert made_of["licences"] == {"unknown": 1.0}
    assert any(str(line).startswith("training bytes: 0.0 % classes, 9") for line in lines)


def test_keys_at_their_defaults_leave_settings_as_they_were(tmp_path):
    plain = staleness.settings_of(data_config(tmp_path), 400)
    new = {"max_test_share": 0.5, "drop_docstring_only": True, "decontaminate_level": 2}
    assert not {f"config.data.{key}" for key in new} & plain.keys()
    for key, value in new.items():
        changed = staleness.settings_of(data_config(tmp_path, **{key: value}), 400)
        assert changed == plain | {f"config.data.{key}": value}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_test_share", 1.5),
        ("max_test_share", -0.1),
        ("drop_docstring_only", 1),
        ("decontaminate_level", 3),
    ],
)
def test_a_wrong_value_names_its_key(tmp_path, key, value):
    with pytest.raises(Exception, match=f"config.data.{key}"):
        parse_data_config(raw_data(tmp_path, **{key: value}))

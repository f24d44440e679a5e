"""Laws of the train, val and test split."""

import dataclasses
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelm_jax.preparation.candidate import Candidate, Package
from codelm_jax.preparation.selection import SourceFile
from codelm_jax.preparation.splits import NO_TEST, deal


def corpus(sizes, files=20, folders=1):
    """`files` files for each package of the given total size, spread over `folders` folders."""
    made = []
    for name, size in sizes.items():
        for number in range(files):
            path = f"folder_{number % folders}/file_{number}.py"
            candidate = Candidate(f"/{name}/{path}", Package(name, "1", "MIT"), path, size // files, 0)
            made.append(SourceFile(candidate, f"{name}{number}", "", size // files, False))
    return made


def shares(dealt):
    sizes = [sum(file.text_bytes for file in split) for split in (dealt.train, dealt.val, dealt.test)]
    return [size / sum(sizes) for size in sizes]


def packages_of(files):
    return {file.candidate.package.name for file in files}


@pytest.mark.parametrize("seed", range(40))
def test_test_is_whole_packages_of_3_to_8_percent_even_with_giants(seed):
    rng = random.Random(seed)
    sizes = {"library": 290_000, "giant": 190_000, "large": 110_000}
    sizes |= {f"package_{number}": 1000 + rng.randrange(12_000) for number in range(60)}
    files = corpus(sizes)
    dealt = deal(files, [file.candidate for file in files], seed)
    assert dealt.test_unit == "package"
    assert 0.03 <= shares(dealt)[2] <= 0.08
    assert not packages_of(dealt.test) & packages_of([*dealt.train, *dealt.val])
    assert set(dealt.test_units) == packages_of(dealt.test)
    assert 0.01 <= shares(dealt)[1] <= 0.15
    assert sorted(map(id, [*dealt.train, *dealt.val, *dealt.test])) == sorted(map(id, files))


@pytest.mark.parametrize("seed", range(10))
def test_no_package_is_more_than_half_of_test_where_small_ones_suffice(seed):
    rng = random.Random(seed)
    sizes = {"library": 290_000} | {f"large_{number}": 30_000 for number in range(10)}
    sizes |= {f"package_{number}": 1000 + rng.randrange(12_000) for number in range(60)}
    files = corpus(sizes)
    dealt = deal(files, [file.candidate for file in files], seed)
    tested = [file.candidate.package.name for file in dealt.test]
    assert (
        max(tested.count(name) * sizes[name] // 20 for name in tested)
        < shares(dealt)[2] * sum(sizes.values()) / 2
    )


def test_the_deal_depends_on_keys_and_seed_not_on_order():
    files = corpus({f"package_{number}": 20_000 for number in range(30)})
    candidates = [file.candidate for file in files]
    first = deal(files, candidates, 0)
    shuffled = random.Random(0).sample(files, len(files))
    again = deal(shuffled, candidates[::-1], 0)
    assert {f.sha256 for f in first.test} == {f.sha256 for f in again.test}
    assert {f.sha256 for f in first.val} == {f.sha256 for f in again.val}
    other = deal(files, candidates, 1)
    assert {f.sha256 for f in other.test} != {f.sha256 for f in first.test}


def test_a_cap_does_not_change_which_packages_are_held_out():
    files = corpus({f"package_{number}": 20_000 for number in range(30)}, files=40)
    candidates = [file.candidate for file in files]
    whole = deal(files, candidates, 0)
    some = deal(random.Random(0).sample(files, 600), candidates, 0)
    assert packages_of(whole.test) == packages_of(some.test)
    whole_val, some_val = ({f.candidate.key for f in split.val} for split in (whole, some))
    assert some_val <= whole_val


def test_few_large_packages_hold_out_folders():
    folders = corpus({"one": 500_000, "two": 500_000}, files=60, folders=20)
    dealt = deal(folders, [file.candidate for file in folders], 0)
    assert dealt.test_unit == "directory"
    assert 0.03 <= shares(dealt)[2] <= 0.08
    tested = {(f.candidate.package.name, f.candidate.name.split("/")[0]) for f in dealt.test}
    others = {(f.candidate.package.name, f.candidate.name.split("/")[0]) for f in [*dealt.train, *dealt.val]}
    assert not tested & others


@pytest.mark.parametrize("folders", [1, 20])
def test_a_package_that_is_alone_holds_out_files(folders):
    files = corpus({"one": 500_000}, files=60, folders=folders)
    dealt = deal(files, [file.candidate for file in files], 0)
    assert dealt.test_unit == "file"
    assert 0.03 <= shares(dealt)[2] <= 0.08


def files_of(*sizes):
    made = corpus({"one": 20 * len(sizes)}, files=len(sizes))
    return [dataclasses.replace(file, text_bytes=size) for file, size in zip(made, sizes, strict=True)]


@pytest.mark.parametrize(
    ("sizes", "test", "val"),
    [
        ([12_000] * 10, [12_000], 12_000),
        ([100_000] * 3 + [1000] * 6, [1000], 1000),
        ([12_000] * 9 + [10], [12_000], 12_000),
        ([1000] * 3, [1000], 1000),
        ([100, 5], [], 5),
        ([95, 5], [], 5),
        ([1000, 1000], [], 1000),
    ],
)
def test_files_too_few_for_the_shares_hold_out_the_nearest_and_warn(sizes, test, val):
    files = files_of(*sizes)
    candidates = [file.candidate for file in files]
    dealt = deal(files, candidates, 0)
    assert [file.text_bytes for file in dealt.test] == test
    assert [file.text_bytes for file in dealt.val] == [val]
    everything = [*dealt.train, *dealt.val, *dealt.test]
    assert sorted(map(id, everything)) == sorted(map(id, files))
    assert dealt.train
    for file in [*dealt.val, *dealt.test]:
        assert file.candidate.key in dealt.warning
    assert dealt.test_unit == ("file" if test else NO_TEST)
    assert deal(files[::-1], candidates, 0).val == dealt.val


@given(st.lists(st.integers(1, 100_000), min_size=3, max_size=12), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_any_three_files_fill_all_splits_and_a_warning_means_unusual_shares(sizes, seed):
    files = files_of(*sizes)
    dealt = deal(files, [file.candidate for file in files], seed)
    assert dealt.train
    assert dealt.val
    assert dealt.test
    assert sorted(map(id, [*dealt.train, *dealt.val, *dealt.test])) == sorted(map(id, files))
    assert dealt.warning or 0.03 <= shares(dealt)[2] <= 0.08


def test_a_small_corpus_still_has_a_file_in_each_split():
    files = corpus({"one": 20_000}, files=20)
    for seed in range(30):
        dealt = deal(files, [file.candidate for file in files], seed)
        assert dealt.train
        assert dealt.val
        assert dealt.test

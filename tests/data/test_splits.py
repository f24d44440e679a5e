"""Laws of the train, val and test split."""

import random

import pytest

from codelm_jax.data.selection import SourceFile
from codelm_jax.data.sources import Candidate, Package
from codelm_jax.data.splits import deal
from codelm_jax.errors import UserError


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


@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_too_few_files_are_refused(count):
    files = corpus({"one": 1000 * count}, files=count)
    with pytest.raises(UserError, match="cannot be split"):
        deal(files, [file.candidate for file in files], 0)


def test_a_small_corpus_still_has_a_file_in_each_split():
    files = corpus({"one": 20_000}, files=20)
    for seed in range(30):
        dealt = deal(files, [file.candidate for file in files], seed)
        assert dealt.train
        assert dealt.val
        assert dealt.test

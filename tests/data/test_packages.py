"""Pinned corpora: pip fetches from a local folder of wheels, which is all of an index that these tests need."""

import itertools
import json
import re
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from source_trees import data_config, python_source, quiet

from codelm_jax.data import licences
from codelm_jax.errors import UserError
from codelm_jax.preparation import corpus_list, corpus_update, wheels
from codelm_jax.preparation.corpus_list import Pin
from codelm_jax.preparation.prepare import prepare
from codelm_jax.preparation.sources import packages
from codelm_jax.preparation.sources.packages import Packages

VOCAB_SIZE = 400
SHIPPED = Path(__file__).parents[2] / "configs" / "corpora"
UNPARSED = "first/unparsed.py"
COPIED = python_source(9999)


def write_wheel(folder: Path, name: str, files: dict[str, str], licence: str = "MIT") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(f"{name}/{file}", text)
        metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: {licence}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def offer(monkeypatch, folder: Path, cache: Path) -> None:
    """Makes `folder` the only index, and `cache` the only cache."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder of wheels, a pinned list of three of them, and a filled cache."""
    home = tmp_path_factory.mktemp("pinned")
    for number, name in enumerate(["first", "second", "unseen"]):
        files = {f"module_{i}.py": python_source(100 * number + i) for i in range(14 if number < 2 else 4)}
        files |= {
            "copied.py": COPIED,
            "data.json": "{}",
            "../outside.py": "x = 1",
            ".hidden/inside.py": "x = 1",
        }
        write_wheel(home / "index", name, files | ({"unparsed.py": "print 1"} if name == "first" else {}))
    toml = '[train]\nfirst = "a reason"\nsecond = "another"\n[held_out]\nunseen = "to test"\n'
    (home / "mine.toml").write_text(toml)
    with pytest.MonkeyPatch.context() as monkeypatch:
        offer(monkeypatch, home / "index", home / "cache")
        corpus_update.update(str(home / "mine.toml"), quiet)
        Packages(str(home / "mine.toml")).find(0, quiet)
    return home


def config_of(home, tmp_path, **changes):
    values = {"source": "packages", "corpus": str(home / "mine.toml"), "directories": (), **changes}
    return data_config(tmp_path, **values)


def prepared(config):
    return prepare(config, vocab_size=VOCAB_SIZE, report=quiet)


def files_of(prepared, split):
    return {(f["package"], f["source"]) for f in prepared.manifest["files"] if f["split"] == split}


def test_two_caches_and_folders_give_one_fingerprint_and_the_second_time_needs_no_index(
    home, tmp_path, monkeypatch
):
    offer(monkeypatch, home / "index", tmp_path / "cache")
    fetched = prepared(config_of(home, tmp_path / "a"))
    offer(monkeypatch, tmp_path / "nowhere", home / "cache")
    offline = prepared(config_of(home, tmp_path / "b"))
    assert fetched.fingerprint == offline.fingerprint
    assert fetched.manifest["files"] == offline.manifest["files"]


def test_held_out_packages_alone_are_the_test_set_and_no_copy_of_theirs_is_trained_on(
    home, tmp_path, monkeypatch
):
    offer(monkeypatch, tmp_path / "nowhere", home / "cache")
    whole = prepared(config_of(home, tmp_path))
    unseen = {("unseen", f"unseen/module_{i}.py") for i in range(4)} | {("unseen", "unseen/copied.py")}
    assert files_of(whole, "test") == unseen
    assert {package for package, _ in files_of(whole, "train") | files_of(whole, "val")} == {
        "first",
        "second",
    }
    assert whole.manifest["skipped"] == {"exact duplicate": 2, packages.SKIPPED: 1}

    capped = prepared(config_of(home, tmp_path / "capped", max_bytes=20_000))
    assert files_of(capped, "test") == unseen
    assert files_of(capped, "train") < files_of(whole, "train") | files_of(whole, "val")


def test_no_package_but_a_held_out_one_is_above_its_share(home, tmp_path, monkeypatch):
    offer(monkeypatch, tmp_path / "nowhere", home / "cache")
    limited = prepared(config_of(home, tmp_path, max_bytes=24_000, max_package_share=0.25))
    sizes = Counter()
    for file in limited.manifest["files"]:
        sizes[file["package"]] += file["bytes"]
    assert 3_000 < sizes["first"] <= 6_000
    assert 3_000 < sizes["second"] <= 6_000
    assert len(files_of(limited, "test")) == 5
    assert limited.manifest["skipped"]["beyond max_package_share"] > 10


def test_only_python_files_inside_the_wheel_are_unpacked(home):
    names = [path.name for path in (home / "cache").rglob("*") if path.is_file()]
    assert not {"data.json", "outside.py", "inside.py", "METADATA"} & set(names)


def test_a_damaged_cache_is_fetched_again(home, tmp_path, monkeypatch):
    shutil.copytree(home / "cache", tmp_path / "cache")
    offer(monkeypatch, home / "index", tmp_path / "cache")
    next((tmp_path / "cache").rglob("second/module_3.py")).write_text("x = 1\n")
    next((tmp_path / "cache").rglob("first/module_3.py")).unlink()
    found = Packages(str(home / "mine.toml")).find(0, quiet)
    texts = {candidate.key: Path(candidate.path).read_text() for candidate in found.candidates}
    assert texts["second/second/module_3.py"] == python_source(103)
    assert texts["first/first/module_3.py"] == python_source(3)


@pytest.mark.parametrize("exchanged", [False, True])
def test_what_cannot_be_fetched_as_pinned_is_one_line_that_names_the_way_out(
    home, tmp_path, monkeypatch, exchanged
):
    if exchanged:  # same names and versions, other bytes
        for name in ("first", "second", "unseen"):
            write_wheel(tmp_path / "index", name, {"module.py": "x = 1"})
    offer(monkeypatch, tmp_path / "index", tmp_path / "cache")
    with pytest.raises(UserError, match=r"--config\.data\.source=python-env") as raised:
        prepared(config_of(home, tmp_path))
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "prepared").exists()
    assert list((tmp_path / "cache").rglob("*.py")) == []


def copy_of_list(home, tmp_path, change):
    shutil.copy(home / "mine.toml", tmp_path)
    pins = json.loads((home / "mine.lock.json").read_text())
    change(pins)
    (tmp_path / "mine.lock.json").write_text(json.dumps(pins))


def test_a_file_that_this_python_reads_otherwise_than_the_pins_stops_the_preparation(
    home, tmp_path, monkeypatch
):
    offer(monkeypatch, tmp_path / "nowhere", home / "cache")
    assert json.loads((home / "mine.lock.json").read_text())["first"]["skip"] == [UNPARSED]
    copy_of_list(home, tmp_path, lambda pins: pins["first"].update(skip=[]))
    with pytest.raises(UserError, match=r"1 files of .* do not parse under this Python"):
        prepared(config_of(tmp_path, tmp_path))


def test_other_pins_make_prepared_data_stale_and_other_reasons_do_not(home, tmp_path, monkeypatch):
    offer(monkeypatch, tmp_path / "nowhere", home / "cache")
    copy_of_list(home, tmp_path, lambda pins: None)
    first = prepared(config_of(tmp_path, tmp_path))
    toml = tmp_path / "mine.toml"
    toml.write_text("# a comment\n" + toml.read_text().replace("a reason", "a better one"))
    assert prepared(config_of(tmp_path, tmp_path)).fingerprint == first.fingerprint
    copy_of_list(home, tmp_path, lambda pins: pins["second"].update(version="1.1"))
    with pytest.raises(UserError, match=r"prepared with other settings: config.data.corpus \(pins\)"):
        prepared(config_of(tmp_path, tmp_path))


def test_other_sources_are_the_same_whatever_list_is_named(home, tmp_path):
    (tmp_path / "src" / "a").mkdir(parents=True)
    for number in range(40):
        (tmp_path / "src" / "a" / f"module_{number}.py").write_text(python_source(number))
    config = data_config(tmp_path)
    first = prepared(config)
    assert prepared(data_config(tmp_path, corpus="tiny")).fingerprint == first.fingerprint


def test_copyleft_is_refused_and_nothing_is_pinned(tmp_path, monkeypatch):
    write_wheel(tmp_path / "index", "viral", {"module.py": "x = 1"}, licence="GPL-3.0-only")
    (tmp_path / "mine.toml").write_text('[train]\nviral = "a reason"\n')
    offer(monkeypatch, tmp_path / "index", tmp_path / "cache")
    with pytest.raises(UserError, match=re.escape("viral (GPL-3.0-only)")):
        corpus_update.update(str(tmp_path / "mine.toml"), quiet)
    assert not (tmp_path / "mine.lock.json").exists()


def test_names_that_differ_only_in_case_are_refused(tmp_path):
    wheel = write_wheel(tmp_path / "index", "twins", {"module.py": "x = 1", "Module.py": "x = 2"})
    with pytest.raises(UserError, match="differ only in case"):
        wheels.unpack(wheel, tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('[train]\ngeopy = "a shipped held-out package"', "geopy is held out for testing"),
        ('[train]\nx = "both"\n[held_out]\nx = "both"', "x is held out for testing"),
        ('[train]\nunpinned = "new"', "unpinned is not pinned; .*--update-corpus"),
        ('[training]\nx = "a misspelt table"', "training: no such key"),
        ("[train]\nx = 1", "train.x = 1"),
        ("[train", "not TOML"),
        ('include = ["nowhere"]', "cannot read .*nowhere.toml"),
    ],
)
def test_a_mistaken_list_is_refused(tmp_path, toml, complaint):
    path = tmp_path / "mine.toml"
    path.write_text(toml)
    corpus_list.write_pins(path, {name: Pin("1", "0", "MIT", []) for name in ("geopy", "x")})
    with pytest.raises(UserError, match=complaint):
        corpus_list.load(str(path))


def test_a_list_without_pins_or_with_damaged_ones_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[train]\nx = "a reason"')
    with pytest.raises(UserError, match=r"no mine.lock.json; run .*--update-corpus"):
        corpus_list.load(str(path))
    path.with_suffix(".lock.json").write_text("[")
    with pytest.raises(UserError, match="damaged"):
        corpus_list.load(str(path))


def test_the_shipped_lists_are_pinned_permissive_nested_and_test_on_the_same_packages():
    lists = [corpus_list.load(name) for name in ("tiny", "strongreg", "large")]
    for smaller, larger in itertools.pairwise(lists):
        assert smaller.train.items() < larger.train.items()
        assert smaller.held_out == larger.held_out
    pins = lists[-1].train | lists[-1].held_out
    assert len(pins) <= 80
    assert len(lists[-1].held_out) >= 5
    for name, pin in pins.items():
        assert licences.is_allowed(pin.licence, licences.PERMISSIVE), name
        assert re.fullmatch("[0-9a-f]{64}", pin.sha256), name
    assert {path.stem for path in SHIPPED.glob("*.toml")} == {"held_out", "tiny", "strongreg", "large"}
    for path in SHIPPED.glob("*.toml"):
        names = corpus_list.read_names(path)
        assert all((names.train | names.held_out).values()), "each package has a reason"
        pinned = json.loads(path.with_suffix(".lock.json").read_text())
        assert pinned.keys() == names.train.keys() | names.held_out.keys()

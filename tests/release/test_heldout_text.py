"""What of the held-out files may be shipped, and that it is those files."""

import hashlib
from pathlib import Path

import pytest

from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.text_files import encode_file, read_documents
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.release.heldout_text import MOST_BYTES, held_out_text

SEPARATOR = "<|endoftext|>\n"


def text_of(number: int, size: int = 2000) -> str:
    return f"# file {number}\n" + "x = 1\n" * (size // 6)


def prepared(directory: Path, files: list[tuple[str, str, str]]) -> PreparedData:
    """Data whose validation files are (package, licence, text)."""
    tokenizer = CodeTokenizer.train([text_of(1), text_of(2)], 262)
    (directory / "val.txt").write_text(SEPARATOR.join(text for *_, text in files))
    val = encode_file(str(directory / "val.txt"), "val", tokenizer)
    train = {"split": "train", "licence": "Apache-2.0", "package": "a", "bytes": 9, "sha256": "0"}
    records = [
        {
            "split": "val",
            "package": package,
            "version": "1",
            "licence": licence,
            "source": f"{package}/{number}.py",
            "bytes": len(text.encode()),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
        for number, (package, licence, text) in enumerate(files)
    ]
    return PreparedData(directory, tokenizer, val, val, val, {"files": [train, *records]}, {}, "f")


def test_only_files_that_may_be_copied_without_a_notice_are_taken_in_turn(tmp_path):
    files = [
        ("a", "Apache-2.0", text_of(0)),
        ("a", "Apache-2.0", text_of(1)),
        ("b", "MIT", text_of(2)),
        ("c", "MIT OR Apache-2.0", text_of(3)),
        ("d", "MIT AND Apache-2.0", text_of(4)),
        ("e", "unknown", text_of(5)),
        ("a", "CC0-1.0", text_of(6, 40_000)),
        ("a", "CC0-1.0", text_of(7, 60)),
    ]
    text, sources = held_out_text(prepared(tmp_path, files))
    assert [source["source"] for source in sources] == ["a/0.py", "c/3.py", "a/1.py"]
    (tmp_path / "shipped.txt").write_text(text)
    assert read_documents(str(tmp_path / "shipped.txt"), "x") == [text_of(0), text_of(3), text_of(1)]
    assert sources[1] == {
        "package": "c", "version": "1", "licence": "MIT OR Apache-2.0", "source": "c/3.py",
        "bytes": len(text_of(3)),
    }  # fmt: skip


def test_it_stays_small(tmp_path):
    files = [("a", "Apache-2.0", text_of(number, 20_000)) for number in range(10)]
    text, sources = held_out_text(prepared(tmp_path, files))
    assert len(sources) == 7
    assert MOST_BYTES - 20_000 < len(text.encode()) - 7 * len(SEPARATOR) <= MOST_BYTES


def test_a_file_that_differs_from_the_manifest_is_left_out(tmp_path):
    data = prepared(tmp_path, [("a", "0BSD", text_of(0)), ("a", "0BSD", text_of(1))])
    data.manifest["files"][1]["sha256"] = "0"
    assert [source["source"] for source in held_out_text(data)[1]] == ["a/1.py"]


def test_without_a_file_that_may_be_shipped_it_says_so(tmp_path):
    with pytest.raises(UserError, match="no held-out text can be shipped"):
        held_out_text(prepared(tmp_path, [("b", "MIT", text_of(0))]))


def test_vendored_code_in_a_package_is_left_out(tmp_path):
    data = prepared(
        tmp_path,
        [
            ("a", "Apache-2.0", text_of(0)),
            ("a", "Apache-2.0", text_of(1)),
            ("a", "Apache-2.0", text_of(2) + "# Adapted from a recipe\n"),
            ("a", "Apache-2.0", text_of(3) + "# under the MIT License\n"),
            ("a", "Apache-2.0", text_of(4) + "# license: see the package's\n"),
        ],
    )
    data.manifest["files"][2]["source"] = "a/_vendor/b/1.py"
    assert [source["source"] for source in held_out_text(data)[1]] == ["a/0.py", "a/4.py"]


def test_an_installed_package_must_say_that_its_terms_hold_for_the_file(tmp_path, monkeypatch):
    for name, files in {
        "plain": ["plain/0.py", "plain-1.dist-info/LICENSE"],
        "mixed": ["mixed/1.py", "mixed/sub/LICENSE.txt", "mixed/sub/2.py"],
        "notice": ["notice/3.py", "notice-1.dist-info/licenses/NOTICE"],
    }.items():
        metadata = tmp_path / "site" / f"{name}-1.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (metadata / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    monkeypatch.syspath_prepend(tmp_path / "site")
    packages = ["plain", "mixed", "mixed", "notice", "gone"]
    data = prepared(
        tmp_path, [(package, "Apache-2.0", text_of(number)) for number, package in enumerate(packages)]
    )
    data.manifest["files"][3]["source"] = "mixed/sub/2.py"
    data.manifest["settings"] = {"config.data.source": "python-env"}
    assert {source["source"] for source in held_out_text(data)[1]} == {"plain/0.py", "mixed/1.py"}

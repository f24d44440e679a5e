"""The directory as a whole: what is written comes back, and nothing half-written, changed or foreign does harm."""

import dataclasses
import json
import os
import re
import resource
import signal
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from interop_models import ARCHITECTURES, CARD, CODE, assert_same_bits, exported, tokenizer
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.interop.hf_files import FILES, is_export_file
from codelm_jax.interop.hf_import import read_hf


@pytest.fixture
def out(tmp_path):
    export_hf(exported(), tmp_path / "toy")
    return tmp_path / "toy"


def content(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def change_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_export_is_imported_bit_by_bit_with_its_metadata(kind, tmp_path):
    model = exported(**ARCHITECTURES[kind])
    export_hf(model, tmp_path / "toy")
    back = read_hf(tmp_path / "toy")
    assert_same_bits(model.params, back.params)
    public = {"model": model.meta.model, "label_smoothing": 0.1}
    assert (back.step, back.meta) == (model.step, dataclasses.replace(model.meta, config=public))


def test_paths_of_the_training_machine_are_not_published(out):
    for name, written in content(out).items():
        assert b"private" not in written, name


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_additions_for_ctranslate2_change_no_parameter_and_are_imported(kind, tmp_path):
    model = exported(**ARCHITECTURES[kind])
    export_hf(model, tmp_path / "plain")
    export_hf(model, tmp_path / "toy", for_ctranslate2=True)
    assert_same_bits(model.params, read_hf(tmp_path / "toy").params)
    added = load_file(tmp_path / "toy" / "model.safetensors")
    for name in load_file(tmp_path / "plain" / "model.safetensors"):
        del added[name]
    assert len(added) == 2 * {"gpt_neox": 2, "llama": 4}[kind]
    assert not any(bias.any() for bias in added.values())
    assert json.loads((tmp_path / "toy" / "config.json").read_text())["attention_bias"] is True
    assert (
        json.loads((tmp_path / "toy" / "tokenizer_config.json").read_text())["unk_token"] == "<|endoftext|>"
    )


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_attention_biases_that_are_not_zero_are_refused_by_name(kind, tmp_path):
    export_hf(exported(**ARCHITECTURES[kind]), tmp_path / "toy", for_ctranslate2=True)
    (tmp_path / "toy" / "codelm.json").unlink()
    weights = load_file(tmp_path / "toy" / "model.safetensors")
    bias = next(name for name in weights if "attn" in name or "attention." in name if name.endswith("bias"))
    weights[bias][3] = 1e-30
    save_file(weights, tmp_path / "toy" / "model.safetensors")
    with pytest.raises(UserError, match=f"{bias} is not zero"):
        read_hf(tmp_path / "toy")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_smaller_types_are_rounded_once(dtype, tmp_path):
    model = exported()
    export_hf(model, tmp_path / "toy", dtype=dtype)
    assert {array.dtype.name for array in load_file(tmp_path / "toy" / "model.safetensors").values()} == {
        dtype
    }
    assert json.loads((tmp_path / "toy" / "config.json").read_text())["dtype"] == dtype
    back = read_hf(tmp_path / "toy").params["head"]["kernel"]
    rounded = model.params["head"]["kernel"].astype(jnp.dtype(dtype)).astype(np.float32)
    np.testing.assert_array_equal(back, rounded)


def test_weights_beyond_the_range_of_the_type_are_refused(tmp_path):
    model = exported()
    model.params["head"]["kernel"][0, 0] = 1e5
    with pytest.raises(UserError, match=r"float16: embed_out\.weight exceeds"):
        export_hf(model, tmp_path / "toy", dtype="float16")
    assert os.listdir(tmp_path) == []
    export_hf(model, tmp_path / "toy", dtype="bfloat16")


def test_the_tokenizer_gives_our_ids_after_endoftext(out):
    theirs = Tokenizer.from_file(str(out / "tokenizer.json"))
    # split_special_tokens of tokenizer_config.json
    theirs.encode_special_tokens = True
    for text in (CODE, "", "a <|endoftext|> b<|pad|>", "näïve = '€'\r\n\t", "  x"):
        assert theirs.encode(text).ids == [tokenizer().endoftext_id, *tokenizer().encode(text)]
    settings = json.loads((out / "tokenizer_config.json").read_text())
    assert settings["split_special_tokens"] is True
    assert settings["model_max_length"] == 48


def test_what_sampling_never_emits_is_suppressed(out):
    suppressed = json.loads((out / "generation_config.json").read_text())["suppress_tokens"]
    assert suppressed == [1, 2, 3, 4, *range(330, 340)]


def test_the_card_keeps_its_licence_and_says_how_to_open_the_directory(out):
    card = (out / "README.md").read_text()
    parts = re.match(r"---\n(.*?)\n---\n(.*)", card, re.DOTALL)
    assert parts
    matter, body = parts.groups()
    assert matter.splitlines() == [
        'language: ["code"]',
        'license: "apache-2.0"',
        'library_name: "transformers"',
    ]
    assert body.index("# toy") < body.index("## Use with transformers") < body.index("## Intended use")
    assert 'model = "toy"' in body
    assert "overwrites changes" not in card
    assert "overwrites changes" in CARD


def test_the_card_opens_the_directory_and_not_the_run(tmp_path):
    model = exported()
    calls = (
        "python scripts/sample.py --checkpoint='my runs/a' --n=2\nGenerator.from_checkpoint(\"my runs/a\")\n"
        "Not measured. `python scripts/evaluate.py --checkpoint='my runs/a' --suite=mbpp` measures it.\n"
    )
    export_hf(dataclasses.replace(model, card=f"{CARD}\n{calls}"), tmp_path / "toy")
    card = (tmp_path / "toy" / "README.md").read_text()
    assert 'sample.py --checkpoint=toy --n=2\nGenerator.from_checkpoint("toy")\n' in card
    assert "`python scripts/evaluate.py --checkpoint=toy --out=evals --suite=mbpp`" in card
    assert "my runs" not in card
    export_hf(model, tmp_path / "hub", called="me/toy")
    assert 'model = "me/toy"' in (tmp_path / "hub" / "README.md").read_text()


def test_the_card_of_an_export_of_an_export_is_the_same_but_for_the_name(tmp_path):
    calls = "\nRun `python scripts/evaluate.py --checkpoint=runs/a --suite=mbpp`.\n"
    model = exported()
    export_hf(dataclasses.replace(model, card=CARD + calls), tmp_path / "one")
    card = (tmp_path / "one" / "README.md").read_text()
    export_hf(dataclasses.replace(model, card=card), tmp_path / "two", called="one")
    again = (tmp_path / "two" / "README.md").read_text()
    assert again == card
    assert "--checkpoint=one --out=evals --suite=mbpp" in again


def test_the_prompts_of_the_card_end_before_a_line_break(out):
    (prompt,) = re.findall(r'complete\("(.*?)"', (out / "README.md").read_text())
    assert not prompt.endswith("\\n")
    assert prompt.endswith(":")
    # Why: what follows is one token with the line break.
    ids = tokenizer().encode(f"{prompt}\n    return a + b")
    assert ids[: len(tokenizer().encode(prompt))] == tokenizer().encode(prompt)
    assert tokenizer().token_bytes(ids[len(tokenizer().encode(prompt))]) == b"\n    "


def test_every_file_written_may_be_replaced(out):
    assert set(content(out)) == {*FILES, "model.safetensors"}
    assert all(map(is_export_file, content(out)))
    assert not is_export_file("model-1-of-2.safetensors.txt")


def test_a_directory_with_content_is_replaced_only_with_overwrite(out):
    before = content(out)
    with pytest.raises(UserError, match="--overwrite"):
        export_hf(exported(), out)
    assert content(out) == before
    export_hf(exported(max_seq_length=64), out, overwrite=True)
    assert json.loads((out / "config.json").read_text())["max_position_embeddings"] == 64
    assert sorted(os.listdir(out.parent)) == ["toy"]


def test_files_that_no_export_writes_are_never_removed(out):
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match=r"thesis\.txt"):
        export_hf(exported(), out, overwrite=True)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_an_export_that_fails_leaves_the_older_one(out):
    before = content(out)
    model = exported()
    model.meta.config["seed"] = object()  # found only when the last file is written
    with pytest.raises(TypeError):
        export_hf(model, out, overwrite=True)
    assert content(out) == before
    assert sorted(os.listdir(out.parent)) == ["toy"]


def test_a_full_disk_is_one_clear_line_and_changes_nothing(out):
    before = content(out)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(UserError, match=rf"^{out}: cannot be written .*choose another --out"):
            export_hf(exported(), out, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert content(out) == before
    assert os.listdir(out.parent) == [out.name]


KILLED = """
import os, signal, sys
from pathlib import Path
from codelm_jax.interop import new_directory as room
at, out = sys.argv[1], Path(sys.argv[2])
def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)
if at == "after":
    room.shutil.rmtree = die
with room.new_directory(out, replaceable=lambda name: True, overwrite=True) as directory:
    (directory / "config.json").write_text("new")
    if at == "before":
        die()
    if at == "waiting":
        print("here", flush=True)
        sys.stdin.read()
"""


def kill_an_export(at, out):
    done = subprocess.run([sys.executable, "-c", KILLED, at, str(out)], stderr=subprocess.PIPE)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_leftovers_of_a_killed_export_are_removed_by_the_next(out):
    before = content(out)
    kill_an_export("before", out)
    assert content(out) == before
    assert len(os.listdir(out.parent)) == 2
    export_hf(exported(), out, overwrite=True)
    assert os.listdir(out.parent) == [out.name]


def test_a_kill_during_an_overwrite_leaves_the_new_export_in_place(out):
    kill_an_export("after", out)
    assert content(out) == {"config.json": b"new"}
    export_hf(exported(), out, overwrite=True)
    assert os.listdir(out.parent) == [out.name]


def test_an_export_under_way_is_left_alone_by_another(out):
    first = subprocess.Popen(
        [sys.executable, "-c", KILLED, "waiting", str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"here\n"
        export_hf(exported(), out, overwrite=True)
        first.communicate()
    assert first.returncode == 0
    assert content(out) == {"config.json": b"new"}
    assert os.listdir(out.parent) == [out.name]


def test_other_directories_are_not_taken_for_leftovers(out):
    for name, file in ((".toy.abcdefgh.tmp", "thesis.tex"), (".toy.notes.tmp", "config.json")):
        (out.parent / name).mkdir()
        (out.parent / name / file).write_text("years of work")
    export_hf(exported(), out, overwrite=True)
    assert sorted(os.listdir(out.parent)) == [".toy.abcdefgh.tmp", ".toy.notes.tmp", "toy"]


def test_paths_where_no_directory_can_be_made_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for out in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / "link"):
        with pytest.raises(UserError, match=out.name):
            export_hf(exported(), out, overwrite=True)


def test_what_is_written_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        export_hf(exported(), tmp_path / "toy")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "toy").iterdir()}
    assert (modes, (tmp_path / "toy").stat().st_mode & 0o777) == ({0o640}, 0o750)


def test_changed_weights_do_not_get_the_record_of_the_run(out):
    weights = load_file(out / "model.safetensors")
    weights["embed_out.weight"][0, 0] += 1
    save_file(weights, out / "model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors: is not the file that codelm\.json describes"):
        read_hf(out)
    (out / "codelm.json").unlink()
    back = read_hf(out)
    assert back.meta == RunMeta({"model": back.meta.model}, tokenizer().to_json())
    assert back.step is None
    assert back.params["head"]["kernel"][0, 0] == weights["embed_out.weight"][0, 0]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("config.json", lambda path: path.write_text("{")),
        ("config.json", lambda path: path.write_text("[" * 100_000)),
        ("config.json", lambda path: path.write_text("[]")),
        ("config.json", lambda path: path.write_text('{"vocab_size": ' + "9" * 5000 + "}")),
        ("config.json", lambda path: path.write_bytes(b"\xff\xfe")),
        ("config.json", lambda path: path.unlink()),
        ("config.json", lambda path: change_json(path, num_hidden_layers="2")),
        ("config.json", lambda path: change_json(path, num_attention_heads=0)),
        ("config.json", lambda path: change_json(path, hidden_size=0)),
        ("config.json", lambda path: change_json(path, vocab_size=300)),
        ("tokenizer.json", lambda path: path.write_text("{}")),
        ("tokenizer.json", lambda path: path.unlink()),
        ("model.safetensors", lambda path: path.write_bytes(path.read_bytes()[:-1])),
        ("model.safetensors", lambda path: path.write_bytes(b"")),
        ("model.safetensors", lambda path: path.unlink()),
        ("model.safetensors", lambda path: path.rename(path.with_name("model.safetensors.index.json"))),
        ("codelm.json", lambda path: path.write_text("null")),
        ("codelm.json", lambda path: change_json(path, format=3)),
    ],
)
def test_damage_is_reported_in_one_line_that_names_the_file(name, damage, out):
    if name != "codelm.json":
        (out / "codelm.json").unlink()
    damage(out / name)
    with pytest.raises(UserError, match=rf"{name}|config\.model") as refused:
        read_hf(out)
    assert "\n" not in str(refused.value)


def test_a_tokenizer_saved_by_other_tools_is_imported_unchanged(out):
    tool = Tokenizer.from_file(str(out / "tokenizer.json"))
    tool.enable_padding(pad_id=4, pad_token="<|pad|>", direction="left")
    tool.enable_truncation(16)
    tool.save(str(out / "tokenizer.json"), pretty=True)
    (out / "codelm.json").unlink()
    back = read_hf(out).meta.tokenizer_json
    assert back == tokenizer().to_json()
    assert CodeTokenizer.from_json(back).encode(CODE) == tokenizer().encode(CODE)

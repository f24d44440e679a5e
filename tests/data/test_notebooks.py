"""Laws of reading notebooks: what of them is Python, and what becomes of those that are broken."""

import json

import pytest
from source_trees import data_config, python_source, quiet, write_packages

from codelm_jax.data.decoding import Rejected
from codelm_jax.data.manifest import MANIFEST, read_manifest
from codelm_jax.preparation.notebooks import BROKEN, OTHER_LANGUAGE, notebook_code
from codelm_jax.preparation.prepare import prepare
from codelm_jax.run_files import write_object


def notebook(*cells, **metadata):
    """Cells are sources of code cells, or whole cells."""
    made = [{"cell_type": "code", "source": c} if not isinstance(c, dict) else c for c in cells]
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4})


def test_code_cells_are_joined_and_all_else_is_left_out():
    text = notebook(
        "import math\n",
        {"cell_type": "markdown", "source": "# Title"},
        ["def f(x):\n", "    return math.sqrt(x)"],
        {"cell_type": "raw", "source": "x"},
        "",
        "f(2)\r\n",
    )
    assert notebook_code(text) == "import math\n\ndef f(x):\n    return math.sqrt(x)\n\nf(2)\n"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("%matplotlib inline\nx = 1", "x = 1"),
        ("!pip install (what\nx = 1", "x = 1"),
        ("?len\nlen?\nx.y??\nx = 1", "x = 1"),
        ("files = !ls\nspan = %timeit f()\nx = 1", "x = 1"),
        ("!ls \\\n  -l\nx = 1", "x = 1"),
        ("for x in y:\n    !ls {x}\n    %time f(x)\nz", "for x in y:\n    pass\n    pass\nz"),
        ("%%time\nx = 1", "x = 1"),
        ("%%bash\nls", ""),
        ("%%html", ""),
        ("# comment\n%cd x\nx = 1", "# comment\nx = 1"),
        ('x = """\n%not magic\n!nor this\n"""', 'x = """\n%not magic\n!nor this\n"""'),
        ("x = (y\n% z)", "x = (y\n% z)"),
        ("if a != b: x = a % b", "if a != b: x = a % b"),
    ],
)
def test_what_only_ipython_reads_is_left_out(cell, code):
    assert notebook_code(notebook(cell)) == code + "\n"


def test_notebooks_of_the_old_format_are_read():
    sheets = [{"cells": [{"cell_type": "code", "input": ["x = 1\n"]}, {"cell_type": "heading"}]}]
    assert notebook_code(json.dumps({"worksheets": sheets, "metadata": {}})) == "x = 1\n"


def test_a_notebook_that_cannot_be_read_is_rejected_by_kind():
    code = {"cell_type": "code"}
    for text in (
        "", "{", "[]", "1", '{"cells": 3}', '{"metadata": {}}', '{"cells": [1]}', '{"cells": [{"source": "x"}]}',
        notebook(code), notebook(code | {"source": 3}), notebook("x", language_info=3), "[" * 100_000,
    ):  # fmt: skip
        with pytest.raises(Rejected, match=BROKEN):
            notebook_code(text)
    for metadata in ({"language_info": {"name": "R"}}, {"kernelspec": {"language": "julia"}}):
        with pytest.raises(Rejected, match=OTHER_LANGUAGE):
            notebook_code(notebook("x = 1", **metadata))
    assert notebook_code(notebook("x = 1", kernelspec={"language": "python"})) == "x = 1\n"


def test_notebooks_and_declared_encodings_get_into_a_corpus_and_broken_ones_are_counted(tmp_path):
    source = write_packages(tmp_path / "src", packages=10)
    (source / "package_00" / "notes.ipynb").write_text(
        notebook("%pylab\n" + python_source(77), "found_in_a_notebook = 1")
    )
    (source / "package_00" / "broken.ipynb").write_text('{"cells": [')
    (source / "package_00" / "other.ipynb").write_text(notebook("x <- 1", language_info={"name": "R"}))
    (source / "package_00" / "old.py").write_bytes(
        ("# coding: cp1251\n" + python_source(78) + "\nname = 'Ялта'\n").encode("cp1251")
    )
    (source / "package_00" / "wrong.py").write_bytes(b"# coding: ascii\nname = '\xff'\n")
    prepared = prepare(data_config(tmp_path), vocab_size=400, report=quiet)
    corpus = "".join(
        prepared.tokenizer.decode(ids)
        for split in (prepared.train, prepared.val, prepared.test)
        for ids in split.documents()
    )
    assert "found_in_a_notebook" in corpus
    assert "%pylab" not in corpus
    assert "Ялта" in corpus
    assert prepared.manifest["skipped"] == {BROKEN: 1, OTHER_LANGUAGE: 1, "not in its declared encoding": 1}


def test_data_prepared_before_notebooks_were_read_stays_in_use(tmp_path):
    source = write_packages(tmp_path / "src", packages=10)
    config = data_config(tmp_path)
    prepare(config, vocab_size=400, report=quiet)
    manifest = read_manifest(tmp_path / "prepared") | {"skipped": {"notebook (.ipynb)": 1}}
    write_object(tmp_path / "prepared" / MANIFEST, manifest)
    (source / "package_00" / "notes.ipynb").write_text(notebook("x = 1"))
    prepare(config, vocab_size=400, report=quiet)

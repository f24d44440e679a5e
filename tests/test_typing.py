"""The type checker sees the calls from the commands into the package."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_process import ROOT


@pytest.mark.slow
def test_a_wrong_keyword_in_a_call_from_a_command_is_found(tmp_path):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    for key in ("exclude", "strict", "executionEnvironments"):
        del settings[key]
    settings |= {"include": ["."], "extraPaths": [str(ROOT)], "stubPath": str(ROOT / settings["stubPath"])}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    right = (ROOT / "codelm_jax" / "commands" / "checkpoint.py").read_text()
    wrong = right.replace("repair(path, yes=", "repair(path, yse=")
    assert wrong != right
    (tmp_path / "right.py").write_text(right)
    (tmp_path / "wrong.py").write_text(wrong)
    # From the environment of these tests.
    command = [Path(sys.executable).parent / "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    assert {Path(each["file"]).name for each in found} == {"wrong.py"}
    assert 'No parameter named "yse"' in {each["message"] for each in found}

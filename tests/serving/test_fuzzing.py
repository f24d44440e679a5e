"""Requests made up from the server's own OpenAPI schema, valid and invalid ones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# A request that the schema allows may still exceed the context, or ask for no token.
NOT_EXPECTED = "positive_data_acceptance"


def fuzz(address: str, directory: Path, phases: str, examples: int) -> str:
    """Runs schemathesis: no status 500, nothing that the schema does not announce, nothing invalid that passes."""
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{address}/openapi.json",
        f"--max-examples={examples}",
        f"--phases={phases}",
        f"--exclude-checks={NOT_EXPECTED}",
        "--suppress-health-check=all",
        "--generation-database=none",
        "--seed=1",
    ]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_request_breaks_the_server(address, tmp_path):
    said = fuzz(address, tmp_path, phases="coverage", examples=1)
    assert int(re.search(r"(\d+) generated", said)[1]) > 100


@pytest.mark.slow
def test_thousands_of_requests_do_not_break_the_server(address, tmp_path):
    said = fuzz(address, tmp_path, phases="coverage,fuzzing", examples=1500)
    print(f"\n{re.search(r'.*generated.*', said)[0].strip()}")

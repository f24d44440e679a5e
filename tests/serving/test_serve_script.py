"""The command itself: how it starts, what it refuses, how it ends."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from generation.generation_toys import generator, model_config, params, tokenizer
from served import ENDLESS, HTTP, until

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.dataclass_flags import parse_values
from codelm_jax.errors import UserError
from codelm_jax.generation.params import SamplingParams
from codelm_jax.serving.loading import run_name
from codelm_jax.serving.server import listen
from codelm_jax.serving.settings import ServingSettings

SERVE = Path(__file__).parents[2] / "scripts" / "serve.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with a checkpoint of the toy model."""
    directory = tmp_path_factory.mktemp("runs") / "toy-run"
    model = {name: getattr(model_config(), name) for name in model_config().__dataclass_fields__}
    meta = RunMeta({"model": model}, tokenizer().to_json())
    with CheckpointStore(directory / "checkpoints") as store:
        store.save(3, state={"params": params()}, data={}, meta=meta)
        store.wait()
    return directory


@contextlib.contextmanager
def command(run: Path, *flags: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The running command and its address."""
    arguments = [sys.executable, SERVE, f"--checkpoint={run}", "--port=0", "--max_rows=4", *flags]
    arguments.append("--nocompile_ahead")
    environment = {name: value for name, value in os.environ.items() if name != "CODELM_API_KEY"}
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr.readline().startswith("opening ")
            line = process.stderr.readline()
            found = re.match(r"serving at (http://127\.0\.0\.1:\d+)/", line)
            assert found, line + process.stderr.read()
            yield process, found[1]
        finally:
            process.kill()


def after_the_start(process: subprocess.Popen) -> str:
    """Its lines after the one that says that nothing is left to compile ahead."""
    first, *lines = process.stderr.read().splitlines(keepends=True)
    assert first == "ready\n"
    return "".join(lines)


def test_a_signal_lets_requests_finish(run):
    with command(run) as (process, address):
        sampled = SamplingParams(temperature=0.9, max_new_tokens=24, seed=2)
        client = openai.OpenAI(base_url=f"{address}/v1", api_key="none needed here")
        answer = client.completions.create(
            model="toy-run", prompt="def add(a, b):", max_tokens=24, temperature=0.9, seed=2
        )
        client.close()
        assert answer.choices[0].text == generator().generate(["def add(a, b):"], sampled)[0][0].text
        page = HTTP.get(address)
        assert page.status_code == 200
        assert "<html" in page.text
        body = ENDLESS | {"stream": True, "max_tokens": 400}
        with HTTP.stream("POST", f"{address}/v1/completions", json=body, timeout=60) as stream:
            lines = stream.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            until(lambda: not answers(address))
            *_, last = (line for line in lines if line)
        assert last == "data: [DONE]"
        assert process.wait(timeout=60) == 0
        assert after_the_start(process) == ""


def test_what_does_not_finish_in_time_is_cut_off(run):
    with command(run, "--drain_timeout=1") as (process, address):
        with HTTP.stream(
            "POST", f"{address}/v1/completions", json=ENDLESS | {"stream": True}, timeout=60
        ) as stream:
            lines = stream.iter_lines()
            next(lines)
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(httpx.RemoteProtocolError):
                assert "data: [DONE]" not in list(lines)
        assert process.wait(timeout=60) == 1
        assert after_the_start(process) == "1 requests are cut off\n"


def answers(address: str) -> bool:
    host, port = address.removeprefix("http://").split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


def test_a_mistake_is_one_clear_line(run):
    arguments = [sys.executable, SERVE, f"--checkpoint={run}", "--host=0.0.0.0", "--port=0"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --host=0.0.0.0: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flag", "value"),
    [("max_queue", -1), ("queue_timeout", 0.0), ("request_timeout", float("nan")), ("max_body_bytes", 10)],
)
def test_impossible_limits_are_named(flag, value):
    with pytest.raises(UserError, match=f"^--{flag} = "):
        parse_values(ServingSettings, {"model_name": "x", flag: value})


def test_a_port_that_is_taken_is_named():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UserError, match=f"--port={port}"):
            listen("127.0.0.1", port)
    with pytest.raises(UserError, match=r"--host=nowhere\.invalid"):
        listen("nowhere.invalid", 0)


def test_a_model_is_called_like_its_run(tmp_path):
    for path in ("tiny", "tiny/checkpoints", "tiny/checkpoints/100"):
        assert run_name(str(tmp_path / path)) == "tiny"

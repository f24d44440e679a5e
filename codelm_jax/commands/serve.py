"""Serves a trained model over HTTP, in the shape of OpenAI's completions interface, with a page to try it at `/`.

python scripts/serve.py --checkpoint=runs/tiny
curl http://127.0.0.1:8000/v1/completions -H 'Content-Type: application/json' -d '{"prompt": "def add(a, b):"}'
"""

import sys
import time
from functools import partial

from absl import flags

from codelm_jax import cli, compilation_cache, dataclass_flags, devices
from codelm_jax.evals.templates import load_templates
from codelm_jax.serving import access, server
from codelm_jax.serving.app import create_app
from codelm_jax.serving.loading import load_model, run_name
from codelm_jax.serving.playground.routes import playground_routes
from codelm_jax.serving.settings import ServingSettings

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A run, its checkpoints, one step, or an export.", required=True
)
_HOST = flags.DEFINE_string(
    "host", "127.0.0.1", "Address to listen on; a key is needed unless it is loopback."
)
_PORT = flags.DEFINE_integer(
    "port", 8000, "Port to listen on; 0 takes a free one.", lower_bound=0, upper_bound=65535
)
_MODEL_NAME = flags.DEFINE_string(
    "model_name", None, "Name of the model for clients; default: name of the run."
)
_API_KEY_FILE = flags.DEFINE_string(
    "api_key_file", None, f"File with the key that clients must send; default: ${access.KEY_VARIABLE}."
)
_ALLOWED_HOST = flags.DEFINE_multi_string(
    "allowed_host", [], "Another host name by which clients may call a server without a key; repeatable."
)
_MAX_ROWS = flags.DEFINE_integer(
    "max_rows",
    None,
    "Completions decoded together; default 64 on a CPU, 1024 on an accelerator.",
    lower_bound=1,
)
_COMPILE_AHEAD = flags.DEFINE_bool(
    "compile_ahead", True, "Compile all programs before /health says ok; without, the first requests wait."
)
_DRAIN_TIMEOUT = flags.DEFINE_integer(
    "drain_timeout", 60, "Seconds that requests have to finish after a signal to stop.", lower_bound=0
)
_SETTINGS = dataclass_flags.define(ServingSettings, without=("model_name",))


def main() -> int:
    """Serves until a signal ends it; returns the exit status."""
    api_key = access.read_api_key(_API_KEY_FILE.value)
    hosts = access.allowed_hosts(_HOST.value, api_key, _ALLOWED_HOST.value)
    name = _MODEL_NAME.value or run_name(_CHECKPOINT.value)
    values = dataclass_flags.values(_SETTINGS)
    settings = dataclass_flags.parse_values(ServingSettings, {"model_name": name, **values})
    listening = server.listen(_HOST.value, _PORT.value)
    devices.warn_if_gpu_unused()
    compilation_cache.enable()
    show = partial(print, file=sys.stderr, flush=True)
    show(f"opening {_CHECKPOINT.value}")
    model = load_model(_CHECKPOINT.value, max_rows=_MAX_ROWS.value)
    app = create_app(
        model.generator,
        settings,
        band=model.band,
        created=int(time.time()),
        routes=playground_routes(load_templates().category),
        api_key=api_key,
        hosts=hosts,
        compile_ahead=_COMPILE_AHEAD.value,
        show=show,
    )
    return server.serve(app, listening, drain_timeout=_DRAIN_TIMEOUT.value)


def run() -> None:
    """Entry point of `codelm-serve`."""
    cli.run(main)


if __name__ == "__main__":
    run()

"""Serves a trained model over HTTP, in the shape of OpenAI's completions interface, with a page to try it at `/`.

python scripts/serve.py --checkpoint=runs/tiny
curl http://127.0.0.1:8000/v1/completions -H 'Content-Type: application/json' -d '{"prompt": "def add(a, b):"}'
"""

import sys
import time
from functools import partial

from absl import flags

from codelm_jax import cli, compilation_cache, devices
from codelm_jax.evals.templates import load_templates
from codelm_jax.serving import access, server
from codelm_jax.serving.app import create_app
from codelm_jax.serving.loading import load_model, run_name
from codelm_jax.serving.playground.routes import playground_routes
from codelm_jax.serving.settings import settings_from_flags

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A run, its checkpoints, one step, or an export.", required=True
)
_HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen at; beyond loopback a key is needed.")
_PORT = flags.DEFINE_integer(
    "port", 8000, "Port to listen at; 0 takes a free one.", lower_bound=0, upper_bound=65535
)
_MODEL_NAME = flags.DEFINE_string("model_name", None, "The model as clients name it; default: as the run.")
_API_KEY_FILE = flags.DEFINE_string(
    "api_key_file", None, f"File that holds the key clients must send; default: ${access.KEY_VARIABLE}."
)
_ALLOWED_HOST = flags.DEFINE_multi_string(
    "allowed_host", [], "Another name by which a server without a key may be called; repeatable."
)
_MAX_ROWS = flags.DEFINE_integer(
    "max_rows", None, "Completions decoded together; default 64, on an accelerator 1024.", lower_bound=1
)
_COMPILE_AHEAD = flags.DEFINE_bool(
    "compile_ahead", True, "Compiles all programs before /health says ok; without, the first requests wait."
)
_DRAIN_TIMEOUT = flags.DEFINE_integer(
    "drain_timeout", 60, "Seconds that requests have to finish once the server is to end.", lower_bound=0
)
_SETTINGS = [
    flags.DEFINE_integer("max_queue", 256, "Completions that may wait; requests beyond get 429."),
    flags.DEFINE_float("queue_timeout", 60.0, "Seconds a request may wait for its first token."),
    flags.DEFINE_float("request_timeout", 300.0, "Seconds a request may take in all."),
    flags.DEFINE_integer("max_body_bytes", 2**20, "Largest request."),
    flags.DEFINE_enum(
        "overflow",
        "cap",
        ["cap", "error", "truncate_left", "slide"],
        "Beyond the context, where a request says nothing: cap lowers max_tokens, error refuses.",
    ),
]


def main() -> int:
    """Serves until it is told to end."""
    api_key = access.read_api_key(_API_KEY_FILE.value)
    hosts = access.allowed_hosts(_HOST.value, api_key, _ALLOWED_HOST.value)
    name = _MODEL_NAME.value or run_name(_CHECKPOINT.value)
    settings = settings_from_flags({"model_name": name, **{flag.name: flag.value for flag in _SETTINGS}})
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

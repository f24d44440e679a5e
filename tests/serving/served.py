"""A server of the toy model on a port of its own, in this process, over real HTTP."""

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx
import uvicorn
from generation.generation_toys import model_config, params, tokenizer

from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.generator import Generator
from codelm_jax.serving.app import create_app
from codelm_jax.serving.server import configuration, listen
from codelm_jax.serving.settings import ServingSettings

# One client for all: each new one would read the certificates of the system again.
HTTP = httpx.Client(timeout=30)
ROWS = 4
QUEUE = 28
SETTINGS = ServingSettings(model_name="toy", max_queue=QUEUE)
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
# Goes on until somebody ends it: sliding windows, no end of text within reach.
ENDLESS = {"prompt": "x", "max_tokens": 10**6, "overflow": "slide", "temperature": 0.0}


@contextlib.contextmanager
def serving(settings: ServingSettings = SETTINGS, model: Generator | None = None, **options) -> Iterator[str]:
    """The address of a server that is ready, with the toy model unless another is given."""
    if model is None:
        buckets = Buckets(growth=4, max_inserts=1)
        model = Generator(model_config(), params(), tokenizer(), max_rows=ROWS, buckets=buckets)
    whole = {"band": {}, "created": 0, "hosts": LOOPBACK, "compile_ahead": False} | options
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(configuration(create_app(model, settings, **whole)))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        until(lambda: HTTP.get(f"{address}/health").status_code == 200)
        yield address
    finally:
        server.should_exit = True
        thread.join()


def until(condition, seconds: float = 60.0) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def metric(address: str, name: str) -> float:
    """A value of /metrics."""
    lines = HTTP.get(f"{address}/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])

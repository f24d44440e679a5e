"""A small model for the playground, its server, and what the tests do to a page."""

import dataclasses
import json
import threading
import unicodedata
from collections.abc import Sequence
from contextlib import contextmanager

import jax
import uvicorn
from axe_playwright_python.sync_playwright import Axe

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.generator import Generator
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import init_params
from codelm_jax.serving.server import listen

CODE = '''
def add(a, b):
    """Adds two numbers."""
    return a + b


def is_even(number):
    return number % 2 == 0
'''
CONTEXT = 128


@dataclasses.dataclass(frozen=True)
class Examples:
    name: str
    prefix: str
    prompts: Sequence[str]


EXAMPLES = [
    Examples("functions", "def one():\n    return 1\n\n\n", ["def two():", "def three():"]),
    Examples("<b>bold</b>", "<script>hacked = 1</script>\n", ["<img src=x onerror=hacked=2>"]),
]


@dataclasses.dataclass(frozen=True)
class Site:
    """The address of the running server; the generator is for comparison, while no request is under way."""

    url: str
    generator: Generator


def generator():
    """A model that has learnt nothing: sharp enough to loop where it is greedy, and not where it draws."""
    config = ModelConfig(
        arch_type="transformer",
        num_layers=1,
        hidden_dim=32,
        num_heads=2,
        ffn_multiplier=2.0,
        normalization="rmsnorm",
        activation="gelu",
        position_encoding="rope",
        attention_dropout=0.0,
        residual_dropout=0.0,
        vocab_size=300,
        max_seq_length=CONTEXT,
        init="normal",
    )
    fresh = init_params(config, jax.random.key(1))
    sharp = jax.tree.map(lambda leaf: leaf * 10.0 if leaf.ndim > 1 else leaf, fresh)
    # Few array sizes: compiling costs more here than padding.
    buckets = Buckets(growth=64, max_inserts=1)
    return Generator(config, sharp, CodeTokenizer.train([CODE] * 4, 300), max_rows=4, buckets=buckets)


@contextmanager
def serving(app):
    """Runs the application on a free port of loopback; gives its address."""
    listening = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


def spelled(text):
    """Text as the page shows it: what has no look of its own is written out."""
    return "".join(
        f"\\u{{{ord(char):x}}}"
        if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in "\n\t"
        else char
        for char in text
    )


def generated(page, index=0):
    """Waits for the end of a completion and gives its card."""
    card = page.locator("#completions figure").nth(index)
    page.wait_for_selector(f"#completions figure:nth-child({index + 1})[aria-busy=false]")
    return card


def answered(page, *pieces, ends=True):
    """Lets every completion be answered by these choices, one event each."""
    events = [f"data: {json.dumps({'choices': [{'index': 0, **piece}]})}\n\n" for piece in pieces]
    body = "".join(events) + ("data: [DONE]\n\n" if ends else "")
    page.route("**/v1/completions", lambda route: route.fulfill(body=body, content_type="text/event-stream"))


def piece(tokens, *, start=0, finish_reason: str | None = "stop", logprob=-0.1, others=None):
    """A choice that is made of these tokens, whole characters each."""
    offsets = [start + len("".join(tokens[:i])) for i in range(len(tokens))]
    return {
        "text": "".join(tokens),
        "finish_reason": finish_reason,
        "logprobs": {
            "tokens": list(tokens),
            "token_logprobs": [logprob] * len(tokens),
            "top_logprobs": [{token: logprob, **(others or {})} for token in tokens],
            "text_offset": offsets,
        },
    }


def violations(page):
    """What axe-core finds to be inaccessible: rule and elements."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]

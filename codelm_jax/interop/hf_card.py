"""Turns a run's model card into the `README.md` of its export."""

import json
import re
import shlex

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_LIBRARY = re.compile(r"^library_name:.*$", re.MULTILINE)
# Only true of the run's own card.
_WRITTEN_BY = re.compile(r"^<!-- Written by .*-->\n\n?", re.MULTILINE)
# The card's commands name the run; in an export they name the export.
_SHELL = re.compile(
    r"(?P<call>(?P<command>\w+)\.py --checkpoint=)('[^'\n]*'|[^\s`])+(?: --out=evals(?![^\s`]))?"
)
_PYTHON = re.compile(r'(?P<call>from_checkpoint\()"[^"\n]*"')
_TITLE = re.compile(r"^# .*$", re.MULTILINE)
_INDEX = re.compile(r'(?P<before>^model-index: \[\{"name": )"[^"]*"', re.MULTILINE)
_HEADING = re.compile(r"^## ", re.MULTILINE)
# Already there if the card is that of an export.
_EARLIER = re.compile(r"^## Use with transformers\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)

_SECTION = """## Use with transformers

This directory is step {step:,} of the run, as a {architecture} in {dtype}. It needs neither codelm-jax nor JAX:

```python
from transformers import pipeline

model = {name}  # the path of this directory, or its name on the Hub
complete = pipeline("text-generation", model=model)
print(complete("def add(a, b):", max_new_tokens=60)[0]["generated_text"])
```

End a prompt before its line break, not after it: a line break and the indentation that follows it are one token, so
after a lone line break the model writes unindented text.

The tokenizer puts `<|endoftext|>` before every text, as in training, and takes the names of special tokens in a text
for ordinary characters. Keep prompt and completion together within {context_length} tokens: the model never saw more,
and nothing there checks it.

"""


def hf_card(card: str, *, name: str, architecture: str, dtype: str, step: int, context_length: int) -> str:
    """Adds to a model card how to use the export.

    Args:
        card: Markdown with front matter.
        name: of the export.
        architecture: public name of the exported architecture.
        dtype: of its weights.
        step: of the checkpoint.
        context_length: maximal number of tokens.
    """
    # Results cannot be kept in an export.
    more = {"evaluate": " --out=evals"}
    card = _SHELL.sub(lambda found: found["call"] + shlex.quote(name) + more.get(found["command"], ""), card)
    card = _PYTHON.sub(lambda found: found["call"] + json.dumps(name), card)
    matter = _FRONT_MATTER.match(card)
    end = matter.end() if matter else 0
    head = _LIBRARY.sub('library_name: "transformers"', card[:end])
    body = _EARLIER.sub("", _WRITTEN_BY.sub("", card[end:], count=1), count=1)
    # An export has its own name.
    title = name.rpartition("/")[2]
    head = _INDEX.sub(lambda found: found["before"] + json.dumps(title), head)
    body = _TITLE.sub(lambda _: f"# {title}", body, count=1)
    section = _SECTION.format(
        name=json.dumps(name),
        architecture=architecture,
        dtype=dtype,
        step=step,
        context_length=context_length,
    )
    first = _HEADING.search(body)
    place = first.start() if first else len(body)
    return f"{head}{body[:place]}{section}{body[place:]}"

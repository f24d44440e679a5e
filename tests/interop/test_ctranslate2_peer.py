"""CTranslate2 converts an export that was made for it, and continues as this project does.

Only `make test-peers` installs what these tests import; without it they must fail rather than skip.
"""

import json

import pytest
from interop_models import ARCHITECTURES, exported, tokenizer

from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.model.config import ModelConfig

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

PROMPTS = [
    "def add(a, b):",
    "",
    "class Stack:\n    def push(self",
    "näïve = '€",
    "for i in range",
    "x = [1, 2",
]


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_greedy_text_is_the_same(kind, tmp_path, monkeypatch):
    import ctranslate2
    import transformers

    # The converter knows GPT-NeoX by the names of transformers 4, with which it needs neither line.
    monkeypatch.setattr(transformers.GPTNeoXConfig, "rotary_pct", 1.0, raising=False)
    head = property(lambda self: self.lm_head)
    monkeypatch.setattr(transformers.GPTNeoXForCausalLM, "embed_out", head, raising=False)
    model = exported(**ARCHITECTURES[kind])
    export_hf(model, tmp_path / "toy", for_ctranslate2=True)
    ctranslate2.converters.TransformersConverter(str(tmp_path / "toy")).convert(str(tmp_path / "converted"))

    ours = Generator(ModelConfig(**model.meta.model), model.params, tokenizer())
    params = SamplingParams(temperature=0, top_k=0, max_new_tokens=24, heal=False)
    texts = [completion.text for (completion,) in ours.generate(PROMPTS, params)]

    tool = transformers.AutoTokenizer.from_pretrained(tmp_path / "toy")
    settings = json.loads((tmp_path / "toy" / "generation_config.json").read_text())
    vocabulary = json.loads((tmp_path / "converted" / "vocabulary.json").read_text())
    theirs = ctranslate2.Generator(str(tmp_path / "converted"), device="cpu")
    for prompt, text in zip(PROMPTS, texts, strict=True):
        # One by one: in a batch, what prompts have beyond the shortest one comes back as text.
        (found,) = theirs.generate_batch(
            [tool.convert_ids_to_tokens(tool(prompt)["input_ids"])],
            max_length=24,
            sampling_topk=1,
            include_prompt_in_result=False,
            suppress_sequences=[[vocabulary[number]] for number in settings["suppress_tokens"]],
        )
        written = [number for number in found.sequences_ids[0] if number != tokenizer().endoftext_id]
        assert tool.decode(written) == text

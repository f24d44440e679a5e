"""transformers, as a user has it, opens an export and does with it what this project does.

Only `make test-peers` installs what these tests import; without it they must fail rather than skip.
"""

import jax.numpy as jnp
import numpy as np
import pytest
from interop_models import ARCHITECTURES, CODE, assert_same_bits, exported, tokenizer

from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.interop.hf_export import export_hf
from codelm_jax.interop.hf_import import read_hf
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import Transformer

pytestmark = pytest.mark.peers

PROMPTS = ["def add(a, b):\n", "", "class Stack:\n    def push(self", "a <|endoftext|> b", "näïve = '€"]


@pytest.fixture(params=ARCHITECTURES)
def pair(request, tmp_path):
    """A model and its export."""
    model = exported(**ARCHITECTURES[request.param])
    export_hf(model, tmp_path / "toy")
    return model, tmp_path / "toy"


def config_of(model):
    return ModelConfig(**model.meta.model)


def test_the_logits_are_the_same(pair):
    import torch
    import transformers

    model, out = pair
    peer, report = transformers.AutoModelForCausalLM.from_pretrained(out, output_loading_info=True)
    assert not any(report.values())
    tokens = np.random.default_rng(0).integers(0, 340, (3, 48))
    with torch.inference_mode():
        theirs = peer.eval()(torch.from_numpy(tokens)).logits.numpy()
    ours = Transformer(config_of(model)).apply(
        {"params": model.params}, jnp.asarray(tokens, jnp.int32), deterministic=True
    )
    assert np.abs(theirs).max() > 1
    np.testing.assert_allclose(np.asarray(ours), theirs, atol=1e-4, rtol=1e-4)


def test_the_tokenizer_gives_our_ids_after_endoftext(pair):
    import transformers

    theirs = transformers.AutoTokenizer.from_pretrained(pair[1])
    for text in (*PROMPTS, CODE, "<|pad|><|fim_prefix|>", " \r\n\t x ", "!= ' ."):
        ids = theirs(text)["input_ids"]
        assert ids == [tokenizer().endoftext_id, *tokenizer().encode(text)]
        assert theirs.decode(ids, skip_special_tokens=True) == text


def test_the_greedy_pipeline_continues_as_our_generator_does(pair):
    import transformers

    model, out = pair
    generator = Generator(config_of(model), model.params, tokenizer())
    params = SamplingParams(temperature=0, top_k=0, max_new_tokens=24, heal=False)
    ours = [completion.text for (completion,) in generator.generate(PROMPTS, params)]
    pipeline = transformers.pipeline("text-generation", model=str(out))
    for prompt, text in zip(PROMPTS, ours, strict=True):
        (found,) = pipeline(prompt, do_sample=False, max_new_tokens=24, return_full_text=False)
        assert found["generated_text"] == text
    together = pipeline(PROMPTS, do_sample=False, max_new_tokens=24, return_full_text=False, batch_size=5)
    assert [found["generated_text"] for (found,) in together] == ours


def test_sampling_by_the_defaults_never_emits_what_ours_never_does(pair):
    import torch
    import transformers

    peer = transformers.AutoModelForCausalLM.from_pretrained(pair[1])
    torch.manual_seed(0)
    prompt = torch.zeros((64, 1), dtype=torch.long)
    drawn = peer.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=24, temperature=9.0)
    after_the_end = (drawn[:, 1:] == 0).cumsum(dim=1) > 0
    assert not set(drawn[:, 1:][~after_the_end].tolist()) & {1, 2, 3, 4, *range(330, 340)}
    assert peer.generation_config.top_k == 40


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_it_is_loaded_in_the_type_it_was_exported_in(dtype, tmp_path):
    import transformers

    export_hf(exported(), tmp_path / "toy", dtype=dtype)
    assert str(transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "toy").dtype) == f"torch.{dtype}"


def test_an_export_saved_again_by_transformers_is_imported_bit_by_bit(pair, tmp_path):
    import transformers

    model, out = pair
    tool = transformers.AutoTokenizer.from_pretrained(out)
    tool(PROMPTS, padding=True, truncation=True, max_length=8)
    tool.save_pretrained(tmp_path / "again")
    transformers.AutoModelForCausalLM.from_pretrained(out).save_pretrained(tmp_path / "again")
    back = read_hf(tmp_path / "again")
    assert_same_bits(model.params, back.params)
    assert back.meta.tokenizer_json == model.meta.tokenizer_json
    assert ModelConfig(**back.meta.model).ffn_dim == config_of(model).ffn_dim
    assert back.step is None


def test_it_opens_shards_and_what_it_splits_is_read(pair, tmp_path):
    import transformers

    model, _ = pair
    export_hf(model, tmp_path / "shards", max_shard_bytes=30_000)
    assert not (tmp_path / "shards" / "model.safetensors").exists()
    peer, report = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "shards", output_loading_info=True
    )
    assert not any(report.values())
    peer.save_pretrained(tmp_path / "again", max_shard_size=40_000)
    transformers.AutoTokenizer.from_pretrained(tmp_path / "shards").save_pretrained(tmp_path / "again")
    assert not (tmp_path / "again" / "model.safetensors").exists()
    assert_same_bits(model.params, read_hf(tmp_path / "again").params)

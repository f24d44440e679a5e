"""The tokenizer files of an export: Hugging Face's tools give the same ids as this project.

Two rules that this project has in code are written to files: every text begins with <|endoftext|>, and the names of
special tokens in a text are ordinary characters.
"""

from typing import Any

from tokenizers import Tokenizer, processors

from codelm_jax.errors import UserError

ENDOFTEXT = "<|endoftext|>"
PAD = "<|pad|>"


def hf_tokenizer_json(tokenizer_json: str) -> str:
    """Returns the text of a `tokenizer.json` that puts <|endoftext|> before every text.

    Args:
        tokenizer_json: of the checkpoint.
    """
    tokenizer = Tokenizer.from_str(tokenizer_json)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{ENDOFTEXT} $A",
        pair=f"{ENDOFTEXT} $A {ENDOFTEXT} $B",
        special_tokens=[(ENDOFTEXT, tokenizer.token_to_id(ENDOFTEXT))],
    )
    return tokenizer.to_str(pretty=False)


def own_tokenizer_json(hf_json: str, name: str) -> str:
    """Returns the text of the checkpoint's tokenizer: the inverse of `hf_tokenizer_json`.

    Args:
        hf_json: text of the exported file, possibly saved again by other tools.
        name: of the file, for messages.

    Raises:
        UserError: it is not a `tokenizer.json`.
    """
    try:
        tokenizer = Tokenizer.from_str(hf_json)
    except Exception as error:  # the library raises plain Exception
        raise UserError(f"{name}: not a tokenizer.json: {str(error).splitlines()[0]}") from None
    # Other tools save the settings of their last use.
    tokenizer.post_processor = None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer.to_str(pretty=False)


def tokenizer_config(context_length: int, *, unk_token: bool = False) -> dict[str, Any]:
    """Returns the content of `tokenizer_config.json`.

    Args:
        context_length: maximal number of tokens.
        unk_token: whether to name a token for unknown text. Every byte has a token, so nothing is ever encoded as it.
    """
    return {
        **({"unk_token": ENDOFTEXT} if unk_token else {}),
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": ENDOFTEXT,
        "eos_token": ENDOFTEXT,
        "pad_token": PAD,
        "add_bos_token": True,
        "add_eos_token": False,
        # A source file that contains the text "<|endoftext|>" must not end there.
        "split_special_tokens": True,
        # Spaces before punctuation are code.
        "clean_up_tokenization_spaces": False,
        # Completions follow the prompt directly.
        "padding_side": "left",
        "model_max_length": context_length,
    }


def generation_config(tokenizer_json: str, vocab_size: int) -> dict[str, Any]:
    """Returns the content of `generation_config.json`: the same suppressed ids and defaults as here.

    Args:
        tokenizer_json: of the checkpoint.
        vocab_size: of the model; may be larger than the tokenizer.
    """
    tokenizer = Tokenizer.from_str(tokenizer_json)
    endoftext = tokenizer.token_to_id(ENDOFTEXT)
    special = [number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special]
    unused = range(tokenizer.get_vocab_size(with_added_tokens=True), vocab_size)
    return {
        "bos_token_id": endoftext,
        "eos_token_id": endoftext,
        "pad_token_id": tokenizer.token_to_id(PAD),
        "suppress_tokens": sorted({*special, *unused} - {endoftext}),
        "do_sample": True,
        "temperature": 0.7,
        "top_k": 40,
    }

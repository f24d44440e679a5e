import jax
import jax.numpy as jnp
import numpy as np
import pytest
from generation_toys import CODE, full_forward_logits, generator, tokenizer
from hypothesis import given
from hypothesis import strategies as st

from codelm_jax.generation.healing import MAX_BACKED_UP, TokenPrefixes, heal
from codelm_jax.generation.params import SamplingParams

GREEDY = SamplingParams(temperature=0.0, max_new_tokens=12)


@given(
    tokens=st.lists(st.binary(max_size=3), min_size=1, max_size=40),
    prefix=st.binary(min_size=1, max_size=3),
)
def test_tokens_are_found_by_their_beginning(tokens, prefix):
    found = TokenPrefixes(tokens).starting_with(prefix)
    assert sorted(found.tolist()) == [i for i, token in enumerate(tokens) if token.startswith(prefix)]


@pytest.mark.parametrize(
    ("pieces", "backed_up"),
    [
        ([b"x", b" ="], 1),
        ([b"def", b" fib"], 1),
        ([b"def", b" f", b"ib"], 2),
        ([b"f", b"(", b")", b":", b"\n", b"    "], 2),
        ([b"a", b" ", b" "], 2),
        ([b"ab", b".", b"it"], 2),
        ([b"1", b"2", b"3", b"4", b"5", b"6"], MAX_BACKED_UP),
        ([b"", b"x"], 1),
        ([], 0),
    ],
)
def test_the_unsettled_end_is_taken_back(pieces, backed_up):
    healing = heal(b"".join(pieces).decode(), pieces)
    assert healing.backed_up == backed_up
    covered = [b"".join(pieces[len(pieces) - backed_up + i :]) for i in range(backed_up)]
    assert list(healing.rest) == covered
    assert [healing.skip(i) for i in range(backed_up + 1)] == [*map(len, covered), 0]


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_healed_completion_goes_on_from_the_very_text_typed(cut):
    """Whatever the cut, prompt and completion join to the bytes of the tokens chosen."""
    prompt = CODE[:cut]
    ((completion,),) = generator().generate([prompt], GREEDY)
    ids = [*tokenizer().encode(prompt)]
    generated = tokenizer().decode(completion.token_ids)
    assert generated.endswith(completion.text)
    inside = generated[: len(generated) - len(completion.text)]
    assert prompt.endswith(inside)
    if not inside:
        ids += completion.token_ids
        assert tokenizer().decode(ids) == prompt + completion.text


def test_the_first_token_is_the_most_probable_completion_of_the_typed_text():
    """Every way to write the typed text is weighed by the product of its tokens' probabilities."""
    prompt = "        self.it"
    ids = [tokenizer().endoftext_id, *tokenizer().encode(prompt)]
    pieces = [tokenizer().token_bytes(i) for i in range(tokenizer().vocab_size)]
    healing = heal(prompt, [pieces[i] for i in ids[1:]])
    assert healing.backed_up > 1
    best, weight = None, -np.inf
    before = 0.0
    for level, rest in enumerate(healing.rest):
        context = ids[: len(ids) - healing.backed_up + level]
        logprobs = np.asarray(jax.nn.log_softmax(full_forward_logits(context)))
        for token, piece in enumerate(pieces):
            if piece.startswith(rest) and before + logprobs[token] > weight:
                best, weight = [*context, token], before + logprobs[token]
        before += logprobs[ids[len(context)]]
    assert best is not None
    ((completion,),) = generator().generate([prompt], GREEDY.replace(max_new_tokens=1))
    if best == ids:  # the prompt stands as typed, and the new token follows it
        logits = full_forward_logits(ids).at[jnp.asarray(tokenizer().special_ids[1:])].set(-jnp.inf)
        assert completion.token_ids == (int(jnp.argmax(logits)),)
    else:
        assert completion.token_ids == (best[-1],)


def test_a_prompt_that_stands_as_typed_spends_no_token():
    for prompt in ("x =", "def add(a, b):", "for number in"):
        ((completion,),) = generator().generate([prompt], SamplingParams(temperature=0.0, max_new_tokens=3))
        assert len(completion.token_ids) == 3 or completion.finish_reason == "endoftext"


def test_healing_can_be_turned_off():
    ((completion,),) = generator().generate(["def ad"], GREEDY.replace(heal=False))
    assert completion.text == tokenizer().decode(completion.token_ids)


def test_samples_of_a_healed_prompt_follow_the_conditional_distribution():
    """The first text after the cut is drawn from the model's own distribution over what continues it."""
    prompt, n = "x = numb", 2000
    params = SamplingParams(n=n, max_new_tokens=1, seed=1)
    completions = generator().generate([prompt], params)[0]
    ids = [tokenizer().endoftext_id, *tokenizer().encode(prompt)]
    pieces = [tokenizer().token_bytes(i) for i in range(tokenizer().vocab_size)]
    healing = heal(prompt, [pieces[i] for i in ids[1:]])
    weights: dict[tuple[int, int], float] = {}
    before = 0.0
    for level, rest in enumerate(healing.rest):
        context = ids[: len(ids) - healing.backed_up + level]
        logprobs = np.asarray(jax.nn.log_softmax(full_forward_logits(context)), np.float64)
        for token, piece in enumerate(pieces):
            if piece.startswith(rest):
                weights[level, token] = np.exp(before + logprobs[token])
        before += logprobs[ids[len(context)]]
    total = sum(weights.values())
    typed = (healing.backed_up - 1, ids[-1])
    extended = {token: w / total for (level, token), w in weights.items() if (level, token) != typed}
    # Tokens that extend the typed text are seen in the completions; all other first tokens follow the text as typed.
    for token, share in extended.items():
        seen = (
            sum(c.token_ids == (token,) and len(c.text.encode()) < len(pieces[token]) for c in completions)
            / n
        )
        assert abs(seen - share) < 4 * np.sqrt(share * (1 - share) / n) + 1e-3

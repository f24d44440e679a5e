"""Unigram counts of the corpus and of generated text, and how far apart they are."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pydantic.dataclasses

from codelm_jax.evals.interfaces import Codec, Sampling
from codelm_jax.evals.resumable import resumable_samples
from codelm_jax.evals.samples import Sample, sample_of
from codelm_jax.evals.suite import READABLE, Parts, Suite, SuiteInputs, SuiteResult
from codelm_jax.evals.suites.context import starts_new_line
from codelm_jax.evals.suites.few_shot import sampling_of
from codelm_jax.evals.view import Dots, PageSection, Table, View
from codelm_jax.evals.wording import number, percent, token_name

_TOP = 50
_TOP_IN_WORDS = 8
_NAMED = {":": b":", ")": b")", "):": b"):"}


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class CommonToken:
    """A token and how often it occurs."""

    token: str
    token_id: int
    count: int
    share: float


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class TokenCounts:
    """The tokens of a text.

    Attributes:
        tokens: number of all.
        unique: number of different ones.
        characters_per_token: mean length.
        top: the commonest, most frequent first.
        shares: of `:`, `)`, `):` and of tokens that start a new line.
    """

    tokens: int
    unique: int
    characters_per_token: float
    top: tuple[CommonToken, ...]
    shares: Mapping[str, float]


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class TokenFrequencyResult(SuiteResult):
    """Tokens of corpus and samples.

    Attributes:
        seed: of samples and baseline.
        corpus, samples: their tokens.
        kl: nats, of the samples' distribution from the corpus's (add-one smoothed); None without samples.
        kl_baseline: the same for as many tokens drawn from the corpus: the KL of a perfect model.
        sampling: from `Sampling.as_json`.
        generated: the samples.
    """

    seed: int
    corpus: TokenCounts
    samples: TokenCounts
    kl: float | None
    kl_baseline: float | None
    sampling: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    generated: tuple[Sample, ...] = ()


def compare_tokens(
    corpus_ids: np.ndarray, samples: Sequence[Sequence[int]], codec: Codec, *, seed: int
) -> TokenFrequencyResult:
    """Compares the tokens of the corpus with those of samples.

    Args:
        corpus_ids: training tokens, uint16 [N]; `<|endoftext|>` counts as a token.
        samples: token ids of generated text.
        codec: the tokenizer.
        seed: of the baseline draw.
    """
    corpus = np.bincount(corpus_ids, minlength=codec.vocab_size)
    # Token by token: a sequence may be empty, and concatenating nothing has no dtype.
    generated = np.bincount(
        np.array([token for ids in samples for token in ids], np.int64), minlength=codec.vocab_size
    )
    drawn = np.random.default_rng(seed).multinomial(int(generated.sum()), corpus / corpus.sum())
    spellings = [codec.token_bytes(token) for token in range(codec.vocab_size)]
    return TokenFrequencyResult(
        suite="token_frequency",
        seed=seed,
        corpus=_counts(corpus, spellings, codec),
        samples=_counts(generated, spellings, codec),
        kl=kl_divergence(generated, corpus),
        kl_baseline=kl_divergence(drawn, corpus),
    )


def kl_divergence(counts: np.ndarray, reference: np.ndarray) -> float | None:
    """KL(counts || reference) in nats; the reference is add-one smoothed. None without counts."""
    total = counts.sum()
    if not total:
        return None
    p = counts / total
    q = (reference + 1) / (reference.sum() + len(reference))
    seen = p > 0
    return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


class TokenFrequency(Suite[TokenFrequencyResult]):
    """Token frequencies, corpus against samples."""

    name = "token_frequency"
    title = "Token frequencies"
    section = PageSection(
        "tokens",
        "Token frequencies",
        "A token is the piece of text that a model reads and writes at a time. Text that the model makes up freely should "
        "use each about as often as its training data does.",
    )
    result_type = TokenFrequencyResult
    needs = ("train_tokens",)
    on_card = False

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """Data and sampling."""
        return {
            "data": dict(inputs.required_data().identity),
            "sampling": _free_sampling(inputs).as_json("prompt"),
        }

    def run(self, inputs: SuiteInputs, parts: Parts) -> TokenFrequencyResult:
        """Draws the samples; all are one part."""
        data, model, sampling = inputs.required_data(), inputs.model, _free_sampling(inputs)
        assert data.train_ids is not None  # `needs` says so
        (drawn,) = resumable_samples(inputs, parts, self.name, [""], sampling)
        tokens = [list(sampled.token_ids) for sampled in drawn]
        return dataclasses.replace(
            compare_tokens(data.train_ids, tokens, model.codec, seed=sampling.seed),
            sampling=sampling.as_json("prompt"),
            generated=tuple(sample_of(Sample, "", "", sampled, model.codec, model.band) for sampled in drawn),
        )

    def view(self, result: TokenFrequencyResult) -> View:
        """Both texts side by side."""
        kinds = [result.corpus, result.samples]
        rows = [
            ["tokens", *(number(kind.tokens) for kind in kinds)],
            ["different ones", *(number(kind.unique) for kind in kinds)],
            ["characters per token", *(number(kind.characters_per_token, 2) for kind in kinds)],
            *(
                [
                    "share of line ends" if name == "newline" else f"share of “{name}”",
                    *(percent(kind.shares[name], 2) for kind in kinds),
                ]
                for name in result.corpus.shares
            ),
            ["distance from the corpus (KL, nats)", number(result.kl_baseline), number(result.kl)],
        ]
        note = (
            "Samples are what the model writes without a prompt. The corpus's distance from itself is that of as many "
            "tokens drawn from it."
        )
        table = Table("corpus and samples", ["", "corpus", "samples"], rows, note=note)
        return View(self.title, tables=[table], charts=[_chart(result)])


TOKEN_FREQUENCY = TokenFrequency()


def _free_sampling(inputs: SuiteInputs) -> Sampling:
    """Text without a prompt as the model itself would have it: no filter, and as long as the context allows."""
    asked = sampling_of(inputs)
    longest = inputs.model.context_length - 1
    return Sampling(asked.n, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=longest, seed=asked.seed)


def _chart(result: TokenFrequencyResult) -> Dots:
    corpus, samples = (
        {top.token: top.share for top in counts.top} for counts in (result.corpus, result.samples)
    )
    commonest = sorted(
        {**samples, **corpus}, key=lambda token: -max(corpus.get(token, 0), samples.get(token, 0))
    )
    return Dots(
        name="token_frequency",
        title="The commonest tokens, in the corpus and in samples",
        caption="A healthy model uses tokens about as often as people do; a token far to the right of the corpus's mark "
        "is one that the model overuses (↵ is a line end, ␣ a blank; a missing mark is a token beyond the top 50).",
        about="Share of tokens in the corpus and in samples.",
        words=", ".join(
            f"{token_name(token)}: {percent(corpus.get(token))} and {percent(samples.get(token))}"
            for token in commonest[:_TOP_IN_WORDS]
        ),
        axis="share of all tokens",
        reference=("corpus", corpus),
        own=("samples", samples),
    )


def _counts(counts: np.ndarray, spellings: Sequence[bytes], codec: Codec) -> TokenCounts:
    total = int(counts.sum())
    # UTF-8 continuation bytes begin with the bits 10; every other byte begins a character.
    characters = np.array([sum(byte & 0xC0 != 0x80 for byte in spelling) for spelling in spellings])
    top = np.argsort(-counts, kind="stable")[:_TOP]

    def share(selected: np.ndarray) -> float:
        return float(counts[selected].sum() / total) if total else 0.0

    named = {
        name: np.array([spelling == wanted for spelling in spellings]) for name, wanted in _NAMED.items()
    }
    named["newline"] = np.array([starts_new_line(spelling) for spelling in spellings])
    return TokenCounts(
        tokens=total,
        unique=int(np.count_nonzero(counts)),
        characters_per_token=float(counts @ characters / total) if total else 0.0,
        top=tuple(
            CommonToken(
                token=codec.decode([int(token)], skip_special=False),
                token_id=int(token),
                count=int(counts[token]),
                share=int(counts[token]) / total,
            )
            for token in top
            if counts[token]
        ),
        shares={name: share(selected) for name, selected in named.items()},
    )

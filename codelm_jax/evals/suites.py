"""All suites of one checkpoint: which there are, what each needs, and how an interrupted evaluation goes on."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from codelm_jax.evals.compressors import compressors
from codelm_jax.evals.confidence import confidence
from codelm_jax.evals.context import context
from codelm_jax.evals.few_shot import Sampling, few_shot, prompts_of, room, short_prompt
from codelm_jax.evals.heldout import heldout
from codelm_jax.evals.interfaces import (
    Codec,
    Completion,
    Generate,
    MaskedWindows,
    NextTokenDistribution,
    Report,
    Score,
    TokenStatistics,
)
from codelm_jax.evals.memorisation import memorisation
from codelm_jax.evals.results import Partial, ResultFiles, digest
from codelm_jax.evals.samples import sample_record
from codelm_jax.evals.settings import TASK_SUITES, Settings
from codelm_jax.evals.tasks import JudgeAll, evaluate_tasks
from codelm_jax.evals.token_frequency import token_frequency
from codelm_jax.text.band import real_windows

# Enough to fill the rows that a CPU decodes at once; few enough that an interruption costs little.
_SAMPLES_AT_ONCE = 256
_HELD_OUT_WINDOWS = 1000
# Raised when a figure comes or changes its meaning, so that older results are made anew.
_FORMAT = 2


class Skipped(Exception):
    """A suite can't be run here; the message says why, and what would help."""


@dataclasses.dataclass(frozen=True)
class Model:
    """What the suites need of a model.

    Attributes:
        generate: samples completions.
        score: NLL and smoothed loss of windows.
        statistics: what the model believed at each target of windows.
        next_token: the distribution after a text.
        codec: the tokenizer.
        byte_lengths: UTF-8 bytes of each token, [V].
        context_length: tokens it sees, `<|endoftext|>` included.
        label_smoothing: what `score` smooths with.
        band: the human band.
        identity: plain JSON by which results know the model again.
    """

    generate: Generate
    score: Score
    statistics: TokenStatistics
    next_token: NextTokenDistribution
    codec: Codec
    byte_lengths: np.ndarray
    context_length: int
    label_smoothing: float
    band: Mapping[str, Any]
    identity: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """A held-out set, or its beginning.

    Attributes:
        batches: gives its windows and masks from the start.
        batch_count: how many of them.
        documents: token ids of each file, cut where the windows end.
    """

    batches: Callable[[], Iterable[MaskedWindows]]
    batch_count: int
    documents: Sequence[Sequence[int]]


@dataclasses.dataclass(frozen=True)
class Corpus:
    """What the suites need of the prepared data.

    Attributes:
        held_out: `val`, and `test` where there is one; or a text of the user's own.
        train_ids: training tokens, uint16 [N], `<|endoftext|>` before each document; None where they are not at hand.
        endoftext_id: its id.
        train_files: the file of each training document.
        identity: plain JSON by which results know the data again.
    """

    held_out: Mapping[str, HeldOut]
    train_ids: np.ndarray | None
    endoftext_id: int
    train_files: Sequence[str]
    identity: Mapping[str, Any]


class Evaluation:
    """Runs suites on one model, or reads what stands in the result files already."""

    def __init__(
        self,
        model: Model,
        corpus: Corpus | None,
        settings: Settings,
        files: ResultFiles,
        judge_all: JudgeAll,
        report: Callable[[str, int, int], None],
    ):
        """Takes everything a suite may ask for.

        Args:
            model: to evaluate.
            corpus: None where it is not at hand: suites that need it are skipped.
            settings: chosen by the user.
            files: where results go.
            judge_all: the sandbox; called for task suites alone.
            report: told suite, steps done and steps in all.
        """
        self._model, self._corpus, self._settings = model, corpus, settings
        self._files, self._judge_all, self._report = files, judge_all, report

    def run(self, suite: str) -> dict[str, Any]:
        """The result of a suite, written to the result files.

        Raises:
            Skipped: it can't be run on this model or without the corpus.
        """
        settings = self._identity(suite)
        if (found := self._files.find(suite, settings)) is not None:
            return found
        with self._files.partial(suite, settings) as partial:
            if suite in TASK_SUITES:
                result = self._tasks(suite, partial)
            else:
                result = getattr(self, f"_{suite}")(partial)
            whole = {"settings": settings, **result}
            self._files.write(suite, whole)
            partial.remove()
        return whole

    def _identity(self, suite: str) -> dict[str, Any]:
        """All that the figures of a suite depend on, as plain JSON."""
        settings, model = self._settings, dict(self._model.identity)
        common = {"suite": suite, "format": _FORMAT, "seed": settings.seed, **model}
        sampling = dataclasses.asdict(settings.sampling)
        if suite in TASK_SUITES:
            asked = settings.task_sets[suite]
            tasks = digest([dataclasses.asdict(task) for task in asked.tasks])
            return {
                **common,
                "sampling": {**dataclasses.asdict(asked.sampling), "stop": list(asked.sampling.stop)},
                "tasks_sha256": tasks,
            }
        prompts = {"sampling": sampling, "templates_sha256": digest(dataclasses.asdict(settings.templates))}
        if suite in ("few_shot", "short_prompt"):
            return {**common, **prompts}
        if suite == "context":
            return {**common, "templates_sha256": prompts["templates_sha256"]}
        data = {"data": dict(self._data.identity)}
        if suite == "token_frequency":
            return {**common, **data, "sampling": dataclasses.asdict(self._free_sampling)}
        return {**common, **data, **prompts} if suite == "memorisation" else {**common, **data}

    @property
    def _data(self) -> Corpus:
        if self._corpus is None:
            raise Skipped("needs --data=DIR, the prepared data this model was trained on, or --text=FILE")
        return self._corpus

    @property
    def _train_ids(self) -> np.ndarray:
        if self._data.train_ids is None:
            raise Skipped(
                "needs --data=DIR, the prepared data this model was trained on; a text is not enough"
            )
        return self._data.train_ids

    @property
    def _free_sampling(self) -> Sampling:
        """Text from nothing, as the model itself would have it: no filter, and as long as the context allows."""
        n = self._settings.sampling.samples_per_prompt
        return Sampling(n, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=self._model.context_length - 1)

    def _heldout(self, partial: Partial) -> dict[str, Any]:
        for name, held_out in self._data.held_out.items():
            if name in partial.done:
                continue
            figures = heldout(
                self._model.score,
                self._counted(f"heldout: {name}", held_out),
                byte_lengths=self._model.byte_lengths,
                label_smoothing=self._model.label_smoothing,
            )
            files = [self._bytes(document) for document in held_out.documents]
            partial.add(name, {**figures, "compressors": compressors(files)})
        return {"suite": "heldout", "sets": {name: partial.done[name] for name in self._data.held_out}}

    def _few_shot(self, partial: Partial) -> dict[str, Any]:
        return self._prompted(few_shot, "few_shot", partial)

    def _short_prompt(self, partial: Partial) -> dict[str, Any]:
        return self._prompted(short_prompt, "short_prompt", partial)

    def _prompted(self, run: Callable[..., dict[str, Any]], suite: str, partial: Partial) -> dict[str, Any]:
        model, settings = self._model, self._settings
        prompts = list(prompts_of(suite, settings.templates).values())
        left = room(prompts, model.codec, model.context_length)
        if left < settings.sampling.max_new_tokens:
            raise Skipped(
                f"the longest prompt leaves {max(0, left)} of the context's {model.context_length} tokens, and "
                f"{settings.sampling.max_new_tokens} are asked for; lower --max_new_tokens or shorten the --templates"
            )
        return run(
            _resumable(model.generate, partial, lambda done, total: self._report(suite, done, total)),
            model.codec,
            settings.templates,
            model.band,
            sampling=settings.sampling,
            seed=settings.seed,
        )

    def _context(self, partial: Partial) -> dict[str, Any]:
        model = self._model
        template = self._settings.templates.context
        if room([template.prompt], model.codec, model.context_length) < 0:
            raise Skipped(f"its prompt alone exceeds the context of {model.context_length} tokens")
        return context(model.next_token, model.codec, template, context_length=model.context_length)

    def _token_frequency(self, partial: Partial) -> dict[str, Any]:
        model, sampling, train_ids = self._model, self._free_sampling, self._train_ids
        generate = _resumable(
            model.generate, partial, lambda done, total: self._report("token_frequency", done, total)
        )
        (completions,) = generate(
            [""],
            sampling.samples_per_prompt,
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            max_new_tokens=sampling.max_new_tokens,
            stop=(),
            seed=self._settings.seed,
        )
        tokens = [list(completion.token_ids) for completion in completions]
        return {
            **token_frequency(train_ids, tokens, model.codec, seed=self._settings.seed),
            "sampling": dataclasses.asdict(sampling),
            "generated": [sample_record("", "", c, model.codec, model.band) for c in completions],
        }

    def _confidence(self, partial: Partial) -> dict[str, Any]:
        model = self._model
        first = next(iter(self._data.held_out.values()))
        batches = self._counted("confidence", first)
        return confidence(model.statistics, batches, model.codec)

    def _memorisation(self, partial: Partial) -> dict[str, Any]:
        """Of the few-shot samples, beside what as many windows of held-out code share with the training tokens."""
        data, train_ids, settings = self._data, self._train_ids, self._settings
        samples = self.run("few_shot")["samples"]
        length = settings.sampling.max_new_tokens
        windows = real_windows(data.held_out["val"].documents, length, _HELD_OUT_WINDOWS, settings.seed)
        found = memorisation(
            [sample["token_ids"] for sample in samples],
            train_ids,
            endoftext_id=data.endoftext_id,
            document_names=data.train_files,
        )
        for record, sample in zip(found["samples"], samples, strict=True):
            record["prompt_id"] = sample["prompt_id"]
        return found | {"held_out": _held_out_runs(windows, train_ids, data) if windows else None}

    def _tasks(self, suite: str, partial: Partial) -> dict[str, Any]:
        asked = self._settings.task_sets[suite]
        return evaluate_tasks(
            suite,
            asked.tasks,
            self._model.generate,
            self._judge_all,
            self._model.codec,
            self._model.band,
            sampling=asked.sampling,
            context_length=self._model.context_length,
            seed=self._settings.seed,
            finished=partial.done,
            on_task=partial.add,
            report=lambda done, total: self._report(suite, done, total),
        )

    def _counted(self, stage: str, held_out: HeldOut) -> Iterator[MaskedWindows]:
        for number, batch in enumerate(held_out.batches(), start=1):
            yield batch
            self._report(stage, number, held_out.batch_count)

    def _bytes(self, document: Sequence[int]) -> bytes:
        return b"".join(map(self._model.codec.token_bytes, document))


@dataclasses.dataclass(frozen=True)
class _Saved:
    """A completion that went through a file."""

    text: str
    token_ids: Sequence[int]
    logprobs: Sequence[float]
    finish_reason: str


def _resumable(generate: Generate, partial: Partial, report: Report) -> Generate:
    """Saves the completions of each few prompts; those that are saved already are not made again.

    Which prompts are sampled together depends on what is asked alone, never on what is saved: the numerics of a batch
    must not depend on an interruption.
    """

    def saving(prompts: Sequence[str], n: int, **sampling: Any) -> Sequence[Sequence[Completion]]:
        at_once = max(1, _SAMPLES_AT_ONCE // n)
        for begin in range(0, len(prompts), at_once):
            group = prompts[begin : begin + at_once]
            if any(prompt not in partial.done for prompt in group):
                for prompt, row in zip(group, generate(group, n, **sampling), strict=True):
                    saved = [
                        _Saved(c.text, list(c.token_ids), [float(x) for x in c.logprobs], c.finish_reason)
                        for c in row
                    ]
                    partial.add(prompt, [dataclasses.asdict(completion) for completion in saved])
            report(begin + len(group), len(prompts))
        return [[_Saved(**saved) for saved in partial.done[prompt]] for prompt in prompts]

    return saving


def _held_out_runs(windows: Sequence[Sequence[int]], train_ids: np.ndarray, data: Corpus) -> dict[str, Any]:
    found = memorisation(windows, train_ids, endoftext_id=data.endoftext_id, document_names=data.train_files)
    return {key: value for key, value in found.items() if key not in ("suite", "samples")}

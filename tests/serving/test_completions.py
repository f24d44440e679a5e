import asyncio
import json
import shutil
import subprocess

import httpx
import jax
import numpy as np
import openai
import pytest
from generation.generation_toys import full_forward_logits, generator, tokenizer
from served import ENDLESS, HTTP, QUEUE, ROWS, metric, until

from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.scoring import score_texts

PROMPT = "def add(a, b):\n"
SAMPLED = SamplingParams(temperature=0.9, top_k=50, max_new_tokens=24, seed=2)
OURS = {"top_k": 50}


@pytest.fixture(scope="module")
def client(address):
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none needed here", max_retries=0) as client:
        yield client


def complete(client, prompt: str | list[str] | list[int] | list[list[int]] = PROMPT, params=SAMPLED, **more):
    """What the official client gets for the same parameters that `Generator` takes."""
    extra = {key: getattr(params, key) for key in ("top_k", "min_p", "repetition_penalty", "heal")}
    return client.completions.create(
        model="toy",
        prompt=prompt,
        temperature=params.temperature,
        max_tokens=params.max_new_tokens,
        seed=params.seed,
        n=params.n,
        stop=list(params.stop) or None,
        extra_body=extra | more.pop("extra_body", {}),
        **more,
    )


def test_the_official_client_gets_the_generators_text(client):
    answer = complete(client)
    ((expected,),) = generator().generate([PROMPT], SAMPLED)
    (choice,) = answer.choices
    assert choice.text == expected.text
    assert choice.finish_reason == "length"
    assert answer.usage.prompt_tokens == len(tokenizer().encode(PROMPT))
    assert answer.usage.completion_tokens == len(expected.token_ids) == 24
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 24
    assert answer.model == "toy"


def test_prompts_and_samples_come_in_order(client):
    params = SAMPLED.replace(n=3, stop=("e", "zz"))
    prompts = [PROMPT, "class Stack:", ""]
    answer = complete(client, prompts, params)
    expected = [c for row in generator().generate(prompts, params) for c in row]
    assert [c.index for c in answer.choices] == list(range(9))
    assert [c.text for c in answer.choices] == [c.text for c in expected]


def test_a_stream_is_the_answer_in_pieces(client):
    whole = complete(client, params=SAMPLED.replace(n=2))
    pieces = {0: "", 1: ""}
    events = list(
        complete(client, params=SAMPLED.replace(n=2), stream=True, stream_options={"include_usage": True})
    )
    for event in events[:-1]:
        (choice,) = event.choices
        pieces[choice.index] += choice.text
    assert [pieces[i] for i in (0, 1)] == [c.text for c in whole.choices]
    assert events[-1].usage == whole.usage
    assert len(events) > 6


def test_curl_reads_the_stream_to_its_end(address):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("NOT TESTED: there is no curl on this machine")
    body = {"prompt": PROMPT, "max_tokens": 24, "seed": 2, "temperature": 0.9, "top_k": 50, "stream": True}
    done = subprocess.run(
        [curl, "-sSN", f"{address}/v1/completions", "--json", json.dumps(body)],
        capture_output=True,
        text=True,
        check=True,
    )
    *events, last = done.stdout.strip().split("\n\n")
    assert last == "data: [DONE]"
    texts = [json.loads(event.removeprefix("data: "))["choices"][0]["text"] for event in events]
    assert "".join(texts) == generator().generate([PROMPT], SAMPLED)[0][0].text


def test_texts_do_not_depend_on_the_load(address):
    """Thirty streams through four rows, each with its own prompt, seed and filters: each text is the Generator's."""
    requests = [
        {
            "prompt": f"x{i} = [1, 2," if i % 2 else PROMPT,
            "seed": i,
            "max_tokens": 5 + i,
            "temperature": 0.5 + 0.02 * i,
            "top_k": (0, 5, 50)[i % 3],
            "top_p": (1.0, 0.9)[i % 2],
            "repetition_penalty": (1.0, 1.2)[i % 2],
        }
        for i in range(30)
    ]
    each = [
        SamplingParams(**{k: v for k, v in r.items() if k not in ("prompt", "max_tokens")}).replace(
            max_new_tokens=r["max_tokens"]
        )
        for r in requests
    ]

    async def stream(client, body):
        text, ended = "", False
        async with client.stream("POST", f"{address}/v1/completions", json=body | {"stream": True}) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    text += json.loads(line[6:])["choices"][0]["text"]
                assert not (ended and line)
                ended |= line == "data: [DONE]"
        assert ended
        return text

    async def all_at_once():
        async with httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=None)) as client:
            return await asyncio.gather(*(stream(client, body) for body in requests))

    texts = asyncio.run(all_at_once())
    alone = [
        generator().generate([r["prompt"]], own)[0][0].text for r, own in zip(requests, each, strict=True)
    ]
    assert texts == alone


@pytest.mark.parametrize("stop", [None, ["e", "\n\n"]])
def test_probabilities_are_those_of_the_model(client, stop):
    params = SAMPLED.replace(heal=False, stop=tuple(stop or ()))
    (choice,) = complete(client, params=params, logprobs=5).choices
    ((expected,),) = generator().generate([PROMPT], params)
    said = choice.logprobs
    np.testing.assert_allclose(said.token_logprobs, expected.logprobs, atol=1e-3)
    assert len(said.tokens) == len(said.text_offset) == len(expected.token_ids)
    # Each token's own text lies between its offset and the next one's.
    ends = [*said.text_offset[1:], len(choice.text)]
    cut = [choice.text[a:b] for a, b in zip(said.text_offset, ends, strict=True)]
    whole = [(name, piece) for name, piece in zip(said.tokens, cut, strict=True) if "bytes:" not in name]
    assert all(name.startswith(piece) for name, piece in whole if "\ufffd" not in piece)
    ids = [tokenizer().endoftext_id, *tokenizer().encode(PROMPT)]
    for name, top, token in zip(said.tokens, said.top_logprobs, expected.token_ids, strict=True):
        logprobs = jax.nn.log_softmax(full_forward_logits(ids))
        assert 5 <= len(top) <= 6
        assert top[name] == pytest.approx(float(logprobs[token]), abs=1e-3)
        np.testing.assert_allclose(sorted(top.values())[-5:], np.sort(logprobs)[-5:], atol=1e-3)
        ids.append(token)


def test_streamed_probabilities_are_those_of_the_whole(client):
    whole = complete(client, logprobs=2).choices[0]
    parts = [e.choices[0] for e in complete(client, logprobs=2, stream=True)]
    for column in ("tokens", "token_logprobs", "text_offset"):
        joined = [value for part in parts for value in getattr(part.logprobs, column)]
        if column == "token_logprobs":
            np.testing.assert_allclose(joined, whole.logprobs.token_logprobs, atol=1e-4)
        else:
            assert joined == getattr(whole.logprobs, column)


def test_echo_scores_the_prompt(client):
    """What evaluation harnesses ask for: the log-probabilities of a text that is there, and no token more."""
    text = "def is_even(number):\n    return number € 2\n"
    (choice,) = complete(client, text, logprobs=1, echo=True, extra_body={"max_tokens": 0}).choices
    (score,) = score_texts(generator().text_model, [text])
    assert choice.text == text
    np.testing.assert_allclose(choice.logprobs.token_logprobs, score.logprobs, atol=1e-3)
    assert any(name.startswith("bytes:") for name in choice.logprobs.tokens)
    by_ids = complete(client, tokenizer().encode(text), logprobs=1, echo=True, extra_body={"max_tokens": 0})
    assert by_ids.choices[0].logprobs == choice.logprobs
    more = complete(client, text, logprobs=1, echo=True).choices[0]
    count = len(score.logprobs)
    assert more.logprobs.token_logprobs[:count] == choice.logprobs.token_logprobs
    assert more.text == text + complete(client, text).choices[0].text
    assert more.logprobs.text_offset[count] == len(text)


def test_token_ids_are_taken_as_they_are(client):
    ids = tokenizer().encode("def is_even(num")
    unhealed = generator().generate(["def is_even(num"], SAMPLED.replace(heal=False))[0][0].text
    both = complete(client, [ids, [tokenizer().endoftext_id, *ids]])
    assert [c.text for c in both.choices] == [unhealed, unhealed]
    # As the client sent them: the server's own <|endoftext|> does not count, the client's does.
    assert both.usage.prompt_tokens == 2 * len(ids) + 1


def test_every_token_sent_and_every_token_generated_has_one_entry(address):
    """For any prompt and any number of new tokens, an <|endoftext|> at either end included."""
    end = tokenizer().endoftext_id
    ids = tokenizer().encode("def is_even(num")
    ended = 0
    for prompt in ([end], [end, *ids], ids, ids[:1], "def f(x):", ""):
        for max_tokens, seed in [(0, 0), (1, 0), (5, 1), *((40, seed) for seed in range(6))]:
            body = {"prompt": prompt, "max_tokens": max_tokens, "seed": seed, "echo": True, "logprobs": 1}
            answer = HTTP.post(f"{address}/v1/completions", json=body | {"temperature": 1.5}).json()
            (choice,), usage = answer["choices"], answer["usage"]
            found = choice["logprobs"]
            entries = usage["prompt_tokens"] + usage["completion_tokens"]
            assert {len(column) for column in found.values()} == {entries}, body
            sent = prompt if isinstance(prompt, list) else tokenizer().encode(prompt)
            assert usage["prompt_tokens"] == len(sent)
            nulls = [number for number, each in enumerate(found["token_logprobs"]) if each is None]
            assert nulls == ([0] if sent[:1] == [end] else [])
            offsets = found["text_offset"]
            assert offsets == sorted(offsets)
            assert all(0 <= offset <= len(choice["text"]) for offset in offsets)
            if choice["finish_reason"] == "stop":
                ended += 1
                assert found["tokens"][-1] == "<|endoftext|>"
    assert ended


def test_a_seed_that_was_drawn_can_be_used_again(address):
    ask = {"prompt": "x", "max_tokens": 12}
    first = HTTP.post(f"{address}/v1/completions", json=ask).json()
    again = HTTP.post(f"{address}/v1/completions", json=ask | {"seed": first["seed"]}).json()
    other = HTTP.post(f"{address}/v1/completions", json=ask).json()
    assert again["choices"] == first["choices"]
    assert other["seed"] != first["seed"]


def test_finished_texts_say_how_much_they_repeat_themselves(address):
    ask = {"prompt": "x", "max_tokens": 200, "overflow": "slide", "temperature": 0, "collapse": True}
    stuck = HTTP.post(f"{address}/v1/completions", json=ask).json()["choices"][0]["collapse"]
    free = HTTP.post(
        f"{address}/v1/completions", json=ask | {"temperature": 1.5, "seed": 0, "max_tokens": 40}
    ).json()
    assert stuck["collapsed"]
    assert stuck["seq_rep_4"] > stuck["threshold"] > stuck["human_seq_rep_4"]
    assert stuck["tokens"] == 200
    assert not free["choices"][0]["collapse"]["collapsed"]
    plain = HTTP.post(f"{address}/v1/completions", json={"prompt": "x"}).json()
    assert plain["choices"][0]["collapse"] is None


def test_clients_that_leave_free_their_place(address):
    before = metric(address, "codelm_generated_tokens_total")
    with HTTP.stream("POST", f"{address}/v1/completions", json=ENDLESS | {"stream": True}) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        assert metric(address, "codelm_running") == 1
    until(lambda: metric(address, "codelm_running") == 0)
    with pytest.raises(httpx.ReadTimeout):
        HTTP.post(f"{address}/v1/completions", json=ENDLESS | {"n": 6}, timeout=0.5)
    until(lambda: metric(address, "codelm_running") == metric(address, "codelm_waiting") == 0)
    until(lambda: metric(address, "codelm_rows") == 0)
    assert metric(address, "codelm_generated_tokens_total") > before


def test_beyond_the_queue_requests_are_refused_until_there_is_room(address):
    body = ENDLESS | {"stream": True, "n": ROWS + QUEUE}
    with HTTP.stream("POST", f"{address}/v1/completions", json=body) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        refused = HTTP.post(f"{address}/v1/completions", json={"prompt": "x"})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
    until(lambda: HTTP.post(f"{address}/v1/completions", json={"prompt": "x"}).status_code == 200)
    too_many = HTTP.post(f"{address}/v1/completions", json=body | {"n": ROWS + QUEUE + 1})
    assert too_many.status_code == 400
    assert too_many.json()["error"]["param"] == "n"


def test_the_served_model_is_listed(client, address):
    (model,) = client.models.list().data
    assert model.id == "toy"
    assert client.models.retrieve("toy") == model
    assert HTTP.get(f"{address}/v1/models").json()["data"][0]["context_length"] == 64
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt")

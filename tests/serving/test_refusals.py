"""Whatever is asked, the answer is in OpenAI's shape, has the right status, and tells nothing of the inside."""

import asyncio
import dataclasses
import json
import socket
import time

import pytest
from served import ENDLESS, HTTP, SETTINGS, metric, serving, until

from codelm_jax.generation import scheduler
from codelm_jax.serving import access, completions, gate
from codelm_jax.serving.gate import Gate
from codelm_jax.serving.metrics import Metrics

KEY = "a-key-of-20-characters"


def ask(address, body, **more):
    return HTTP.post(f"{address}/v1/completions", json={"prompt": "x"} | body, **more)


def assert_refused(answer, status, param=None):
    error = answer.json()["error"]
    assert answer.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param
    assert "\n" not in error["message"]
    assert "Traceback" not in answer.text
    return error


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": 3}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", 3]}, "prompt"),
        ({"prompt": [10**6]}, "prompt"),
        ({"prompt": [[1], [-1]]}, "prompt"),
        ({"prompt": "x " * 100}, "prompt"),
        ({"max_tokens": 64, "overflow": "error"}, "max_tokens"),
        ({"prompt": "x" * 300, "echo": True, "logprobs": 0, "overflow": "truncate_left"}, "prompt"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 2**31}, "max_tokens"),
        ({"max_tokens": "3"}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 33}, "n"),
        ({"n": True}, "n"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"stop": ""}, "stop"),
        ({"stop": ["a"] * 33}, "stop"),
        ({"stop": "a", "stop_rule": "line"}, "stop_rule"),
        ({"stop_rule": "never"}, "stop_rule"),
        ({"stop_rule": "line", "prompt": "(" * 20_000, "n": 2, "overflow": "truncate_left"}, "stop_rule"),
        ({"logprobs": 6}, "logprobs"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_all": True}}, "stream_options"),
        ({"suffix": "\n"}, "suffix"),
        ({"best_of": 2}, "best_of"),
        ({"logit_bias": {"50256": -100}}, "logit_bias"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"presence_penalty": -0.5}, "presence_penalty"),
        ({"messages": []}, "messages"),
        ({"top_k": -1}, "top_k"),
        ({"min_p": 1.5}, "min_p"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"no_repeat_ngram": 17}, "no_repeat_ngram"),
        ({"overflow": "ignore"}, "overflow"),
    ],
)
def test_what_is_not_possible_is_refused_by_name(address, body, param):
    for stream in (False, True):
        assert_refused(ask(address, {"stream": stream} | body), 400, param)


@pytest.mark.parametrize(
    "body",
    [
        {"suffix": ""},
        {"best_of": 2, "n": 2},
        {"logit_bias": {}},
        {"frequency_penalty": 0, "presence_penalty": 0.0},
        {"user": "someone"},
        {"stream_options": None, "temperature": None, "stop": None, "n": None, "seed": None},
        {"model": "toy", "temperature": 0, "top_p": 1},
    ],
)
def test_what_changes_nothing_is_taken(address, body):
    assert ask(address, {"max_tokens": 1} | body).status_code == 200


def test_another_model_is_not_found(address):
    for name in ("gpt", "", "\ud800"):
        body = json.dumps({"prompt": "x", "model": name})
        answer = HTTP.post(
            f"{address}/v1/completions", content=body, headers={"Content-Type": "application/json"}
        )
        assert assert_refused(answer, 404, "model")["code"] == "model_not_found"


def test_what_exceeds_the_context_says_so(address):
    strict = ask(address, {"max_tokens": 64, "overflow": "error"}).json()["error"]
    assert strict["code"] == "context_length_exceeded"
    assert "max_tokens is 64" in strict["message"]
    assert "lower max_tokens to 62" in strict["message"]
    assert ask(address, {"prompt": "x " * 100}).json()["error"]["code"] == "context_length_exceeded"
    for overflow in ("slide", "truncate_left"):
        # Without a seed the toy may draw the end of the text sooner.
        long = {"prompt": "x " * 100, "max_tokens": 9, "overflow": overflow, "seed": 0}
        answer = ask(address, long).json()
        assert answer["usage"]["completion_tokens"] == 9
        assert answer["usage"]["prompt_tokens"] > 64


@pytest.mark.parametrize("max_tokens", [62, 63, 256, 4096])
def test_more_tokens_than_there_is_room_for_are_capped_to_it(address, max_tokens):
    """Clients ask for 256 to 4,096 by default. The toy sees 64 tokens, one of them before the prompt."""
    body = {"max_tokens": max_tokens, "seed": 3, "temperature": 0.0}
    answer = ask(address, body).json()
    assert answer["usage"]["prompt_tokens"] == 1
    assert answer["usage"]["completion_tokens"] == 62
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("max_tokens", [33, 63, 256, 4096])
def test_a_truncated_prompt_keeps_half_of_the_context(address, max_tokens):
    for prompt in ("x " * 100, "x"):
        body = {"prompt": prompt, "max_tokens": max_tokens, "overflow": "truncate_left", "temperature": 0.0}
        answer = ask(address, body).json()
        room = 32 if len(prompt) > 1 else 62
        assert answer["usage"]["completion_tokens"] == min(max_tokens, room)
        assert answer["choices"][0]["finish_reason"] == "length"


def test_a_prompt_that_leaves_no_room_is_refused_and_counted_as_usage_counts_it(address):
    ids = [300] * 63
    for prompt, takes in ((ids, 63), ([0, *ids], 64)):
        for body in ({"max_tokens": 1}, {"max_tokens": 4096, "echo": True, "logprobs": 1}):
            error = assert_refused(ask(address, {"prompt": prompt} | body), 400, "prompt")
            assert error["code"] == "context_length_exceeded"
            assert error["message"].startswith(
                f"the prompt has {takes} tokens, and the context takes {takes}"
            )
        scored = ask(address, {"prompt": prompt, "max_tokens": 0, "echo": True, "logprobs": 1}).json()
        assert scored["usage"]["prompt_tokens"] == takes
    several = ask(address, {"prompt": [[1], ids]})
    assert assert_refused(several, 400, "prompt")["message"].startswith("prompt[1] has 63 tokens")


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (["a"] * 33, "stop: has 33 texts; at most 32"),
        ("", "stop: text 0 has 0 characters; 1 to 256 are possible"),
        (["a", "b" * 257], "stop: text 1 has 257 characters; 1 to 256 are possible"),
        ([1], "stop: must be a text or a list of texts"),
    ],
)
def test_what_is_wrong_with_stop_strings_is_named(address, stop, reason):
    assert assert_refused(ask(address, {"stop": stop}), 400, "stop")["message"] == reason


def test_32_stop_strings_are_taken(address):
    assert ask(address, {"stop": [f"{n}" for n in range(32)], "max_tokens": 1}).status_code == 200


def test_a_client_that_closes_its_connection_learns_why_its_body_is_refused():
    """Whatever it is refused for: a socket that is closed with unread data in it resets the connection."""
    body = b"x" * 32 * SETTINGS.max_body_bytes
    with serving(api_key=KEY, hosts=None) as address:
        host, port = address.removeprefix("http://").split(":")
        for key, status in ((KEY, 413), ("wrong", 401)):
            head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
            head += f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
            with socket.create_connection((host, int(port))) as client:
                client.sendall(head.encode() + body)
                assert client.recv(1000).startswith(b"HTTP/1.1 %d " % status)


def test_a_refused_body_that_has_been_read_is_not_waited_for(address, monkeypatch):
    # Reading beyond the end would wait for ever, and the client gives up.
    monkeypatch.setattr(gate, "_BODY_SECONDS", 10**6)
    answer = HTTP.post(f"{address}/v1/completions", content=b"{}", headers={"Content-Type": "text/plain"})
    assert_refused(answer, 400)


def test_head_is_answered_as_get_without_a_body(address):
    for path in ("/health", "/v1/models", "/v1/models/toy", "/metrics", "/openapi.json"):
        answer = HTTP.head(f"{address}{path}")
        assert (answer.status_code, answer.content) == (200, b"")
    assert HTTP.head(f"{address}/v1/completions").status_code == 405


def test_what_there_is_is_said_where_something_else_is_asked_for(address):
    chat = HTTP.post(f"{address}/v1/chat/completions", json={"messages": []})
    assert "POST /v1/completions" in assert_refused(chat, 404)["message"]
    assert "only POST" in assert_refused(HTTP.get(f"{address}/v1/completions"), 405)["message"]


@pytest.mark.parametrize(
    ("headers", "content", "told"),
    [
        ({"Content-Type": "text/plain"}, b'{"prompt": "x"}', "Content-Type is text/plain: send JSON"),
        ({}, b'{"prompt": "x"}', "Content-Type is missing"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"\x1f\x8b", "uncompressed"),
        (
            {"Content-Type": "application/json"},
            '{"prompt": "é"}'.encode("latin-1"),
            "not UTF-8: byte 0xe9 at position 12",
        ),
    ],
)
def test_a_body_that_is_not_plain_json_is_refused_with_its_reason(address, headers, content, told):
    answer = HTTP.post(f"{address}/v1/completions", content=content, headers=headers)
    assert told in assert_refused(answer, 400)["message"]


def test_how_far_the_start_is_is_shown_and_told():
    lines = []
    with serving(compile_ahead=True, show=lines.append) as address:
        health = HTTP.get(f"{address}/health").json()
    total = health["programs"]
    assert health == {"status": "ok", "compiled": total, "programs": total}
    assert lines == [*(f"compiling {number} of {total}" for number in range(1, total + 1)), "ready"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"prompt": NaN}',
        b"[" * 50_000,
        b"1" * 5000,
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "x", "\\udfff": 1}',
    ],
)
def test_what_is_no_request_is_refused(address, content):
    answer = HTTP.post(
        f"{address}/v1/completions", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_only_json_is_read(address):
    """A form or plain text is what another page's script can send without asking."""
    body = json.dumps({"prompt": "x"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        headers = {"Content-Type": kind} if kind else {}
        answer = HTTP.post(f"{address}/v1/completions", content=body, headers=headers)
        assert_refused(answer, 400)


def test_unknown_places_and_methods(address):
    assert_refused(HTTP.get(f"{address}/v1/engines"), 404)
    refused = HTTP.get(f"{address}/v1/completions")
    assert_refused(refused, 405)
    assert refused.headers["Allow"] == "POST"


def test_large_requests_are_refused_before_they_are_read(address):
    huge = b'{"prompt": "' + b"x" * SETTINGS.max_body_bytes + b'"}'

    def in_pieces():
        yield from (huge[i : i + 2**16] for i in range(0, len(huge), 2**16))

    for content in (huge, in_pieces()):
        answer = HTTP.post(
            f"{address}/v1/completions", content=content, headers={"Content-Type": "application/json"}
        )
        assert_refused(answer, 413)


def test_other_names_and_other_pages_are_turned_away(address):
    port = address.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "[", "a@localhost.b"):
        assert_refused(HTTP.get(f"{address}/v1/models", headers={"Host": host}), 403)
    for origin in ("http://evil.example", "null", "http://localhost:1", "http://["):
        assert_refused(HTTP.get(f"{address}/v1/models", headers={"Origin": origin}), 403)
    assert HTTP.get(f"{address}/v1/models", headers={"Host": f"LOCALHOST:{port}"}).status_code == 200
    own = HTTP.get(f"{address}/v1/models", headers={"Origin": address})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control")]


def test_a_key_is_asked_for():
    with serving(api_key=KEY, hosts=None) as address:
        for header in (
            {},
            {"Authorization": f"Bearer {KEY}x"},
            {"Authorization": KEY},
            {"Authorization": "é"},
        ):
            for path in ("/v1/models", "/metrics", "/v1/completions", "/nowhere"):
                refused = HTTP.get(
                    f"{address}{path}", headers=[(k.encode(), v.encode()) for k, v in header.items()]
                )
                assert_refused(refused, 401)
                assert refused.headers["WWW-Authenticate"] == "Bearer"
        given = {"Authorization": f"Bearer {KEY}", "Host": "any.example"}
        assert HTTP.get(f"{address}/v1/models", headers=given).status_code == 200
        assert HTTP.get(f"{address}/health").status_code == 200


def test_requests_that_take_too_long_are_ended():
    settings = dataclasses.replace(SETTINGS, queue_timeout=0.7, request_timeout=1.5)
    with serving(settings) as address:
        # Programs that are not compiled yet would take longer than the queue may.
        for n in (1, 4):
            until(lambda n=n: ask(address, ENDLESS | {"max_tokens": 40, "n": n}).status_code == 200)
        late = ask(address, ENDLESS, timeout=30)
        assert assert_refused(late, 504)["code"] == "timeout"
        until(lambda: metric(address, "codelm_running") == 0)
        with HTTP.stream(
            "POST", f"{address}/v1/completions", json=ENDLESS | {"stream": True, "n": 4}
        ) as rows:
            lines = rows.iter_lines()
            assert next(lines).startswith("data: ")
            assert assert_refused(ask(address, {}, timeout=30), 503)["code"] == "timeout"
            *_, last = (line for line in lines if line)
        assert json.loads(last.removeprefix("data: "))["error"]["code"] == "timeout"
        until(lambda: metric(address, "codelm_running") == metric(address, "codelm_waiting") == 0)


def test_scores_that_take_too_long_are_ended(monkeypatch):
    settings = dataclasses.replace(SETTINGS, queue_timeout=0.3)
    with serving(settings) as address:
        monkeypatch.setattr(completions, "score_prompt", lambda *_: time.sleep(0.6))
        late = ask(address, {"max_tokens": 0, "echo": True, "logprobs": 1}, timeout=30)
        assert assert_refused(late, 503)["code"] == "timeout"


def test_an_error_of_the_model_is_told_without_its_reasons(monkeypatch, capsys):
    with serving() as address:
        assert ask(address, {"max_tokens": 2}).status_code == 200

        def broken(*arguments, **more):
            raise RuntimeError("secret of the inside")

        with monkeypatch.context() as broken_programs:
            broken_programs.setattr(scheduler, "decode", broken)
            refused = ask(address, {"max_tokens": 9})
        assert_refused(refused, 500)
        assert "secret" not in refused.text
        assert ask(address, {"max_tokens": 9}).status_code == 200


def test_half_a_request_holds_nobody_up(address, monkeypatch):
    monkeypatch.setattr(gate, "_BODY_SECONDS", 0.3)
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        assert ask(address, {"max_tokens": 1}).status_code == 200
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def test_who_does_not_take_the_answer_loses_the_connection():
    async def stuck(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message["type"])

    sent = []
    limits = {"max_body_bytes": 10, "deadline": 0.05, "metrics": Metrics()}
    closed = Gate(stuck, paths=[], api_key=None, hosts=None, **limits)
    asyncio.run(closed({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send))
    assert sent == ["http.response.start"]


@pytest.mark.parametrize("key", ["", "short", "with a space in between", "ü" * 20])
def test_weak_keys_are_refused(tmp_path, monkeypatch, key):
    (tmp_path / "key").write_text(key, encoding="utf-8")
    with pytest.raises(access.UserError, match="--api_key_file"):
        access.read_api_key(str(tmp_path / "key"))
    monkeypatch.setenv(access.KEY_VARIABLE, key)
    with pytest.raises(access.UserError, match=access.KEY_VARIABLE):
        access.read_api_key(None)


def test_a_server_that_others_can_reach_needs_a_key():
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(access.UserError, match="--api_key_file"):
            access.allowed_hosts(host, None, [])
        assert access.allowed_hosts(host, KEY, []) is None
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        allowed = access.allowed_hosts(host, None, ["Box.local"])
        assert allowed is not None
        assert {"localhost", "box.local", host} <= allowed

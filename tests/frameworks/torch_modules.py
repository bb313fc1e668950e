"""Torch modules that can be imported, as a service's own are: what safetensors needs."""

from __future__ import annotations

import torch
from torch import nn


class Scorer(nn.Module):
    """A linear layer between a scale and a normalization that is no part of the state."""

    def __init__(self, width: int = 3, scale: float = 2.0) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2)
        self.scale = scale
        self.mean: torch.Tensor
        self.register_buffer("mean", torch.zeros(width), persistent=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Scores of shape (rows, 2)."""
        scores: torch.Tensor = self.linear((rows - self.mean) * self.scale)
        return scores

    def doubled(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Twice the scores, in a mapping."""
        return {"scores": 2 * self(rows)}


class AsksForGradients(nn.Module):
    """Says whether gradients are kept."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """One for yes, zero for no."""
        return torch.full_like(rows, torch.is_grad_enabled())


class TiedWords(nn.Module):
    """An embedding whose weights are those of the layer behind it, too."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(5, 4)
        self.back = nn.Linear(4, 5, bias=False)
        self.back.weight = self.words.weight

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Scores of each word for each place."""
        scores: torch.Tensor = self.back(self.words(words))
        return scores

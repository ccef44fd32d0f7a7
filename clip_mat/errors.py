"""Everything ``clip_mat`` raises on purpose.

ClipMatError
 +- CrystalError    a structure, or a file of structures, that is no ordered periodic crystal
 +- RequestError    a search or a filter that cannot be understood, or an index that cannot answer it
 +- TrainingError   training data, or a run to resume, that do not fit
 +- WeightsError    model weights that are missing, damaged or do not fit their configuration
"""

from __future__ import annotations


class ClipMatError(Exception):
    """Base class of every error that ``clip_mat`` raises on purpose."""


class CrystalError(ClipMatError):
    """A structure, or a file of structures, that is no ordered periodic crystal."""


class RequestError(ClipMatError):
    """A search or a filter that cannot be understood, or an index that cannot answer it."""


class TrainingError(ClipMatError):
    """Training data, or a run to resume, that do not fit."""


class WeightsError(ClipMatError):
    """Model weights that are missing, damaged or do not fit their configuration."""

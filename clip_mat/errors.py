"""Everything ``clip_mat`` raises on purpose.

ClipMatError
 +- WeightsError    model weights that are missing, damaged or do not fit their configuration
"""

from __future__ import annotations


class ClipMatError(Exception):
    """Base class of every error that ``clip_mat`` raises on purpose."""


class WeightsError(ClipMatError):
    """Model weights that are missing, damaged or do not fit their configuration."""

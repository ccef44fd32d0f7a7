"""Crystals by text: templates from an index, elements substituted, or pure noise denoised; checked and ranked."""

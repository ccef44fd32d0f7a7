"""Crystals and text in one space."""

"""Measurements against other systems; not part of the installed package."""

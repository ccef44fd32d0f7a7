"""The language of crystals: names, captions, and what a person's words mention."""

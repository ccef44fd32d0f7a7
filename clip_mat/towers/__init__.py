"""The two towers: crystals to vectors and texts to vectors, and what they share."""

"""Training two towers to agree: losses, exact large batches, several processes, and the loop around them."""

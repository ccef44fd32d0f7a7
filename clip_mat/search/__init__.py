"""From a question to compounds: requests, filters, indexes of materials."""

"""Two small programs that judge their own calls: docs/embedding.md walks through them."""

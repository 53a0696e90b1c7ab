"""The class networks in the stream: which image each of them sees, and what its answer becomes in an annotation."""

"""The novelty index as a service: built of `sosia.embeddings.v1`, stored under a URL, announced on `sosia.index.v1`."""

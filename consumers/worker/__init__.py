"""The annotating worker: `loop` polls and commits, `pipeline` decodes and infers ahead of it."""

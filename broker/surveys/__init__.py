"""One thin file an input format, behind the interface of `broker.surveys.survey`."""

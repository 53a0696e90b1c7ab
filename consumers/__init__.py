"""Everything that speaks Kafka, and the command line on top."""

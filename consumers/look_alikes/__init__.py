"""Look-alikes and novelties of files: the index without Kafka."""

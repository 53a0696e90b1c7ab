"""The science of one batch: packets in, annotations out. Imports no Kafka."""

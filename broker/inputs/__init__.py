"""Files that hold no alerts in Avro, read as if they did: images, and rows of Parquet."""

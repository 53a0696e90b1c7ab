"""Results of files, written to files: JSON lines, CSV, Parquet, or a report with pictures."""

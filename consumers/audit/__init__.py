"""The ledger's audit: a separate reader, which trusts no worker's counters."""

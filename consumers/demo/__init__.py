"""``sosia demo``: the whole system on one machine, on a simulated night or on packets from files."""

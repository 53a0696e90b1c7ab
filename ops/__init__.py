"""Real servers on this machine, for the demo and the tests: no Docker, no Java, no installation."""

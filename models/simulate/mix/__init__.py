"""The rare classes' stamps beside each other and beside ordinary ones: what the router before their networks sees."""

"""``sosia evaluate router``: what the router misses of what the class networks accept, and what it saves them."""

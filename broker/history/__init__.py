"""Where the earlier epochs of an object are kept, whichever worker saw them."""

"""The live page (`sosia page`): the newest annotations with their images, in a browser, without internet."""

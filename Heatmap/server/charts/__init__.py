"""The chart layer in browsers: each page has a layer and a feed of its own, over a websocket."""

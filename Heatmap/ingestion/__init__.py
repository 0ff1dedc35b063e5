"""From the exchange's messages to events: parsing, connections, tick sizes, the recorder thread."""

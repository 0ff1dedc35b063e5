"""What the routes answer, as plain data; each says how much of it was recorded.

One module for each kind of answer. `history_facts` is a part of that of `health`: days, datasets
and symbols that were imported, and a note where these cannot be used.
"""

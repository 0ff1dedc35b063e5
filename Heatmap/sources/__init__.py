"""Heat sources: what gives a picture its heat, and what there is to say of it."""

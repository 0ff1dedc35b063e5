"""Looks at imported days as they lie in the store, and says what is wrong or odd with them."""

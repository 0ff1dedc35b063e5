"""The plugin's version, alone in a module so that packaging can read it without importing more."""

__version__ = "1.0.0"

"""Keystead: a Canvas-compatible developer-key service."""

__version__ = "0.1.0"

from world import empty_installation, tx

__all__ = ["empty_installation", "tx"]

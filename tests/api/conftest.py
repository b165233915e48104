from world import empty_installation, world

__all__ = ["empty_installation", "world"]

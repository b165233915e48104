from world import tx

__all__ = ["tx"]

from oauth_bench import bench, shared_bench
from world import world

__all__ = ["bench", "shared_bench", "world"]

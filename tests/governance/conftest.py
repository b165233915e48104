from oauth_bench import bench, shared_bench

__all__ = ["bench", "shared_bench"]

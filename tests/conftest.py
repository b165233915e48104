"""What ends with a session of tests."""

from databases import stop_server


def pytest_sessionfinish() -> None:
    """Leave no server running."""
    stop_server()

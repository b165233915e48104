"""`make serve`: the sandbox LMS on a port of its own, and in front of it Keystead with the sample institution."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SIGN_INS = ("admin", "teacher", "student", "ta", "designer", "auditor")


def main() -> int:
    """Start both, say where they are, and stop both together."""
    os.chdir(ROOT)
    environment = dict(os.environ)
    host = environment.setdefault("KEYSTEAD_HOST", "127.0.0.1")
    port = int(environment.setdefault("KEYSTEAD_PORT", "8090"))
    environment.setdefault("KEYSTEAD_SAMPLE_DATA", "1")
    environment.setdefault("KEYSTEAD_SAMPLE_INTEGRATIONS", "1")
    environment.setdefault("KEYSTEAD_BOOTSTRAP_PASSWORD", "keystead-siteadmin")
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    url = environment.get("KEYSTEAD_PUBLIC_URL") or f"http://{reachable}:{port}"
    running = []
    if not environment.get("KEYSTEAD_UPSTREAM_URL"):
        sandbox_port = free_port()
        environment["KEYSTEAD_UPSTREAM_URL"] = f"http://127.0.0.1:{sandbox_port}"
        running.append(start_sandbox(environment, sandbox_port, f"http://{reachable}:{port}"))
    running.append(subprocess.Popen([sys.executable, "-m", "keystead.cli", "serve"], env=environment))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop(running))
    if not answers(f"http://{reachable}:{port}/readyz", running[-1]):
        stop(running)
        return 1
    announce(url, environment)
    status = running[-1].wait()
    stop(running)
    return 0 if status in (0, -signal.SIGINT, -signal.SIGTERM) else 1


def start_sandbox(environment: dict[str, str], port: int, keystead: str) -> subprocess.Popen[bytes]:
    """Start the sandbox LMS, which trusts only what Keystead has signed."""
    arguments = ["--port", str(port), "--jwks-url", f"{keystead}/login/oauth2/jwks"]
    paths = {**environment, "PYTHONPATH": str(ROOT / "examples")}
    return subprocess.Popen([sys.executable, "-m", "sandbox_lms", *arguments], env=paths, stdout=subprocess.DEVNULL)


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; False when it stopped instead."""
    for _ in range(300):
        if server.poll() is not None:
            return False
        try:
            with urllib.request.urlopen(url, timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def announce(url: str, environment: dict[str, str]) -> None:
    """Say what is running and who can sign in."""
    print(f"\nKeystead is ready: {url}\n")
    print(f"  console     {url}/")
    print(f"  API         {url}/api/v1/")
    print(f"  OAuth2      {url}/login/oauth2/auth")
    print(
        f"  LMS behind the gateway: {environment['KEYSTEAD_UPSTREAM_URL']} (reach it through {url}/api/v1/courses/101)"
    )
    print("\n  sign in as  password")
    print("  siteadmin   keystead-siteadmin   (Site Admin)")
    for login in SAMPLE_SIGN_INS:
        print(f"  {login:<11} keystead-{login}")
    print("\nStop with Ctrl-C. Data is kept under var/.\n", flush=True)


def stop(running: list[subprocess.Popen[bytes]]) -> None:
    """Stop what was started, the front first."""
    for process in reversed(running):
        if process.poll() is None:
            process.terminate()
    for process in reversed(running):
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())

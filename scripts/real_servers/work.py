"""What the modules of scripts/real-servers share: where things are, and the processes of servers."""

import os
import random
import signal
import socket
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(TOP, "scripts")
SOURCES = os.path.join(TOP, "test", "real-servers")
ENV = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
       "LC_ALL": "C"}


class Failed(Exception):
    """A server cannot be had, or what it shows is wrong. Ends that row, not the others."""


def say(text):
    print("real-servers: " + text, file=sys.stderr, flush=True)


def cache_folder():
    """For what is fetched or built once."""
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "gitfs-actor-servers")
    os.makedirs(folder, exist_ok=True)
    return folder


def free_port():
    """Below the range from which the kernel takes the ports of outgoing connections, so that it stays free."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def tail(path, size=1500):
    try:
        with open(path, "rb") as file:
            return file.read()[-size:].decode(errors="replace").strip()
    except OSError:
        return ""


class Process:
    """A server's process, in a group of its own; ended by close()."""

    def __init__(self, folder, name, command, **more):
        self.log = os.path.join(folder, name + ".out")
        self.name = name
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=out, stderr=out,
                                            start_new_session=True, **{"env": ENV, **more})

    def wait_for(self, holds, what, limit=60):
        end = time.monotonic() + limit
        while not holds():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with status {self.process.returncode}: {tail(self.log)}")
            if time.monotonic() > end:
                raise Failed(f"{self.name} has not {what} within {limit} seconds: {tail(self.log)}")
            time.sleep(0.05)
        return self

    def wait_for_port(self, port, limit=60):
        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        return self.wait_for(listens, f"opened port {port}", limit)

    def close(self):
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, kind)
            except ProcessLookupError:
                break
            try:
                self.process.wait(10)
                break
            except subprocess.TimeoutExpired:
                pass
        self.process.stdin.close()

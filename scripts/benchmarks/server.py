"""The git server beside which everything is measured, and what its log says of a row."""

import contextlib
import dataclasses
import os
import shutil
import subprocess
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(TOP, "scripts")
ENV = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0",
       "LC_ALL": "C"}


class Failed(Exception):
    """A row cannot be measured, or what it read is not what is there. Ends that row, not the others."""


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:3])} …: {done.stderr.decode(errors='replace').strip()[-500:]}")


def output(*command, **more):
    """What a command prints, as bytes."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:3])} …: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout


def line(*command):
    return output(*command).decode().strip()


@dataclasses.dataclass
class Request:
    start: float  # seconds since 1970
    bytes: int    # of the answer's body, as received by the client
    command: str  # info/refs, ls-refs, fetch, object-info


class Server:
    """Serves repositories under names of their own: BASE/NAME.git."""

    def __init__(self, folder, repositories):
        self.folder, self.root = os.path.join(folder, "server"), os.path.join(folder, "served")
        self.marks = self.offset = 0
        self.running = False
        os.makedirs(self.root)
        for name, path in repositories.items():
            self.serve(name, path)
        self.start()

    def serve(self, name, path):
        """The files of its packs are read, so that no row waits for the disk of the server."""
        link = os.path.join(self.root, name + ".git")
        if not os.path.islink(link):
            os.symlink(path, link)
        self.warm()

    def warm(self):
        for name in os.listdir(self.root):
            packs = os.path.join(self.root, name, "objects", "pack")
            for pack in os.listdir(packs):
                with open(os.path.join(packs, pack), "rb") as file:
                    while file.read(1 << 22):
                        pass

    def start(self):
        self.base = line(SCRIPTS + "/git-server", "start", "--dir", self.folder, "--root", self.root, "--owner",
                         str(os.getpid()))
        self.running = True

    def stop(self):
        self.running = False
        run(SCRIPTS + "/git-server", "stop", "--dir", self.folder)

    @contextlib.contextmanager
    def stopped(self):
        self.requests()
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def forge(self):
        """GitHub's REST API over the repositories below OWNER/ in `root`: its URL, and a function that gives the number of
        requests since it was called last."""
        state = os.path.join(self.folder, "forge")
        os.makedirs(state, exist_ok=True)
        program = os.path.join(TOP, "test", "forge", "forge_server.js")
        process = subprocess.Popen(["node", program, self.root, state], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        seen = 0

        def asked():
            nonlocal seen
            with open(os.path.join(state, "log")) as log:
                count = sum(1 for _ in log)
            count, seen = count - seen, count
            return count

        try:
            port, limit = os.path.join(state, "port"), time.monotonic() + 30
            while not os.path.exists(port):
                if process.poll() is not None or time.monotonic() > limit:
                    raise Failed("the forge server does not start (scripts/setup --test installs what it needs)")
                time.sleep(0.05)
            with open(port) as file:
                yield f"http://127.0.0.1:{int(file.read())}/api/v3", asked
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(state)

    def requests(self):
        """The requests since the last call."""
        if not self.running:
            return []
        self.marks += 1
        mark = f"/-/mark/{self.marks}"
        urllib.request.urlopen(self.base + mark).close()
        limit = time.monotonic() + 10
        while True:  # the log is written just after the answer
            with open(os.path.join(self.folder, "access.log"), errors="replace") as log:
                log.seek(self.offset)
                lines = [each.split("\t") for each in log.read().splitlines()]
                if any(each[2] == mark for each in lines if len(each) > 9):
                    self.offset = log.tell()
                    break
            if time.monotonic() > limit:
                raise Failed("the server's log does not show what it has answered")
            time.sleep(0.01)
        return [Request(float(each[0]) - float(each[6]), int(each[4]), each[7]) for each in lines if each[7] != "mark"]

"""Mounts for the length of a `with`: of gitfs-actor, and of the bare tree in memory."""

import json
import os
import shutil
import subprocess
import tempfile
import time

from benchmarks.server import Failed, line, run


class Mount:
    """Without `cache`, the cache folder is one of its own, which goes with the mount. `source` None: the options have a
    config file."""

    def __init__(self, bench, source, options=(), cache=None, path=None):
        self.bench, self.binary, self.path = bench, bench.binary, path or os.path.join(bench.folder, "mnt")
        self.own_cache = None if cache else tempfile.mkdtemp(prefix="cache-", dir=bench.folder)
        self.pid_file = os.path.join(bench.folder, "pid")
        self.command = [self.binary, "mount", "--cache-dir", cache or self.own_cache, "--pid-file", self.pid_file,
                        "--log-file", os.path.join(bench.folder, "log"), *options, "--", *([source] if source else []), self.path]

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        run(*self.command)
        self.ready = time.time()
        self.bench.mounted = self
        return self

    def __exit__(self, *_):
        self.bench.mounted = None
        run(self.binary, "unmount", self.path)
        if self.own_cache:
            shutil.rmtree(self.own_cache)

    def pid(self):
        with open(self.pid_file) as file:
            return int(file.read())

    def processor(self):
        """Seconds of processor time that the process of the mount has taken, by itself and in the kernel."""
        with open(f"/proc/{self.pid()}/stat") as file:
            fields = file.read().rpartition(")")[2].split()  # from the third on
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """(resident bytes now, at their peak)"""
        with open(f"/proc/{self.pid()}/status") as file:
            fields = dict(each.split(":", 1) for each in file)
        return tuple(int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))

    def settled(self):
        """Waits until the resident memory stays as it is: an unused mount gives memory back after some seconds."""
        last, since, limit = None, 0, time.monotonic() + 60
        while time.monotonic() < limit and (last is None or time.monotonic() - since < 8):
            now = self.memory()[0]
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.1)

    def stats(self):
        return json.loads(line(self.binary, "stats", "--json", self.path))


class MemoryTree:
    """test/tools/memory_tree.cpp, which shows a listing of `git ls-tree -r -t -l -z` from memory."""

    def __init__(self, bench, listing):
        self.program = bench.built_with_tests("memory_tree")
        self.path = os.path.join(bench.folder, "mnt")
        self.listing = os.path.join(bench.folder, "listing")
        with open(self.listing, "wb") as file:
            file.write(listing)

    def __enter__(self):
        os.makedirs(self.path, exist_ok=True)
        self.process = subprocess.Popen([self.program, self.listing, self.path])
        while not os.path.ismount(self.path):
            if self.process.poll() is not None:
                raise Failed("memory_tree does not mount")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        run("fusermount3", "-u", self.path)
        self.process.wait()

"""What a mount of one server shows and costs, beside a clone."""

import contextlib
import dataclasses
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

from . import manifest as manifests
from .servers import PASSWORD, USER
from .work import ENV, SCRIPTS, Failed

STEP = 1800  # seconds that one step may take
REPOSITORIES = {  # by what is asked for: the script that makes it
    "awkward": ["awkward-repository"],
    "small": ["awkward-repository", "--small"],
    "linux": ["linux-repository"],
}


@dataclasses.dataclass
class Result:
    about: str = ""
    capabilities: str = ""
    requests: dict = dataclasses.field(default_factory=dict)  # step -> number
    differences: int = 0
    errors: int = 0          # files and folders that could not be read
    log_lines: int = 0       # warnings and errors in the mounts' logs
    failure: str = ""        # what ended the row

    @property
    def good(self):
        return not (self.failure or self.differences or self.errors or self.log_lines)


class Expected:
    """A clone of a repository's main, and the files that are read alone."""

    def __init__(self, kind, folder):
        script, *arguments = REPOSITORIES[kind]
        self.repository = repository = subprocess.run([os.path.join(SCRIPTS, script), *arguments], stdout=subprocess.PIPE,
                                                      check=True, text=True).stdout.strip()
        self.name = os.path.basename(repository)
        clone = os.path.join(folder, "clone-" + self.name)
        subprocess.run(["git", "clone", "-q", "--shared", "--branch", "main", repository, clone], env=ENV, check=True,
                       umask=0o022)
        self.manifest = manifests.manifest(clone)
        files = sorted(os.path.relpath(os.path.join(at, name), os.fsencode(clone)) for at, _, names in os.walk(os.fsencode(clone))
                       if b"/.git" not in at for name in names if b"/large" not in at
                       and not os.path.islink(os.path.join(at, name)))
        self.files = random.Random(1).sample(files, 30)
        shutil.rmtree(clone)


def origin(endpoint):
    return re.match(r"https?://[^/]+/", endpoint.base).group(0)


class Counter:
    """Requests in a server's log."""

    def __init__(self, endpoint):
        self.endpoint, self.seen, self.marks = endpoint, 0, 0

    def take(self):
        """Requests since the last call, once nothing more comes: a mount fetches ahead of its reader."""
        count = self.settled()
        while (again := self.settled()) != count:
            count = again
        taken, self.seen = count - self.seen, count
        return taken

    def settled(self):
        time.sleep(0.3)
        self.marks += 1
        mark = f"-mark-{self.marks}-"
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(origin(self.endpoint) + mark, timeout=60).close()
        end = time.monotonic() + 30
        while True:  # a log may be written behind the answer: lighttpd's is after some seconds
            with open(self.endpoint.log, errors="replace") as file:
                text = file.read()
            if mark in text:
                return sum(1 for each in text.splitlines() if "-mark-" not in each)
            if time.monotonic() > end:
                raise Failed(f"the server's log {self.endpoint.log} does not show what it has answered")
            time.sleep(0.1)


class Mount:
    def __init__(self, binary, source, folder):
        """`source` is a URL, or of a forge (kind, base URL, path below it)."""
        os.makedirs(folder)
        self.binary, self.point, self.log = binary, os.path.join(folder, "mount"), os.path.join(folder, "log")
        self.root, what = self.point, [source, self.point]
        os.makedirs(self.point)
        if isinstance(source, tuple):
            kind, url, path = source
            with open(os.path.join(folder, "config.json"), "w") as file:
                json.dump({"tree": {"forge": {"host": kind, "url": url}}}, file)
            self.root, what = os.path.join(self.point, "forge", path), ["--config", file.name, self.point]
        done = subprocess.run(
            [binary, "mount", "--cache-dir", folder + "/cache", "--log-file", self.log, "--log-level", "info", *what],
            env={**ENV, "HOME": folder, "XDG_STATE_HOME": folder}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=STEP)
        if done.returncode != 0 or not os.path.ismount(self.point):
            said = done.stdout.decode(errors="replace").strip().splitlines()
            raise Failed("does not mount: " + (said[-1] if said else f"exit status {done.returncode}"))

    def run(self, *command):
        """Its output. A mount that hangs ends the row: nothing in it is waited for."""
        try:
            return subprocess.run(command, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=STEP)
        except subprocess.TimeoutExpired:
            raise Failed(f"`{os.path.basename(command[0])}` in the mount takes more than {STEP} s") from None

    def complaints(self):
        with open(self.log, errors="replace") as file:
            return [each for each in file.read().splitlines() if re.match(r"\S+ (warning|error|critical) ", each)]

    def close(self):
        done = subprocess.run([self.binary, "unmount", self.point], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            subprocess.run(["fusermount3", "-uz", self.point], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def capabilities(endpoint, name):
    """What the server says it can, without what says nothing of filters and sizes."""
    url = f"{endpoint.base}{name}/info/refs?service=git-upload-pack"
    opener = urllib.request.build_opener()
    if endpoint.password:
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, url, USER, PASSWORD)
        opener = urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(passwords))
    with opener.open(urllib.request.Request(url, headers={"Git-Protocol": "version=2"}), timeout=60) as answer:
        data = answer.read()
    lines, at = [], 0
    while at + 4 <= len(data):
        size = int(data[at:at + 4], 16)
        if size > 4:
            lines.append(data[at + 4:at + size].decode(errors="replace").strip())
        at += max(size, 4)
    if "version 2" not in lines:
        return "no protocol v2"
    return ", ".join(each for each in lines if each.startswith(("fetch", "object-info")))


def measure(binary, endpoint, expected, folder, result):
    url = endpoint.base + expected.name
    if endpoint.password:
        url = url.replace("://", f"://{USER}:{PASSWORD}@", 1)
    if endpoint.forge:
        base = origin(endpoint)
        url = endpoint.forge, base.rstrip("/"), url.removeprefix(base).removesuffix(".git")
    result.capabilities = capabilities(endpoint, expected.name)
    counter = Counter(endpoint)
    counter.take()

    @contextlib.contextmanager
    def mounted(name):
        at = os.path.join(folder, name)
        mount = Mount(binary, url, at)
        try:
            yield mount
        finally:
            result.log_lines += len(mount.complaints())
            mount.close()
            shutil.rmtree(os.path.join(at, "cache"), ignore_errors=True)

    def read(mount, paths):
        for path in paths:
            done = mount.run("cat", "--", os.path.join(os.fsencode(mount.root), path))
            result.errors += done.returncode != 0

    with mounted("ls") as mount:
        result.errors += mount.run("ls", mount.root).returncode != 0
        result.requests["mount, `ls`"] = counter.take()
        read(mount, expected.files[:1])
        result.requests["a file"] = counter.take()
    with mounted("files") as mount:
        counter.take()
        read(mount, expected.files)
        result.requests["30 files"] = counter.take()
        if result.errors:  # a walk over thousands of errors would say no more, and take an hour
            raise Failed(next(iter(mount.complaints()), "files cannot be read, and the log says nothing of it"))
    with mounted("find") as mount:
        found = mount.run("find", mount.root, "-ls")
        result.errors += found.stderr.count(b"\n")
        result.requests["mount, `find -ls`"] = counter.take()
        shown = mount.run(sys.executable, "-B", manifests.__file__, mount.root).stdout.decode().splitlines()
        result.requests["reading all after it"] = counter.take()
        difference = set(shown) ^ set(expected.manifest)
        result.differences = len({each.split(" ")[0] for each in difference})
        result.errors += sum(1 for each in shown if re.search(r" (error|opendir): ", each))
        if not result.good:
            result.failure = result.failure or next(iter(mount.complaints()), "") or next(iter(sorted(difference)), "")

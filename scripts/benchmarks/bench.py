"""One run of the benchmarks: its server, what is measured of a row, and the workloads that several rows share."""

import os
import resource
import shutil
import subprocess
import time

from benchmarks.mount import Mount
from benchmarks.server import ENV, Failed, Server, output, run
from benchmarks.tree import Tree


def of_programs():
    """Processor time of all programs that were run so far and have ended. Daemons are not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Sample:
    """One measurement, from its making to stop(). Requests are counted until counted()."""

    def __init__(self, server, mount=None):
        """`mount`: one that runs already."""
        self.server = server
        self.memory = self.peak = self.ahead = self.unused = self.processor = None
        self.requests = self.bytes = self.after_mount = self.mounted = None
        os.sync()  # what rows before have written is not this one's to wait for
        server.requests()
        self.of_mount = mount.processor() if mount else 0.0  # of one that begins later it is all its own
        self.programs = of_programs()
        self.start = time.monotonic()

    def stop(self, mount=None):
        self.seconds = time.monotonic() - self.start
        self.processor = of_programs() - self.programs if mount is None else mount.processor() - self.of_mount
        if mount is not None:
            self.mounted = mount.ready
            self.memory, self.peak = mount.memory()
            stats = mount.stats()
            if "prefetch.blob_bytes" in stats:
                self.ahead = stats["prefetch.blob_bytes"]
                self.unused = self.ahead - stats["prefetch.used_bytes"]
        return self

    def counted(self):
        if self.requests is None:
            requests = self.server.requests()
            self.requests, self.bytes = len(requests), sum(each.bytes for each in requests)
            if self.mounted:
                self.after_mount = sum(each.start > self.mounted for each in requests)


def expect(found, wanted, what):
    if found != wanted:
        raise Failed(f"{what}: {found}, but there are {wanted}")


def drop_caches():
    """The kernel's, so that it forgets all inodes."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3")
    except PermissionError as error:
        raise Failed("only root can drop the kernel's caches") from error


class Bench:
    def __init__(self, binary, repository, modifiers, folder):
        self.folder, self.binary, self.modifiers = folder, binary, modifiers
        self.tree = Tree(repository)
        self.mounted = None  # the mount that runs now
        self.server = Server(folder, {"tree": repository})

    def url(self, modifiers="", name="tree"):
        parts = [self.server.base, self.modifiers, modifiers, name + ".git"]
        return "/".join(part.strip("/") for part in parts if part)

    def fresh(self, name):
        """A path where nothing is any more. Not while a sample is taken: removing a tree takes time."""
        path = os.path.join(self.folder, name)
        shutil.rmtree(path, ignore_errors=True)
        return path

    def sample(self):
        return Sample(self.server, self.mounted)

    def mount(self, modifiers="", *options, name="tree", cache=None, path=None):
        """With a cache of its own, if no other is named."""
        return Mount(self, self.url(modifiers, name), options, cache, path)

    def built_with_tests(self, name):
        """Path of a program of test/tools."""
        program = os.path.join(os.path.dirname(self.binary), name)
        if not os.access(program, os.X_OK):
            raise Failed(f"{program} is missing: it is built with the tests (cmake --build build)")
        return program

    def list_top(self, path, tree=None):
        expect(output("ls", "-A", path).count(b"\n"), (tree or self.tree).at_top, "ls shows entries")

    def walk(self, path, entries=None):
        with subprocess.Popen(["find", path, "-ls"], stdout=subprocess.PIPE, env=ENV) as find:
            count = sum(chunk.count(b"\n") for chunk in iter(lambda: find.stdout.read1(1 << 16), b""))
        expect(count, entries or self.tree.entries, "find shows entries")
        expect(find.returncode, 0, "exit status of find")

    def read_all(self, path):
        # Through a pipe: to /dev/null, tar would not read the files.
        pipe = f"set -o pipefail; tar -cf - -C '{path}' . | wc -c"
        read = int(output("/bin/bash", "-c", pipe))
        if read < self.tree.size:
            raise Failed(f"tar reads {read} bytes of {self.tree.size}")

    def clone(self, target, *options, modifiers=""):
        run("git", "clone", "-q", "--depth", "1", *options, self.url(modifiers), target)
        return target

    def blobless(self, target, modifiers=""):
        return self.clone(target, "--filter=blob:none", "--no-checkout", modifiers=modifiers)

    def read_files(self, contents, *command):
        """Reads each with a process of its own; the command's last word ends where the path begins."""
        for path, wanted in contents.items():
            if output(*command[:-1], command[-1] + path) != wanted:
                raise Failed(f"{path} is read with other contents than it has")

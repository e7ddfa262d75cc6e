"""What a repository holds, from git itself: the measure of a row having read everything, and where rows read."""

import collections
import os
import random

from benchmarks.server import line, output


class Tree:
    """The tree of HEAD, or of a folder in it. Paths are str, as os.fsdecode gives them."""

    def __init__(self, repository, folder=""):
        self.repository = repository
        self.commit = line("git", "-C", repository, "rev-parse", "HEAD")
        self.listing = output("git", "-C", repository, "ls-tree", "-r", "-t", "-l", "-z",
                              "HEAD:" + folder if folder else "HEAD")
        self.size = 0
        self.at_top = 0
        self.files = []                            # regular files
        self.in_folder = collections.Counter()     # by folder: regular files, not those below
        self.below = collections.Counter()         # by folder: entries at any depth below it
        self.folders_below = collections.Counter()
        rows = [each.split(b"\t", 1) for each in self.listing.split(b"\0")[:-1]]
        self.entries = len(rows) + 1  # and the top
        self.leaves = 0  # what is no folder
        for about, path in rows:
            mode, kind, _, size = about.split()
            path = os.fsdecode(path)
            parent = os.path.dirname(path)
            self.at_top += not parent
            self.leaves += kind != b"tree"
            if kind == b"blob":
                self.size += int(size)
                if mode != b"120000":
                    self.files.append(path)
                    self.in_folder[parent] += 1
            while True:
                self.below[parent] += 1
                self.folders_below[parent] += kind == b"tree"
                if not parent:
                    break
                parent = os.path.dirname(parent)

    def folder(self, files):
        """The folder of nearest that many files, and nothing else in it; its files."""
        plain = [name for name, count in self.in_folder.items() if self.below[name] == count and name]
        found = min(plain, key=lambda name: (abs(self.in_folder[name] - files), name))
        return found, [path for path in self.files if os.path.dirname(path) == found]

    def subtree(self, folders):
        """The folder with nearest that many folders below it."""
        return min((name for name in self.folders_below if name),
                   key=lambda name: (abs(self.folders_below[name] - folders), name))

    def some_files(self, count):
        return random.Random(1).sample(sorted(self.files), min(count, len(self.files)))

    def contents(self, paths):
        """By path."""
        wanted = b"".join(b"HEAD:%s\n" % os.fsencode(path) for path in paths)
        answer = output("git", "-C", self.repository, "cat-file", "--batch", input=wanted)
        out, at = {}, 0
        for path in paths:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[2])
            out[path] = answer[end + 1:end + 1 + size]
            at = end + 2 + size
        return out

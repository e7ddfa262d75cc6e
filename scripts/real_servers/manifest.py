"""What a folder shows, as lines that can be compared: type, mode, size, bytes, link target of everything in it.

As a program, `manifest.py FOLDER` prints them: a mount that hangs can then be left behind.
"""

import hashlib
import os
import stat
import sys


def printable(path):
    return "".join(chr(c) if 32 < c < 127 and c != 92 else f"\\x{c:02x}" for c in path)


def content(path):
    """Until its end, not only as far as stat says: a size that is too small would go unnoticed."""
    digest, length = hashlib.sha1(), 0
    with open(path, "rb", buffering=0) as file:
        while part := file.read(1 << 20):
            digest.update(part)
            length += len(part)
    return f"{length} bytes, {digest.hexdigest()}"


def kind_differs(entry, mode):
    """readdir and stat must tell the same kind. is_dir(follow_symlinks=False) is what readdir said, without a stat."""
    return (entry.is_symlink(), entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)) != (
        stat.S_ISLNK(mode), stat.S_ISDIR(mode), stat.S_ISREG(mode))


def walk(folder, prefix):
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        yield f"{printable(prefix)} opendir: {error.strerror}"
        return
    for entry in entries:
        name = prefix + entry.name
        if name == b".git":
            continue
        line = printable(name)
        try:
            status = os.lstat(entry.path)
            line += f" {status.st_mode:06o}"
            if kind_differs(entry, status.st_mode):
                line += " but readdir says another type"
            if stat.S_ISLNK(status.st_mode):
                line += f" {status.st_size} -> {printable(os.readlink(entry.path))}"
            elif stat.S_ISREG(status.st_mode):
                line += f" {status.st_size} {content(entry.path)}"
        except OSError as error:
            yield f"{line} error: {error.strerror}"
            continue
        yield line
        if stat.S_ISDIR(status.st_mode):
            yield from walk(entry.path, name + b"/")


def manifest(folder):
    sys.setrecursionlimit(10_000)
    return sorted(walk(os.fsencode(folder), b""))


if __name__ == "__main__":
    print("\n".join(manifest(sys.argv[1])))

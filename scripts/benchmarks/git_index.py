"""A git index of a mount, as `git status` leaves one, made without reading any file."""

import hashlib
import os
import struct

from benchmarks.server import run


def write_index(tree, mount, git_dir):
    """`git_dir` becomes a repository with the objects of `tree` and an index that has what lstat says in the mount. So
    git finds that no file has changed, and reads none."""
    run("git", "init", "-q", "--bare", git_dir)
    with open(os.path.join(git_dir, "objects", "info", "alternates"), "w") as file:
        file.write(os.path.join(tree.repository, "objects") + "\n")
    run("git", "--git-dir", git_dir, "update-ref", "HEAD", tree.commit)
    files = []
    for row in tree.listing.split(b"\0")[:-1]:
        about, path = row.split(b"\t", 1)
        mode, kind, sha, _ = about.split()
        if kind == b"blob":
            files.append((path, int(mode, 8), bytes.fromhex(sha.decode())))
    parts = [struct.pack(">4sLL", b"DIRC", 2, len(files))]
    for path, mode, sha in sorted(files):
        found = os.lstat(os.path.join(os.fsencode(mount), path))
        entry = struct.pack(">10L20sH", *divmod(found.st_ctime_ns, 10**9), *divmod(found.st_mtime_ns, 10**9),
                            found.st_dev & 0xffffffff, found.st_ino & 0xffffffff, mode, found.st_uid, found.st_gid,
                            found.st_size, sha, min(len(path), 0xfff)) + path
        parts += [entry, b"\0" * (8 - len(entry) % 8)]
    data = b"".join(parts)
    with open(os.path.join(git_dir, "index"), "wb") as file:
        file.write(data + hashlib.sha1(data).digest())

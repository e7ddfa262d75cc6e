"""What the scripts that make test repositories share: where they go, and that they appear whole or not at all."""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys

TIME = 1700000000

# Fixed identity and none of the user's settings: the same input must give the same object ids everywhere.
ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": f"{TIME} +0000",
    "GIT_COMMITTER_DATE": f"{TIME} +0000",
    "LC_ALL": "C",
}


def committer(time=TIME):
    return b"committer A <a@example.org> %d +0000\n" % time


def quoted(path):
    """A path as git fast-import takes any bytes: in quotes, with backslash escapes."""
    return b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def git(dest, *arguments, stdin=None):
    done = subprocess.run(["git", "-C", dest, *arguments], input=stdin, stdout=subprocess.PIPE, env=ENV, check=True)
    return done.stdout


def git_init(dest):
    git(".", "init", "-q", "--bare", "--initial-branch=main", dest)


def pack(dest):
    """Packed, as servers keep repositories: from loose objects a server has to compress every answer again. With a
    reverse index, as git since 2.41 does by itself: without it, git computes one for each request."""
    git(dest, "-c", "gc.auto=0", "-c", "pack.writeReverseIndex=true", "gc", "-q", "--prune=now")


def need(path, remedy):
    if not os.path.exists(path):
        sys.exit(f"{os.path.basename(sys.argv[0])}: {path} is missing: {remedy}")


def folder():
    if chosen := os.environ.get("GITFS_FIXTURES"):
        return os.path.abspath(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(cache, "gitfs-actor-fixtures")


def main(text, name, version, build):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dest", nargs="?", help="where the repository goes")
    dest = parser.parse_args().dest
    make(os.path.abspath(dest) if dest else os.path.join(folder(), name), version, build)


def make(dest, version, build):
    """Calls build(temporary folder) and renames its result to dest, unless dest was made by this version before. Only
    one process builds; others wait for it. Prints dest."""
    stamp = os.path.join(dest, "gitfs-fixture")
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    with open(dest + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (os.path.exists(stamp) and open(stamp).read() == version):
            if os.path.exists(dest) and not os.path.exists(stamp):
                sys.exit(f"{dest} exists and was not made by this script: name another folder")
            temporary = dest + ".new"
            shutil.rmtree(temporary, ignore_errors=True)
            build(temporary)
            with open(os.path.join(temporary, "gitfs-fixture"), "w") as out:
                out.write(version)
            shutil.rmtree(dest, ignore_errors=True)
            os.rename(temporary, dest)
    print(dest)

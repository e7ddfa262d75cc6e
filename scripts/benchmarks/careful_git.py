"""What a careful user of git does for the same: few requests, made by hand. Newest git, from scripts/newest-git."""

import os
import shutil

from benchmarks.bench import expect
from benchmarks.server import SCRIPTS, output, run

FAR = "d50"  # every answer of the server comes 50 ms later
GIT = SCRIPTS + "/newest-git"


def clone(b, *options):
    """Blobless, of one commit, with nothing checked out."""
    target = b.fresh("careful")
    run(GIT, "clone", "-q", "--depth", "1", "--filter=blob:none", *options, b.url(FAR), target)
    return target


def lines(paths, before=""):
    return b"".join(os.fsencode(before + path) + b"\n" for path in paths)


def reading_named(b):
    """Both know the names: 30 files, wherever they are."""
    files = b.tree.contents(b.tree.some_files(30))
    target = clone(b, "--no-checkout")
    sample = b.sample()
    run(GIT, "-C", target, "sparse-checkout", "set", "--no-cone", "--stdin", input=lines(files, "/"))
    run(GIT, "-C", target, "checkout", "-q")
    b.read_files(files, "cat", target + "/")
    yield "sparse-named", sample.stop()
    with b.mount(FAR) as mount:
        sample = b.sample()
        run(b.binary, "prefetch", "-", input=lines(files), cwd=mount.path)
        b.read_files(files, "cat", mount.path + "/")
        yield "prefetch-named", sample.stop(mount)


def folder_with_contents(b):
    folder = b.tree.subtree(folders=200)
    return folder, b.tree.contents([path for path in b.tree.files if path.startswith(folder + "/")])


def grepped(b, target, folder, files):
    """In the object database: nothing is checked out. Promised objects that are missing would be fetched one by one."""
    found = output(GIT, "-C", target, "grep", "--text", "-l", "-e", "^", "HEAD", "--", folder).count(b"\n")
    expect(found, sum(1 for data in files.values() if data), "git grep finds the files with a line")


def working_in_a_folder(b):
    """From nothing to the whole of a folder, as it is meant to be done with git."""
    folder, files = folder_with_contents(b)
    sample = b.sample()
    target = clone(b, "--sparse")
    run(GIT, "-C", target, "sparse-checkout", "set", folder)
    expect(len(output("tar", "cf", "-", folder, cwd=target)) > sum(map(len, files.values())), True, "tar packs all bytes")
    yield "sparse-tar", sample.stop()

    sample = b.sample()
    target = clone(b, "--no-checkout")
    run(GIT, "-C", target, "sparse-checkout", "set", folder)
    run(GIT, "-C", target, "backfill", "--sparse")
    grepped(b, target, folder, files)
    yield "backfill-grep", sample.stop()

    sample = b.sample()
    target = clone(b, "--no-checkout")
    ids = output(GIT, "-C", target, "ls-tree", "-r", "--format=%(objectname)", "HEAD", folder)
    # What git itself says when it fetches what was promised.
    run(GIT, "-C", target, "-c", "fetch.negotiationAlgorithm=noop", "fetch", "-q", "origin", "--no-tags", "--no-write-fetch-head",
        "--recurse-submodules=no", "--filter=blob:none", "--stdin", input=ids)
    grepped(b, target, folder, files)
    yield "fetch-grep", sample.stop()

    # scalar notes what it clones in git's global configuration; and git, as root, replaces /dev/null by a file for that.
    target, own = b.fresh("scalar"), "GIT_CONFIG_GLOBAL=" + b.fresh("gitconfig")
    sample = b.sample()
    run("env", own, GIT, "--scalar", "clone", "--single-branch", "--no-src", "--no-maintenance", b.url(FAR), target)
    run(GIT, "-C", target, "sparse-checkout", "set", folder)
    expect(len(output("tar", "cf", "-", folder, cwd=target)) > sum(map(len, files.values())), True, "tar packs all bytes")
    yield "scalar-tar", sample.stop()
    shutil.rmtree(target)

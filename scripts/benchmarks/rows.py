"""The rows: what is done, what it is compared with, and what is aimed at. A scenario measures the rows that follow from
one another; it is ended after the last one that is wanted."""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time

from benchmarks import careful_git
from benchmarks.bench import drop_caches, expect
from benchmarks.git_index import write_index
from benchmarks.mount import MemoryTree, Mount
from benchmarks.server import ENV, SCRIPTS, Failed, line, output, run
from benchmarks.table import OTHER_BUILD, Aim, Row
from benchmarks.tree import Tree

FAR = "d50"          # every answer of the server comes 50 ms later
PLAIN = "noobjinfo"  # no object-info, as on most servers: a size is known when the contents are
KINDS = {"github": "github", "gerrit": "gerrit", "gerrit-plain": "gerrit/noobjinfo"}  # of servers, by their modifiers

# ---- scenarios ----

def cloning(b):
    target = b.fresh("clone")
    sample = b.sample()
    b.clone(target)
    sample.stop()
    expect(output("git", "-C", target, "ls-files", "-z").count(b"\0"), b.tree.leaves, "the clone has files")
    yield "clone", sample
    os.rename(os.path.join(target, ".git"), b.fresh("clone.git"))
    b.walk(target)
    b.walk(target)
    sample = b.sample()
    b.walk(target)
    yield "checkout-find", sample.stop()
    b.read_all(target)
    sample = b.sample()
    b.read_all(target)
    yield "checkout-tar", sample.stop()


def cloning_blobless(b):
    target = b.fresh("blobless")
    sample = b.sample()
    b.blobless(target)
    sample.stop()
    entries = output("git", "-C", target, "ls-tree", "-r", "-t", "-z", "HEAD").count(b"\0")
    expect(entries + 1, b.tree.entries, "the clone lists entries")
    yield "clone-blobless", sample


def listing(b):
    cache = b.fresh("cache")
    for key in ("mount-ls", "remount-ls"):
        sample = b.sample()
        with b.mount(cache=cache) as mount:
            b.list_top(mount.path)
            sample.stop(mount)
        yield key, sample


def pushed_commit(repository, path, data):
    """Pushes one changed file to the bare repository. The id of the new commit."""
    branch = line("git", "-C", repository, "symbolic-ref", "HEAD")
    commit = (f"commit {branch}\ncommitter A <a@example.org> now\ndata 0\nfrom {branch}^0\n"
              f"M 100644 inline {path}\ndata {len(data)}\n").encode() + data
    run("git", "-C", repository, "fast-import", "--quiet", "--date-format=now", input=commit)
    return line("git", "-C", repository, "rev-parse", branch)


def listing_new_commit(b):
    """As a job does that keeps its cache folder."""
    repository, cache = b.fresh("renewed"), b.fresh("cache")
    run("git", "clone", "-q", "--bare", "--shared", b.tree.repository, repository)
    b.server.serve("renewed", repository)
    with b.mount(FAR, "--ref", b.tree.commit, name="renewed", cache=cache) as mount:
        b.list_top(mount.path)
    commit = pushed_commit(repository, b.tree.some_files(1)[0], b"pushed\n")
    sample = b.sample()
    with b.mount(FAR, "--ref", commit, name="renewed", cache=cache) as mount:
        b.list_top(mount.path)
        yield "renewed-ls", sample.stop(mount)


def walking(b):
    cache = b.fresh("cache")
    sample = b.sample()
    with b.mount(cache=cache) as mount:
        b.walk(mount.path)
        yield "mount-find", sample.stop(mount)
        b.walk(mount.path)
        sample = b.sample()
        b.walk(mount.path)
        yield "warm-find", sample.stop(mount)
    with b.server.stopped():
        walk, sample = b.sample(), b.sample()
        with b.mount("", "--ref", b.tree.commit, cache=cache) as mount:
            walk.start = time.monotonic()
            b.walk(mount.path)
            walk.stop(mount)
            sample.stop(mount)
            # Asked of the mount, because a server that does not run counts nothing.
            for each in (sample, walk):
                each.requests = each.after_mount = mount.stats()["upstream.requests"]
                each.bytes = 0
    yield "remount-find", sample
    yield "stored-find", walk


def tracing(b):
    """In turn, and of each the fastest: what is looked for is smaller than what else the machine does."""
    cache, best = b.fresh("cache"), {}
    with b.mount(cache=cache) as mount:
        b.walk(mount.path)
    trace = b.fresh("trace")
    ways = {"untraced-find": ["--trace-memory", "0"], "traced-find": ["--trace-memory", "4M"],
            "recorded-find": ["--trace", trace, "--trace-size", "4G"]}
    for _ in range(5):
        for key, options in ways.items():
            with b.mount("", "--ref", b.tree.commit, *options, cache=cache) as mount:
                sample = b.sample()
                b.walk(mount.path)
                sample.stop(mount)
            if key not in best or sample.seconds < best[key].seconds:
                best[key] = sample
    yield from best.items()
    sample = b.sample()
    said = line(b.binary, "replay", trace)
    sample.stop()
    expect(said.partition("; ")[0].endswith("all as recorded"), True, said)
    sample.requests, sample.bytes = 0, os.path.getsize(trace)
    yield "replay", sample


def recording(b):
    """No mount: what each message of one costs more than it would."""
    program = b.built_with_tests("recording_cost")
    costs = {each["threads"]: each["cost"] for each in map(json.loads, line(program).splitlines())}
    for key, threads in (("recording", 1), ("recording-two", 2)):
        sample = b.sample()
        sample.seconds = costs[threads] / 1e9
        yield key, sample


def walking_memory(b):
    with MemoryTree(b, b.tree.listing) as tree:
        sample = b.sample()
        b.walk(tree.path)
        yield "memory-tree", sample.stop()


def walking_far(b):
    sample = b.sample()
    with b.mount(FAR) as mount:
        b.walk(mount.path)
        yield "mount-find-far", sample.stop(mount)


def looking_up(b):
    """git looks every file up by its name, from several threads, and lists no folder."""
    git_dir = b.fresh("index.git")
    with b.mount() as mount:
        b.walk(mount.path)
        write_index(b.tree, mount.path, git_dir)
    sample = b.sample()
    with b.mount(FAR) as mount:
        changed = output("git", "--git-dir", git_dir, "--work-tree", mount.path, "status", "-uno", "--porcelain")
        sample.stop(mount)
    expect(changed, b"", "changed files")
    yield "git-status", sample


def walking_plain(b):
    sample = b.sample()
    with b.mount(PLAIN) as mount:
        b.walk(mount.path)
        yield "mount-find-plain", sample.stop(mount)


def listing_folder_plain(b):
    folder, files = b.tree.folder(files=50)
    sample = b.sample()
    with b.mount(PLAIN) as mount:
        lines = output("ls", "-lA", os.path.join(mount.path, folder)).count(b"\n")
        sample.stop(mount)
        expect(lines, len(files) + 1, f"ls -l of {folder} prints lines")
    yield "ls-folder", sample


def reading_all(b):
    sample = b.sample()
    with b.mount() as mount:
        b.read_all(mount.path)
        yield "mount-tar", sample.stop(mount)
        sample = b.sample()
        b.read_all(mount.path)
        yield "warm-tar", sample.stop(mount)


def searching(b):
    folder, files = b.tree.folder(files=500)
    contents = b.tree.contents(files)
    lines = {path: data.count(b"\n") + (data[-1:] not in (b"", b"\n")) for path, data in contents.items()}
    sample = b.sample()
    with b.mount(FAR) as mount:
        found = output("grep", "-rc", "^", folder, cwd=mount.path)
        sample.stop(mount)
        pairs = (os.fsdecode(each).rsplit(":", 1) for each in found.splitlines())
        expect({path: int(count) for path, count in pairs} == lines, True, "grep finds the lines that there are")
    yield "grep", sample


def reading_in_any_order(b):
    """The same folder by programs that go through it in orders of their own, each from a cold cache."""
    folder = b.tree.subtree(folders=200)
    contents = b.tree.contents([path for path in b.tree.files if path.startswith(folder + "/")])
    size = sum(map(len, contents.values()))
    lists = {"tac": reversed(list(contents)), "shuffled": random.Random(1).sample(list(contents), len(contents))}

    def cat(mount, names, *how):
        output("find", folder, cwd=mount.path)
        found = output("xargs", "-0", *how, "cat", input=b"\0".join(map(os.fsencode, names)), cwd=mount.path)
        expect(len(found), size, "cat prints bytes")

    def search(mount):
        found = output("rg", "-uu", "-l", "--text", "^", folder, cwd=mount.path).splitlines()
        expect({os.fsdecode(path) for path in found}, {path for path, data in contents.items() if data},
               "rg finds every file with a line")

    def copy(mount):
        target = b.fresh("copy")
        run("cp", "-r", folder, target, cwd=mount.path)
        copied = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(target) for name in names
                     if not os.path.islink(os.path.join(at, name)))
        expect(copied, size, "cp copies bytes")

    def pack(mount):
        expect(len(output("tar", "cf", "-", folder, cwd=mount.path)) > size, True, "tar packs all bytes")

    for key, work in (("tar-folder", pack), ("rg", search), ("copy", copy),
                      ("parallel", lambda mount: cat(mount, contents, "-P8", "-n50")),
                      *((key, lambda mount, names=names: cat(mount, list(names))) for key, names in lists.items())):
        sample = b.sample()
        with b.mount(FAR) as mount:
            work(mount)
            yield key, sample.stop(mount)


def searching_one_folder(b):
    folder, files = b.tree.folder(files=500)
    for key, modifiers in (("rg-folder-plain", f"{FAR}/{PLAIN}"), ("rg-folder", FAR)):
        sample = b.sample()
        with b.mount(modifiers) as mount:
            found = output("rg", "-uu", "-l", "--text", "^", folder, cwd=mount.path).count(b"\n")
            sample.stop(mount)
        expect(found, sum(map(bool, b.tree.contents(files).values())), "rg finds files with a line")
        yield key, sample


def reading_scattered(b):
    chosen = random.Random(1)
    folders = {}
    for path in sorted(b.tree.files):
        folders.setdefault(os.path.dirname(path), []).append(path)
    names = [chosen.choice(folders[each]) for each in chosen.sample(sorted(folders), min(200, len(folders)))]
    contents = b.tree.contents(names)
    with b.mount(FAR) as mount:
        sample = b.sample()
        found = output("xargs", "-0", "cat", input=b"\0".join(map(os.fsencode, names)), cwd=mount.path)
        sample.stop(mount)
        expect(len(found), sum(map(len, contents.values())), "cat prints bytes")
        yield "scattered", sample


def reading_one_by_one(b):
    files = b.tree.contents(b.tree.folder(files=500)[1])
    target = b.fresh("blobless")
    sample = b.sample()
    b.read_files(files, "git", "-C", b.blobless(target, FAR), "cat-file", "blob", "HEAD:")
    yield "cat-file", sample.stop()


def reading_random(b):
    files = b.tree.contents(b.tree.some_files(30))
    with b.mount(FAR) as mount:
        sample = b.sample()
        b.read_files(files, "cat", mount.path + "/")
        yield "random", sample.stop(mount)


def reading_random_at_once(b):
    files = b.tree.contents(b.tree.some_files(30))
    with b.mount(FAR) as mount:
        sample = b.sample()
        with concurrent.futures.ThreadPoolExecutor(8) as readers:
            found = dict(zip(files, readers.map(lambda path: output("cat", os.path.join(mount.path, path)), files)))
        sample.stop(mount)
        expect(found == files, True, "8 readers read what there is")
    yield "random-at-once", sample


def reading_random_blobless(b):
    files = b.tree.contents(b.tree.some_files(30))
    target = b.blobless(b.fresh("blobless"), FAR)
    sample = b.sample()
    b.read_files(files, "git", "-C", target, "cat-file", "blob", "HEAD:")
    yield "random-cat-file", sample.stop()


def reading_random_again(b):
    """What a mount before has recorded, in a fresh cache."""
    files, profile = b.tree.contents(b.tree.some_files(30)), b.fresh("profile")
    with b.mount() as mount:
        b.read_files(files, "cat", mount.path + "/")
        run(b.binary, "profile", "record", "--output", profile, mount.path)
    with b.mount(FAR, "--profile", profile) as mount:
        sample = b.sample()
        b.read_files(files, "cat", mount.path + "/")
        yield "random-profile", sample.stop(mount)


def build(source, out):
    """A small Linux kernel. Returns by path the hashes of what the compiler made."""
    os.makedirs(out)
    fixed = {**ENV, "KBUILD_BUILD_TIMESTAMP": "Tue Nov 14 22:13:20 UTC 2023", "KBUILD_BUILD_USER": "a",
             "KBUILD_BUILD_HOST": "a", "KBUILD_BUILD_VERSION": "1", "CCACHE_DISABLE": "1"}
    for arguments in (["tinyconfig"], ["-j2"]):
        done = subprocess.run(["make", "-C", source, "O=" + out, "LOCALVERSION=", *arguments], env=fixed,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failed(f"make {arguments[0]}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    hashes = {}
    for folder, _, names in os.walk(out):
        for name in names:
            if name.endswith((".o", ".a")) or name in (".config", "vmlinux", "bzImage"):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    hashes[os.path.relpath(path, out)] = hashlib.sha256(file.read()).hexdigest()
    return hashes


def first_contact(kind):
    """With a server of which nothing is known yet: each mount has a cache of its own."""
    def measure(b):
        sample = b.sample()
        with b.mount(KINDS[kind]) as mount:
            b.list_top(mount.path)
            sample.stop(mount)
        yield f"ls-{kind}", sample
        sample = b.sample()
        with b.mount(KINDS[kind]) as mount:
            b.walk(mount.path)
            yield f"find-{kind}", sample.stop(mount)
        files = b.tree.contents(b.tree.some_files(30))
        with b.mount(KINDS[kind]) as mount:
            sample = b.sample()
            b.read_files(files, "cat", mount.path + "/")
            yield f"random-{kind}", sample.stop(mount)
    return measure


def walking_github_with_its_api(b):
    """From a config file, as a host whose REST API tells the sizes that its git does not."""
    repository = os.path.join(b.server.root, "Octo", "tree.git")
    if not os.path.exists(repository):
        run("git", "clone", "-q", "--bare", "--shared", b.tree.repository, repository)
    cache, config = b.fresh("cache"), b.fresh("config.json")
    with b.server.forge() as (api, asked):
        with open(config, "w") as file:
            url = b.url("github", "").removesuffix("/.git")
            json.dump({"tree": {"hub": {"host": "github", "url": url, "api": api}}}, file)
        sample = b.sample()
        with Mount(b, None, ["--config", config], cache=cache) as mount:
            b.walk(os.path.join(mount.path, "hub", "Octo", "tree"))
            sample.stop(mount)
        sample.counted()
        sample.requests += asked()
        sample.after_mount = sample.requests
    # Where a link points is shown by `find -ls`, and is contents.
    links = b.tree.leaves - len(b.tree.files)
    store = next(each.path for each in os.scandir(cache) if each.name.endswith(".git"))
    objects = output("git", "--git-dir", store, "-c", "safe.directory=*", "cat-file", "--batch-all-objects",
                     "--batch-check")
    expect(objects.count(b" blob ") <= links, True, f"no contents are fetched but those of {links} links")
    yield "find-github-api", sample


def building(b):
    # At the same paths both times, because objects can hold the names of their sources.
    source, out = b.fresh("source"), b.fresh("objects")
    sample = b.sample()
    wanted = build(b.clone(source), out)
    yield "clone-build", sample.stop()
    source, out = b.fresh("source"), b.fresh("objects")
    sample = b.sample()
    with b.mount(path=source) as mount:
        found = build(source, out)
        sample.stop(mount)
    differing = [name for name in sorted(wanted.keys() | found.keys()) if wanted.get(name) != found.get(name)]
    if differing or "vmlinux" not in found:
        raise Failed(f"{len(differing)} of {len(wanted)} objects differ: {', '.join(differing[:5])}")
    print(f"mount-build: {len(found)} objects are the same", file=sys.stderr)
    yield "mount-build", sample


def building_again(b):
    """The commit after the one of which the profile is: a comment more in each of 20 files that were compiled."""
    repository, profile = b.fresh("changed"), b.fresh("profile")
    source = b.fresh("source")
    with b.mount(path=source) as mount:
        build(source, b.fresh("objects"))
        run(b.binary, "profile", "record", "--output", profile, mount.path)
    run("git", "clone", "-q", "--bare", "--shared", b.tree.repository, repository)
    b.server.serve("changed", repository)
    branch = line("git", "-C", repository, "symbolic-ref", "HEAD")
    with open(profile) as file:
        read = [each.split(" ", 3)[3].rstrip() for each in file if " cc1 " in each]
    changed = b.tree.contents(sorted({each for each in read if each.endswith(".c")})[::40][:20])
    commit = f"commit {branch}\ncommitter A <a@example.org> now\ndata 0\nfrom {branch}^0\n".encode()
    for path, contents in changed.items():
        contents += b"/* changed */\n"
        commit += f"M 100644 inline {path}\ndata {len(contents)}\n".encode() + contents + b"\n"
    run("git", "-C", repository, "fast-import", "--quiet", "--date-format=now", input=commit)
    for key, modifiers, options in (("build-near", "", ()), ("build-far", FAR, ()),
                                    ("build-profile", FAR, ("--profile", profile))):
        source, out = b.fresh("source"), b.fresh("objects")
        sample = b.sample()
        with b.mount(modifiers, *options, name="changed", path=source) as mount:
            build(source, out)
            sample.stop(mount)
        yield key, sample


def looking_ahead(b):
    folder = b.tree.subtree(folders=100)
    for key, options in (("prefetch-on", []), ("prefetch-off", ["-o", "prefetch=off"])):
        with b.mount(f"{FAR}/{PLAIN}", "--trees-ahead", "0", *options) as mount:
            sample = b.sample()
            text = output("ls", "-lRA", os.path.join(mount.path, folder))
            sample.stop(mount)
        entries = re.findall(rb"^[-dl][-rwxst]{9} ", text, re.MULTILINE)
        expect(len(entries), b.tree.below[folder], "ls -lR shows entries")
        yield key, sample


def remembering(b):
    def settled(mount, sample):
        mount.settled()
        sample.stop(mount)
        sample.seconds = None  # waiting is no measure of anything
        return sample

    with b.mount() as mount:
        yield "idle", settled(mount, b.sample())
    for key, work in (("dropped-find", b.walk), ("dropped-tar", b.read_all)):
        with b.mount() as mount:
            work(mount.path)
            sample = b.sample()
            drop_caches()
            settled(mount, sample)
        b.server.warm()
        yield key, sample


def listing_wide(b):
    repository = line(SCRIPTS + "/wide-repository")
    b.server.serve("wide", repository)
    top = line("git", "-C", repository, "ls-tree", "HEAD").count("\n") + 1
    inner = "folder1/folder1"
    entries = Tree(repository, inner).entries
    sample = b.sample()
    with b.mount(name="wide") as mount:
        expect(output("ls", "-A", mount.path).count(b"\n"), top, "ls shows entries")
        yield "wide-ls", sample.stop(mount)
        sample = b.sample()
        b.walk(os.path.join(mount.path, inner), entries)
        yield "wide-find", sample.stop(mount)


def following(b):
    """From the poll that tells of a push until what was pushed is read. When a poll comes is the user's choice."""
    repository, path, pushed = b.fresh("followed"), b.tree.some_files(1)[0], b"pushed\n"
    run("git", "clone", "-q", "--bare", "--shared", b.tree.repository, repository)
    b.server.serve("followed", repository)

    def read():
        with open(os.path.join(mount.path, path), "rb") as file:
            return file.read()

    with b.mount("", "--follow", "1s", name="followed") as mount:
        b.walk(mount.path)
        expect(read(), b.tree.contents([path])[path], "the file before the push is")
        sample = b.sample()
        pushed_commit(repository, path, pushed)
        limit = time.monotonic() + 30
        while read() != pushed:
            if time.monotonic() > limit:
                raise Failed("what was pushed is not shown after 30 s")
            time.sleep(0.001)
        seen = time.time()
        sample.stop(mount)
        requests = [each for each in b.server.requests() if each.start <= seen]
    fetch = min(each.start for each in requests if each.command == "fetch")
    poll = max(each.start for each in requests if each.command == "ls-refs" and each.start <= fetch)
    sample.seconds = seen - poll
    requests = [each for each in requests if each.start >= poll]
    sample.requests = sample.after_mount = len(requests)
    sample.bytes = sum(each.bytes for each in requests)
    yield "followed-push", sample


# ---- the tables ----

@dataclasses.dataclass
class Scenario:
    measure: object       # a generator of (key, Sample)
    rows: list
    long: bool = False    # more than some 10 s
    mounts: bool = True   # else another program than gitfs-actor is measured


def deploying(b):
    """Many small repositories from one config file, each with a store of its own."""
    count, files = 200, 20
    source = b.fresh("deployed")
    os.makedirs(source + "/work")
    for i in range(files):
        with open(f"{source}/work/file{i}", "w") as file:
            file.write(f"{i}\n" * 100)
    git = ["git", "-C", source + "/work", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "all"],
                  ["clone", "-q", "--bare", ".", source + "/bare"]):
        subprocess.run([*git, *words], check=True, env=ENV)
    subprocess.run(["git", "-C", source + "/bare", "gc", "-q"], check=True, env=ENV)
    for i in range(count):
        link = os.path.join(b.server.root, f"deployed{i}.git")
        if not os.path.islink(link):  # of a run before
            os.symlink(source + "/bare", link)
    config = os.path.join(source, "config.json")
    with open(config, "w") as file:
        json.dump({"tree": {f"group{i % 10}/r{i}": {"source": f"{b.server.base}/deployed{i}.git"}
                            for i in range(count)}}, file)
    sample = b.sample()
    with Mount(b, None, ["--config", config]) as mount:
        expect(output("ls", "-A", mount.path).count(b"\n"), 10, "ls shows entries")
        yield "deploy-start", sample.stop(mount)
        sample = b.sample()
        b.walk(mount.path, 1 + 10 + count * (1 + files))
        yield "deploy-walk", sample.stop(mount)


def rows_of(*rows):
    return [Row(key, title, aims) for key, title, *aims in rows]


MEMORY = Aim("memory", 120e6)
# Where sizes cost contents the walker and what is fetched ahead of it race, and each time that the walker is first is a
# request more: from run to run they differ by a tenth.
WITH_CONTENTS = Aim("times requests", 1.1, "mount-find-plain")

SCENARIOS = [
    Scenario(cloning, long=True, mounts=False, rows=rows_of(
        ("clone", "`git clone --depth 1`"),
        ("checkout-find", "third `find -ls` in a checkout on disk"),
        ("checkout-tar", "second `tar` of a checkout on disk"))),
    Scenario(cloning_blobless, mounts=False, rows=rows_of(
        ("clone-blobless", "`git clone --depth 1 --filter=blob:none --no-checkout`"))),
    Scenario(listing, rows_of(
        ("mount-ls", "mount, `ls`", Aim("time", 0.012, "clone"), Aim("time", 1.5, "clone-blobless")),
        ("remount-ls", "mount again with that cache, `ls`"))),
    Scenario(listing_new_commit, rows_of(
        ("renewed-ls", "mount of a new commit by its id with the cache of another one, `ls`, 50 ms per request",
         Aim("requests", 2)))),
    Scenario(walking, rows_of(
        ("mount-find", "mount, `find -ls`", Aim("time", 0.06, "clone"), Aim("requests", 10), MEMORY),
        ("warm-find", "third `find -ls` in one mount", Aim("time", 1.0, "checkout-find")),
        ("remount-find", "mount of a cached commit without the server, `find -ls`", Aim("time", 0.5, "mount-find"),
         Aim("requests", 0)),
        ("stored-find", "`find -ls` in a fresh mount, everything stored", Aim("time", 1.0, "memory-tree")))),
    Scenario(tracing, rows_of(
        ("untraced-find", "`find -ls` in a fresh mount, everything stored, `--trace-memory 0`; fastest of 5"),
        ("traced-find", "the same with `--trace-memory 4M`", Aim("time", 1.05, "untraced-find")),
        ("recorded-find", "the same with `--trace FILE`", Aim("time", 1.05, "untraced-find")),
        ("replay", "`gitfs-actor replay` of that; \"received\" is the size of FILE", Aim("time", 1.0, "recorded-find")))),
    Scenario(recording, mounts=False, rows=rows_of(
        ("recording", "what recording adds to a message that an actor takes, one thread", Aim("seconds", 100e-9)),
        ("recording-two", "the same, two threads at once and all the time", Aim("seconds", 100e-9)))),
    Scenario(walking_memory, mounts=False, rows=rows_of(
        ("memory-tree", "first `find -ls` of a bare libfuse tree in memory, one thread"))),
    Scenario(walking_far, rows_of(
        ("mount-find-far", "mount, `find -ls`, 50 ms per request", Aim("more seconds", 0.4, "mount-find")))),
    Scenario(looking_up, rows_of(
        ("git-status", "mount, `git status -uno` with an index that is up to date, 50 ms per request",
         Aim("times requests", 2, "mount-find-far"), Aim("time", 1.3, "mount-find-far")))),
    Scenario(listing_folder_plain, rows_of(
        ("ls-folder", "mount, `ls -l` of a cold folder of 50 files, no `object-info`",
         Aim("requests after mount", 3)))),
    Scenario(walking_plain, long=True, rows=rows_of(
        ("mount-find-plain", "mount, `find -ls`, no `object-info`", Aim("time", 0.5, "clone")))),
    Scenario(reading_all, long=True, rows=rows_of(
        ("mount-tar", "mount, `tar` of everything to a pipe", Aim("time", 0.3, "clone"),
         Aim("times processor", 0.3, "clone"), Aim("times processor", 0.55, OTHER_BUILD), MEMORY),
        ("warm-tar", "second `tar` in one mount", Aim("time", 1.1, "checkout-tar")))),
    Scenario(searching, rows_of(
        ("grep", "mount, `grep -r` in a folder of 500 files, 50 ms per request", Aim("time", 0.05, "cat-file")))),
    Scenario(reading_in_any_order, long=True, rows=rows_of(
        ("tar-folder", "mount, `tar` of a folder with some 200 folders in it, 50 ms per request"),
        ("rg", "mount, `rg` in it, default threads", Aim("times requests", 1.2, "tar-folder")),
        ("copy", "mount, `cp -r` of it", Aim("times requests", 1.5, "tar-folder")),
        ("parallel", "mount, `find` of it, then `xargs -P8 cat` of all its files",
         Aim("times requests", 1.5, "tar-folder")),
        ("tac", "mount, `find` of it, then `cat` of all its files backward", Aim("times requests", 1.5, "tar-folder")),
        ("shuffled", "mount, `find` of it, then `cat` of all its files in a random order",
         Aim("times requests", 2.3, "tar-folder")))),
    Scenario(searching_one_folder, rows_of(
        ("rg-folder-plain", "mount, `rg` in a folder of 500 files, no `object-info`, 50 ms per request"),
        ("rg-folder", "the same with `object-info`", Aim("time", 1.0, "rg-folder-plain")))),
    Scenario(reading_scattered, rows_of(
        ("scattered", "one file of each of 200 random folders after the mount, 50 ms per request",
         Aim("requests after mount", 201)))),
    Scenario(reading_one_by_one, long=True, mounts=False, rows=rows_of(
        ("cat-file", "blobless clone, `git cat-file` of each of these, 50 ms per request"))),
    Scenario(reading_random, rows_of(
        ("random", "30 random files after the mount, 50 ms per request", Aim("time", 0.5, "random-cat-file"),
         Aim("requests after mount", 31)))),
    Scenario(reading_random_again, rows_of(
        ("random-profile", "the same with `--profile` of a mount that has read them", Aim("requests after mount", 8)))),
    Scenario(reading_random_at_once, rows_of(
        ("random-at-once", "30 random files by 8 readers at once", Aim("time", 0.2, "random")))),
    Scenario(careful_git.reading_named, rows_of(
        ("sparse-named", "newest git: 30 random files by `sparse-checkout set --no-cone` and `checkout` after a blobless clone, "
         "50 ms per request"),
        ("prefetch-named", "the same files by `gitfs-actor prefetch -` after the mount, then read",
         Aim("requests after mount", 4), Aim("time", 0.8, "sparse-named")))),
    Scenario(careful_git.working_in_a_folder, long=True, mounts=False, rows=rows_of(
        ("sparse-tar", "newest git: blobless clone, `sparse-checkout set` of a folder with some 200 folders in it, `tar` of it, "
         "50 ms per request"),
        ("backfill-grep", "newest git: blobless clone, `backfill --sparse` of it, `git grep` in it"),
        ("fetch-grep", "newest git: blobless clone, one `fetch` of the ids of all its files, `git grep` in it"),
        ("scalar-tar", "newest git: `scalar clone`, `sparse-checkout set`, `tar` of it"))),
    Scenario(reading_random_blobless, mounts=False, rows=rows_of(
        ("random-cat-file", "`git cat-file` of each of these after a blobless clone, 50 ms per request"))),
    *(Scenario(first_contact(kind), long=kind != "gerrit", rows=rows_of(
        (f"ls-{kind}", f"a server like {name}, of which nothing is known: mount, `ls`", Aim("requests", ls)),
        (f"find-{kind}", "there, mount, `find -ls`", find),
        (f"random-{kind}", "there, 30 random files after the mount", Aim("requests after mount", random))))
      for kind, name, ls, find, random in (
          ("github", "GitHub, sizes told by nobody", 5, WITH_CONTENTS, 32),
          ("gerrit", "Gerrit, with `object-info`", 6, Aim("requests", 14), 33),
          ("gerrit-plain", "Gerrit, without `object-info`", 6, WITH_CONTENTS, 33))),
    Scenario(walking_github_with_its_api, long=True, rows=rows_of(
        ("find-github-api", "a server like GitHub whose REST API tells sizes: mount, `find -ls`; no contents come",
         Aim("requests", 12)))),
    Scenario(building, long=True, rows=rows_of(
        ("clone-build", "clone, kernel `tinyconfig` and `make -j2`"),
        ("mount-build", "mount, the same build with the same objects", Aim("time", 0.9, "clone-build")))),
    Scenario(building_again, long=True, rows=rows_of(
        ("build-near", "mount of the commit after, kernel `tinyconfig` and `make -j2`, no profile"),
        ("build-far", "the same, 50 ms per request"),
        ("build-profile", "the same, 50 ms per request, with `--profile` of the commit before", Aim("requests", 15),
         Aim("time", 1.1, "build-near")))),
    Scenario(looking_ahead, long=True, rows=rows_of(
        ("prefetch-on", "`ls -lR` of 100 folders, 50 ms per request, no `object-info`, no whole-tree fetch"),
        ("prefetch-off", "the same with `-o prefetch=off`", Aim("time at least", 20, "prefetch-on")))),
    Scenario(remembering, long=True, rows=rows_of(
        ("idle", "memory: idle after the mount"),
        ("dropped-find", "memory: `find -ls`, then the kernel's caches dropped", Aim("times memory", 1.2, "idle")),
        ("dropped-tar", "memory: `tar`, then the kernel's caches dropped", Aim("times memory", 1.2, "idle")))),
    Scenario(deploying, rows_of(
        ("deploy-start", "200 repositories from one config file: mount, `ls`", Aim("seconds", 1.0), Aim("requests", 0),
         MEMORY),
        ("deploy-walk", "there, `find -ls` of all of them, nothing stored"))),
    Scenario(following, rows_of(
        ("followed-push", "`--follow 1s`, `find -ls`, then a push of one file: until it is read, from the poll that tells "
         "of it", Aim("seconds", 1.0)))),
    Scenario(listing_wide, rows_of(
        ("wide-ls", "1,000,000 files in 100,000 folders: mount, `ls`", Aim("time", 1.5, "mount-ls")),
        ("wide-find", "there, `find -ls` of 1,111 folders with 11,110 files"))),
]

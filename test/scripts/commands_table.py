"""What commands_test knows of single blocks. A block is named by its page and how it begins; None stands for all of a page.
A block that is in no table is run as it is, on a fresh machine: that is the rule, and these are the exceptions."""

from commands_world import TOKEN

# No commands, but pictures, lines of files, and what programs print.
TEXT = {
    ("README.md", "kernel ──▶"): "a picture",
    ("docs/architecture.md", "programs"): "a picture",
    ("docs/architecture.md", "1  kernel"): "a picture",
    ("docs/architecture/directories.md", "parent"): "a picture",
    ("docs/containers.md", "apiVersion: v1"): "a pod; there is no Kubernetes here",
    ("docs/configuration.md", "{"): "docs/examples, each of which is mounted below",
    ("docs/development.md", "cli/"): "the tree of folders",
    ("docs/development.md", "19    0.0003"): "what trace show prints",
    ("docs/gitfs-actor.1.md", "gitfs-actor "): "a synopsis; scripts.man_page compares it with --help",
    ("docs/profiles.md", "gitfs-actor profile 1"): "lines of a profile",
    ("docs/replay.md", "the replay differs"): "what replay prints",
    ("docs/servers.md", "SetEnvIf"): "lines of Apache, nginx and Caddy; test/real-servers has them whole, scripts/real-servers runs them",
}

# Blocks that are not run at all, and why.
NOT_RUN = {
    ("README.md", "scripts/package"): "apt-get; scripts.package makes, installs and uses the package",
    ("README.md", "scripts/test"): "runs every test, this one too",
    ("docs/development.md", "git worktree add --detach ../before"): "builds for minutes, and measures for as long",
    ("README.md", "scripts/bench"): "takes an hour; scripts.bench runs it with a small repository",
    ("CONTRIBUTING.md", "scripts/test"): "runs every test, this one too",
    ("docs/containers.md", "docker run --rm --device"): "there is no Docker here; what it does is tried further down on the page",
    ("docs/development.md", "scripts/setup --test"): "builds for minutes, and runs every test, this one too",
    ("docs/development.md", "cmake --preset dev"): "builds for minutes, then stays in the foreground",
    ("docs/replay.md", "apt-get download"): "apt-get, then a web server for a browser",
}

# Commands that are left out of a block, by how they begin: why, and what is done in their place.
UNIT = """systemd-analyze verify gitfs-actor@project.service 2>&1 | grep gitfs && false
set -a; . /etc/gitfs-actor/project.env; set +a
eval "$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/gitfs-actor@.service) >/tmp/unit 2>&1 &"
gitfs-actor status --wait 30s $MOUNTPOINT || cat /tmp/unit
test -s $MOUNTPOINT/README"""
LEFT_OUT = {
    "systemctl enable --now gitfs-actor@project": ("no systemd runs here: systemd-analyze verify, and ExecStart by hand", UNIT),
    "docker run --rm -v": ("there is no Docker here", "ls /srv/project/README"),
    "scripts/setup": ("apt-get", ":"),
    "cmake ": ("builds for minutes", ":"),
}

# Lines of /etc/fstab: they are put there, and mount(8) is told to mount them.
FSTAB = {
    ("README.md", "https://example.org/project.git /mnt/project"),
    ("docs/gitfs-actor.1.md", "https://example.org/a.git"),
}

# Config files: config check reads them.
CONFIG = {("docs/containers.md", "{"), ("docs/profiles.md", "{")}

TAKE_LOCAL = "mkdir -p /srv && cp -r /var/lib/reader/srv/git /srv"
TAKE_TRACE = "cp test/traces/walkers.trace mount.trace"
WORK_JSON = """cat >work.json <<'END'
{"mountpoint": "~/work", "tree": {"project": {"source": "https://example.org/project.git"}}}
END"""
# What the page takes for granted: files and repositories of the reader.
BEFORE = {
    ("README.md", "scripts/quickstart"): "export GITFS_BINARY=/usr/bin/gitfs-actor  # else it would install packages and build",
    ("README.md", "gitfs-actor mount https://example.org/project.git"): f"{TAKE_LOCAL}\n{WORK_JSON}",
    ("README.md", "mkdir -p /srv/ci"): TAKE_LOCAL,
    ("README.md", "mkdir -p ~/.config/gitfs-actor"): "git clone -q https://example.org/project.git ~/notes",
    ("CONTRIBUTING.md", "scripts/setup --test"): "mkdir build && ln -s /usr/bin/gitfs-actor build/gitfs-actor",
    ("docs/configuration.md", "gitfs-actor config check"): WORK_JSON,
    ("docs/development.md", "gitfs-actor trace dump"): "gitfs-actor mount https://example.org/project.git /tmp/m && grep -r . /tmp/m >/dev/null",
    ("docs/profiles.md", "gitfs-actor mount"): "printf 'gitfs-actor profile 1\\n1 - - README\\n' >job.profile",
    ("docs/replay.md", "$ gitfs-actor replay"): TAKE_TRACE,
    ("docs/replay.md", "gitfs-actor replay"): TAKE_TRACE,
    ("docs/replay.md", "printf"): TAKE_TRACE,
    ("docs/telemetry.md", "gitfs-actor mount"): "export XDG_RUNTIME_DIR=/run/user/0; mkdir -p -m 700 $XDG_RUNTIME_DIR",
}

# What somebody types into a command: a line and the end, or a key on a terminal once the program has drawn something.
TYPED = {
    "install -m 600 /dev/stdin": TOKEN,
    "install -m 444 /dev/stdin": TOKEN,
    "gitfs-actor top ~/project": "press q",
    "gitfs-actor replay --step": "r",
}

# Commands that tell something by their exit status.
STATUS = {"gitfs-actor trace diff": "01"}

# What is set when an example is mounted: the variables that they name.
SECRETS = "export GITHUB_TOKEN=good GITEA_TOKEN=good TOOLS_TOKEN=good WEB_TOKEN=good ACME_LABS_KEY=key"
KEEP_TOKEN = f"mkdir -p ~/.config/gitfs-actor && (umask 077; echo {TOKEN} >~/.config/gitfs-actor/git.example.token)"
# By name: what the reader has, where it is mounted, files that are to be read in it (one of each entry).
EXAMPLES = {
    "agent.json": ("", "/src", ["github/octocat/hello/README"]),
    "ci-runner.json": (
        f"mkdir -p /srv/ci; {TAKE_LOCAL}",
        "/srv/ci/tree",
        ["linux/README", "third_party/zlib/src/main.c", "third_party/lmdb/README", "fixtures/README"],
    ),
    "forges.json": (
        "(umask 077; echo good >docs/examples/gitlab.token)",
        "~/src",
        ["forges/gitea/octocat/hello/README", "forges/gitlab/octocat/hello/README", "forges/enterprise/octocat/hello/README",
         "forges/enterprise/tools/lint/README", "forges/plain/octocat/hello/README"],
    ),
    # The service's own stand-in is a part of the tests of mounts (mount.mesa); here the folder of the host alone is looked at.
    "mesa.json": ("mkdir -p ~/.config/mesa && (umask 077; echo key >~/.config/mesa/acme.key)", "~/mesa", ["mesa"]),
    "service.json": (
        "mkdir -p /etc/gitfs-actor /run/gitfs-actor && (umask 077; echo 'Bearer key' >/etc/gitfs-actor/otel.header)",
        "/srv/code",
        ["main/src/other.c", "stable/README"],
    ),
    "team.json": (
        f"{KEEP_TOKEN}; git clone -q https://example.org/project.git ~/notes",
        "~/work",
        ["app/main/src/other.c", "app/release/README", "design/README", "notes/README"],
    ),
}
AFTER_EXAMPLE = {"service.json": "curl -sf --unix-socket /run/gitfs-actor/code.metrics http://x/metrics | grep -q gitfs_"}

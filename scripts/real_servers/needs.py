"""What the real servers are made of, each pinned by version, and how it comes here."""

import dataclasses
import os
import re
import shutil
import subprocess

from .work import SCRIPTS, TOP, Failed, cache_folder, say


@dataclasses.dataclass(frozen=True)
class Need:
    """A thing that a server takes. `versions`: what it must be, by Debian release if it comes from there."""
    name: str
    source: str             # debian, sid, maven, go, or toolchain: what must be here before
    versions: dict          # release -> beginning of the version; "*": any release
    command: str = ""       # toolchain: prints the version


NEEDS = {need.name: need for need in [
    Need("nginx-light", "debian", {"12": "1.22.", "13": "1.26."}),
    Need("fcgiwrap", "debian", {"*": "1.1.0"}),
    Need("apache2-bin", "debian", {"*": "2.4."}),
    Need("lighttpd", "debian", {"12": "1.4.69", "13": "1.4.79"}),
    Need("caddy", "debian", {"*": "2.6.2"}),
    Need("haproxy", "debian", {"12": "2.6.", "13": "3.0."}),
    Need("varnish", "debian", {"12": "7.1.", "13": "7.7."}),
    Need("default-jdk-headless", "debian", {"12": "2:1.17", "13": "2:1.21"}),
    Need("maven", "debian", {"12": "3.8.", "13": "3.9."}),
    Need("git", "sid", {"*": "2.55"}),
    Need("jgit", "maven", {"*": "7.8.1.202611041320-r"}),  # and what test/real-servers/jgit/pom.xml names beside it
    Need("gitea", "go", {"*": "v1.26.0"}),
    Need("go", "toolchain", {"*": "1.26"}, command="go version"),
]}


def release():
    with open("/etc/os-release") as file:
        found = re.search(r'^VERSION_ID="?(\d+)', file.read(), re.M)
    return found.group(1) if found else "?"


def wanted(need):
    return need.versions.get(release()) or need.versions.get("*")


def line(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:4])} …: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def check(name, found):
    pin = wanted(NEEDS[name])
    if pin is None:
        raise Failed(f"no version of {name} is pinned for Debian {release()} in scripts/real_servers/needs.py")
    if not found.startswith(pin):
        raise Failed(f"{name} is {found}, pinned is {pin}: see what it answers, then change scripts/real_servers/needs.py")
    return found


def debian(names):
    """Installs what is missing; returns the versions of the programs, without Debian's own part."""
    subprocess.run([os.path.join(SCRIPTS, "setup"), "--only", *names], check=True, stdout=subprocess.DEVNULL)
    return {name: check(name, line("dpkg-query", "-W", "-f", "${Version}", name)).partition("-")[0] for name in names}


def newest_git():
    return check("git", line(os.path.join(SCRIPTS, "newest-git"), "--version").rpartition(" ")[2])


def own_git():
    return line("git", "--version").split()[2]


def toolchain(name):
    need = NEEDS[name]
    if not shutil.which(need.command.split()[0]):
        raise Failed(f"{name} is missing: install {wanted(need)} or later")
    return line(*need.command.split())


def jgit():
    """A folder of jars, and JGit's version."""
    debian(["default-jdk-headless", "maven"])
    version = wanted(NEEDS["jgit"])
    folder = os.path.join(cache_folder(), "jgit-" + version)
    source = os.path.join(TOP, "test", "real-servers", "jgit", "pom.xml")
    with open(source) as file:
        pom = file.read()
    if f"<version>{version}</version>" not in pom:
        raise Failed(f"{source} does not name JGit {version}, which scripts/real_servers/needs.py does")
    stamp = os.path.join(folder, "pom.xml")
    if not (os.path.exists(stamp) and open(stamp).read() == pom):
        say(f"fetching JGit {version} from Maven Central")
        shutil.rmtree(folder, ignore_errors=True)
        line("mvn", "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
             "-f", source, "-DoutputDirectory=" + folder)
        shutil.copy(source, stamp)
    return folder, version


def gitea():
    """The program, its folder of templates, and its version. Its build takes a quarter of an hour, once."""
    toolchain("go")
    version = wanted(NEEDS["gitea"])
    folder = os.path.join(cache_folder(), "gitea-" + version)
    program = os.path.join(folder, "gitea")
    if not os.path.exists(program):
        say(f"building Gitea {version}: once, and that takes a while")
        shutil.rmtree(folder + ".new", ignore_errors=True)
        os.makedirs(folder + ".new")
        # A module of its own, only so that the download has a go.mod to work in.
        line("go", "mod", "init", "download", cwd=folder + ".new")
        import json
        module = json.loads(line("go", "mod", "download", "-json", f"code.gitea.io/gitea@{version}", cwd=folder + ".new"))
        shutil.rmtree(folder + ".new")
        shutil.copytree(module["Dir"], folder + ".new")
        line("chmod", "-R", "u+w", folder + ".new")  # the module cache is read-only
        line("nice", "-n", "19", "go", "build", "-tags", "sqlite sqlite_unlock_notify", "-o", "gitea.new", ".", cwd=folder + ".new")
        os.rename(os.path.join(folder + ".new", "gitea.new"), os.path.join(folder + ".new", "gitea"))
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(folder + ".new", folder)
    return program, folder, version

"""Starting each server and front. A starter takes (stack, folder, root, settings): where its processes are to end, a
folder of its own, the folder of bare repositories, and git settings; it returns an Endpoint."""

import dataclasses
import getpass
import hashlib
import json
import os
import subprocess
import urllib.request

from . import needs
from .work import ENV, SCRIPTS, SOURCES, Failed, Process, free_port

MODULES = "/usr/lib/apache2/modules"
CAPABILITIES = "+dac_override,+dac_read_search,+setuid,+setgid"
USER, PASSWORD = "reader", "pass-word"


@dataclasses.dataclass
class Endpoint:
    base: str               # URL before the repository's name, with a slash
    log: str                # the file that gets a line for each request
    about: str              # programs and versions, for the table
    password: bool = False  # asks for USER and PASSWORD
    forge: str = ""         # the kind of host that it is mounted as, instead of by its URL


def configuration(folder, source, name, **fields):
    """Writes a configuration of test/real-servers with its @fields@ set; returns its path."""
    with open(os.path.join(SOURCES, source)) as file:
        text = file.read()
    for key, value in {"folder": folder, **fields}.items():
        text = text.replace(f"@{key}@", str(value))
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def start(stack, folder, name, command, port, **more):
    process = Process(folder, name, command, **more)
    stack.callback(process.close)
    return process.wait_for_port(port)


def log_of(folder):
    return os.path.join(folder, "access.log")


def cgi(folder, root, settings, newest, prefix=""):
    """A program that is git http-backend with these git settings, over the repositories in root."""
    path = os.path.join(folder, "git-http-backend")
    pairs = [("safe.directory", "*"), *settings.items()]
    variables = {"GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
                 "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_CONFIG_COUNT": len(pairs), "HOME": os.path.expanduser("~"),
                 "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", ""), "PATH": os.environ["PATH"]}
    for number, (key, value) in enumerate(pairs):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + "".join(f"export {key}='{value}'\n" for key, value in variables.items()))
        file.write("exec %s '%s' http-backend\n" % (prefix, os.path.join(SCRIPTS, "newest-git") if newest else "git"))
    os.chmod(path, 0o755)
    return path


def git_version(newest=True):
    return "git " + (needs.newest_git() if newest else needs.own_git())


def fcgiwrap(stack, folder):
    process = Process(folder, "fcgiwrap", ["/usr/sbin/fcgiwrap", "-c", "4", "-s", "unix:fcgi.sock"])
    stack.callback(process.close)
    process.wait_for(lambda: os.path.exists(os.path.join(folder, "fcgi.sock")), "made its socket")


def nginx(stack, folder, root, settings, newest=True):
    versions = needs.debian(["nginx-light", "fcgiwrap"])
    os.makedirs(os.path.join(folder, "tmp"))
    port = free_port()
    configuration(folder, "nginx.conf", "nginx.conf", port=port, cgi=cgi(folder, root, settings, newest),
                  user="user root;" if os.geteuid() == 0 else "")
    fcgiwrap(stack, folder)
    start(stack, folder, "nginx", ["/usr/sbin/nginx", "-e", "error.log", "-p", folder + "/", "-c", "nginx.conf"], port)
    return Endpoint(f"http://127.0.0.1:{port}/", log_of(folder), f"{git_version(newest)}, nginx {versions['nginx-light']}")


def own_git_nginx(stack, folder, root, settings):
    return nginx(stack, folder, root, settings, newest=False)


def apache(stack, folder, root, settings, digest=False):
    versions = needs.debian(["apache2-bin"])
    port = free_port()
    access = "Require all granted"
    if digest:
        users = os.path.join(folder, "users")
        with open(users, "w") as file:
            word = hashlib.md5(f"{USER}:git:{PASSWORD}".encode()).hexdigest()
            file.write(f"{USER}:git:{word}\n")
        access = f'AuthType Digest\n  AuthName git\n  AuthUserFile "{users}"\n  Require valid-user'
    configuration(folder, "apache.conf", "apache.conf", port=port, access=access, modules=MODULES,
                  cgi=cgi(folder, root, settings, True, "setpriv --reuid 0 --regid 0 --clear-groups"))
    # It refuses to be root, and our files are root's: another user, who may read them and whose git is root's again.
    start(stack, folder, "apache2", ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps",
                                     CAPABILITIES, "--ambient-caps", CAPABILITIES, "/usr/sbin/apache2", "-f",
                                     folder + "/apache.conf", "-D", "FOREGROUND"], port)
    return Endpoint(f"http://127.0.0.1:{port}/", log_of(folder), f"{git_version()}, Apache {versions['apache2-bin']}", digest)


def apache_digest(stack, folder, root, settings):
    return apache(stack, folder, root, settings, digest=True)


def lighttpd(stack, folder, root, settings):
    versions = needs.debian(["lighttpd"])
    os.makedirs(os.path.join(folder, "tmp"))
    port = free_port()
    configuration(folder, "lighttpd.conf", "lighttpd.conf", port=port, cgi=cgi(folder, root, settings, True))
    start(stack, folder, "lighttpd", ["/usr/sbin/lighttpd", "-D", "-f", "lighttpd.conf"], port)
    return Endpoint(f"http://127.0.0.1:{port}/git/", log_of(folder), f"{git_version()}, lighttpd {versions['lighttpd']}")


def caddy(stack, folder, root, settings):
    versions = needs.debian(["caddy", "fcgiwrap"])
    port = free_port()
    configuration(folder, "Caddyfile", "Caddyfile", port=port, cgi=cgi(folder, root, settings, True))
    fcgiwrap(stack, folder)
    run_caddy(stack, folder, port)
    return Endpoint(f"http://127.0.0.1:{port}/", log_of(folder), f"{git_version()}, Caddy {versions['caddy']}")


def run_caddy(stack, folder, port):
    start(stack, folder, "caddy", ["/usr/bin/caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], port,
          env={**ENV, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder})


def upstream(stack, folder, root, settings):
    """What a proxy stands before: nginx with newest git. Its port, and what it is."""
    inner = os.path.join(folder, "upstream")
    os.makedirs(inner)
    endpoint = nginx(stack, inner, root, settings)
    return endpoint.base.rstrip("/").rpartition(":")[2], endpoint.about


def caddy_limit(stack, folder, root, settings):
    versions = needs.debian(["caddy"])
    port, (inner, about) = free_port(), upstream(stack, folder, root, settings)
    configuration(folder, "Caddyfile.limit", "Caddyfile", port=port, upstream=inner)
    run_caddy(stack, folder, port)
    return Endpoint(f"http://127.0.0.1:{port}/", log_of(folder), f"{about}, Caddy {versions['caddy']}")


def haproxy(stack, folder, root, settings):
    versions = needs.debian(["haproxy"])
    port, (inner, about) = free_port(), upstream(stack, folder, root, settings)
    configuration(folder, "haproxy.cfg", "haproxy.cfg", port=port, upstream=inner)
    process = start(stack, folder, "haproxy", ["/usr/sbin/haproxy", "-db", "-f", "haproxy.cfg"], port)
    return Endpoint(f"http://127.0.0.1:{port}/", process.log, f"{about}, HAProxy {versions['haproxy']}")


def varnish(stack, folder, root, settings):
    versions = needs.debian(["varnish"])
    port, (inner, about) = free_port(), upstream(stack, folder, root, settings)
    configuration(folder, "varnish.vcl", "varnish.vcl", upstream=inner)
    # It compiles its configuration by the C compiler, in a folder of its own that is called by its name.
    start(stack, folder, "varnishd", ["/usr/sbin/varnishd", "-F", "-j", "none", "-n", folder + "/state", "-f",
                                      folder + "/varnish.vcl", "-a", f"127.0.0.1:{port}", "-s", "malloc,256m",
                                      "-T", "none"], port)
    log = Process(folder, "varnishncsa", ["/usr/bin/varnishncsa", "-n", folder + "/state", "-F", "%m %U%q %s"])
    stack.callback(log.close)
    return Endpoint(f"http://127.0.0.1:{port}/", log.log, f"{about}, Varnish {versions['varnish']}")


def jgit(stack, folder, root, settings):
    jars, version = needs.jgit()
    port = free_port()
    start(stack, folder, "jgit", ["java", "-Xmx2g", "-cp", jars + "/*", os.path.join(SOURCES, "jgit", "JGitServer.java"), root,
                                  str(port), log_of(folder)], port)
    on = "+".join(sorted(settings)) or "plain"
    return Endpoint(f"http://127.0.0.1:{port}/{on}/", log_of(folder), "JGit " + version.rpartition(".")[0])


def newest_git_as_program(folder):
    """Its path. Who runs it may have another home folder, and so another cache folder."""
    path = os.path.join(folder, "git")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\nexport XDG_CACHE_HOME='{cache}'\nexec '{SCRIPTS}/newest-git' \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def gitea(stack, folder, root, settings, forge=False):
    program, static, version = needs.gitea()
    port = free_port()
    config = configuration(folder, "gitea.ini", "gitea.ini", port=port, static=static, user=getpass.getuser(),
                           git=newest_git_as_program(folder) if forge else "git")
    # It writes git's global settings: with /dev/null for them, git would put a file in the place of /dev/null.
    environment = {key: value for key, value in ENV.items() if not key.startswith("GIT_")}
    environment |= {"HOME": folder, "GITEA_WORK_DIR": folder}

    def command(*arguments):
        done = subprocess.run([program, "--config", config, *arguments], env=environment, cwd=folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failed(f"gitea {arguments[0]} …: {done.stdout.strip()[-500:]}")
        return done.stdout.strip()

    command("migrate")
    command("admin", "user", "create", "--username", USER, "--password", PASSWORD, "--email", "u@example.org", "--admin",
            "--must-change-password=false")
    token = command("admin", "user", "generate-access-token", "--username", USER, "--raw", "--scopes", "all").split()[-1]
    start(stack, folder, "gitea", [program, "--config", config, "web"], port, env=environment)
    base = f"http://127.0.0.1:{port}/"
    for name in os.listdir(root):
        request = urllib.request.Request(base + "api/v1/user/repos", json.dumps({"name": name.removesuffix(".git")}).encode(),
                                         {"Authorization": "token " + token, "Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
        pushed = subprocess.run(["git", "-C", os.path.join(root, name), "push", "-q", "--mirror",
                                 f"http://{USER}:{token}@127.0.0.1:{port}/{USER}/{name}"],
                                env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if pushed.returncode != 0:
            raise Failed(f"git push to Gitea: {pushed.stdout.strip()[-500:]}")
    return Endpoint(f"{base}{USER}/", log_of(folder), f"Gitea {version.removeprefix('v')}, {git_version(newest=forge)}",
                    forge="gitea" if forge else "")


def gitea_forge(stack, folder, root, settings):
    return gitea(stack, folder, root, settings, forge=True)

"""The hosts that the pages name, on loopback: nginx ends TLS for all of them, with certificates of an authority made for this
run, and hands on to scripts/git-server, to test/forge (the REST APIs) and to a collector that takes everything."""

import os
import shutil
import subprocess
import sys
import time

# What stands behind each host, by the beginning of the path: "git" or a part of test/forge. The longest comes first.
HOSTS = {
    "example.org": [("/", "git")],
    "git.kernel.org": [("/", "git")],
    "git.example": [("/team/", "git with a token"), ("/", "git")],
    "github.com": [("/", "git")],
    "api.github.com": [("/", "forge /api/v3/")],
    "github.example": [("/api/v3/", "forge"), ("/", "git")],
    "gitea.example": [("/api/v1/", "forge"), ("/", "git")],
    "gitlab.example": [("/api/", "forge"), ("/", "git")],
    "mesa.example": [],
    "otel.example": [],
}
TOKEN = "a-token-of-the-reader"
REPOSITORIES = (
    "a", "project", "code", "team/app", "team/design", "octocat/hello", "tools/lint", "madler/zlib", "LMDB/lmdb",
    "pub/scm/linux/kernel/git/torvalds/linux",
)  # fmt: skip
LOCAL = ("/srv/git/project.git", "/srv/git/fixtures.git")

# Whoever commits this has the commit that docs/examples/ci-runner.json pins, since all that makes its id is said here.
MAKE_REPOSITORY = """
set -e
git init -q -b main made && cd made
mkdir -p src third_party
echo 'what a user reads first' >README
echo 'int main(void) { return 0; }' >src/main.c
printf 'all: src/main.c\\n\\tcc -o /dev/null src/main.c\\n' >Makefile
echo 'a library' >third_party/library
git add .
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
git -c user.name=A -c user.email=a@example.org commit -qm first
git branch stable
for each in v6.1 v4.2 v1.3.1 LMDB_0.9.31; do git tag $each; done
echo 'changed' >src/other.c
git add .
git -c user.name=A -c user.email=a@example.org commit -qm second
cd .. && git clone -q --bare made bare
"""

AUTHORITY = """
set -e
ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
openssl req -x509 $ec -days 2 -subj '/CN=authority of this test' -keyout ca-key.pem -out ca.pem
openssl req $ec -subj /CN=hosts -keyout key.pem -out hosts.csr
printf 'subjectAltName=%s\\n' "$NAMES" >names
openssl x509 -req -in hosts.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -extfile names -out certificate.pem
"""

NGINX = """
user root;
daemon off;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 512; }
http {
  access_log access.log;
  client_body_temp_path tmp;
  proxy_temp_path tmp;
  fastcgi_temp_path tmp;
  scgi_temp_path tmp;
  uwsgi_temp_path tmp;
  client_max_body_size 0;
  proxy_http_version 1.1;
  proxy_buffering off;
  ssl_certificate certificate.pem;
  ssl_certificate_key key.pem;
%s}
"""

LOCATION = {
    "git": "proxy_pass %(git)s;",
    "git with a token": """if ($http_authorization = "") {
        add_header WWW-Authenticate 'Basic realm="team"' always;
        return 401;
      }
      if ($http_authorization != "Basic %(basic)s") { return 403; }
      proxy_pass %(git)s;""",
}


class Hosts:
    def __init__(self, authority, served):
        self.authority, self.served = authority, served

    def put_local(self, base):
        """The repositories of this machine that pages name stand where blocks can reach them; /srv is empty at first."""
        for path in LOCAL:
            shutil.copytree(self.served + "/project.git", base + "/var/lib/reader" + path)


def run(script, folder, **more):
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, env={**os.environ, **more})
    if done.returncode != 0:
        sys.exit(f"commands: {folder}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def wait_for(path, process, log):
    limit = time.monotonic() + 30
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > limit:
            with open(log, errors="replace", encoding="utf-8") as file:
                sys.exit(f"commands: {path} does not appear: {file.read()}")
        time.sleep(0.05)


def start_forge(root, work, served):
    state = work + "/forge"
    os.mkdir(state)
    if not os.path.isdir(root + "/test/forge/node_modules"):
        sys.exit("commands: test/forge/node_modules is missing: run scripts/setup --test")
    with open(state + "/out", "wb") as log:
        process = subprocess.Popen(["node", root + "/test/forge/forge_server.js", served, state], stdout=log, stderr=log)
    wait_for(state + "/port", process, state + "/out")
    with open(state + "/port", encoding="utf-8") as file:
        return "http://127.0.0.1:" + file.read()


def servers(git, forge):
    import base64

    values = {"git": git, "basic": base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()}
    for name, parts in HOSTS.items():
        yield f"  server {{\n    listen 127.0.0.1:443 ssl http2;\n    server_name {name};\n"
        for path, what in parts:
            # Without a path of its own nginx hands the request's on as it is, with its %2F.
            body = LOCATION[what] % values if what in LOCATION else f"proxy_pass {forge}{what[6:]};"
            yield f"    location {path} {{\n      {body}\n    }}\n"
        yield "  }\n"


def start_hosts(root, work):
    """All servers; they end with this process's namespace."""
    made, served, front = work + "/made", work + "/served", work + "/front"
    for each in (made, served, front, front + "/tmp"):
        os.mkdir(each)
    run(MAKE_REPOSITORY, made)
    for name in REPOSITORIES:
        shutil.copytree(made + "/bare", f"{served}/{name}.git")
    git = run(f"{root}/scripts/git-server start --dir {work}/git --root {served} --owner {os.getpid()}", work)
    forge = start_forge(root, work, served)
    run(AUTHORITY, front, NAMES=",".join("DNS:" + each for each in HOSTS))
    with open(front + "/nginx.conf", "w", encoding="utf-8") as file:
        file.write(NGINX % "".join(servers(git, forge)))
    with open(front + "/out", "wb") as log:
        process = subprocess.Popen(["/usr/sbin/nginx", "-e", "error.log", "-p", front + "/", "-c", "nginx.conf"], stdout=log, stderr=log)
    wait_for(front + "/nginx.pid", process, front + "/out")
    with open(front + "/ca.pem", encoding="utf-8") as file:
        return Hosts(file.read(), served)

"""The table of servers that scripts/real-servers shows a mount."""

import dataclasses
from collections.abc import Callable

from . import servers

FILTER = {"uploadpack.allowFilter": "true"}
ANY = {"uploadpack.allowAnySHA1InWant": "true"}


@dataclasses.dataclass(frozen=True)
class Row:
    key: str
    what: str            # beside its version: what is special of it
    start: Callable      # of servers.py
    settings: dict = dataclasses.field(default_factory=dict)
    small: str = ""      # why the smaller repository is used, if it is


ROWS = [
    Row("git-own", "this machine's git, filters on", servers.own_git_nginx, {**FILTER, **ANY}),
    Row("git", "filters on", servers.nginx, {**FILTER, **ANY}),
    Row("git-sizes", "filters and object-info on", servers.nginx,
        {**FILTER, **ANY, "transfer.advertiseObjectInfo": "true"}),
    Row("git-plain", "as it is when nothing is set", servers.nginx),
    Row("git-depth", "`uploadpackfilter.tree.maxDepth` 0, as GitHub has it", servers.nginx,
        {**FILTER, **ANY, "uploadpackfilter.tree.maxDepth": "0"}),
    Row("git-narrow", "`blob:none` alone is allowed, as git's documentation advises", servers.nginx,
        {**FILTER, **ANY, "uploadpackfilter.allow": "false", "uploadpackfilter.blob:none.allow": "true"}),
    Row("git-closed", "filters advertised, none allowed", servers.nginx,
        {**FILTER, **ANY, "uploadpackfilter.allow": "false"}),
    Row("apache", "ScriptAlias", servers.apache, {**FILTER, **ANY}),
    Row("apache-digest", "user and password by Digest", servers.apache_digest, {**FILTER, **ANY}),
    Row("lighttpd", "cgi", servers.lighttpd, {**FILTER, **ANY}),
    Row("caddy", "fastcgi, gzip", servers.caddy, {**FILTER, **ANY}),
    Row("caddy-limit", "bodies over 20 kB are answered with 502", servers.caddy_limit, {**FILTER, **ANY}),
    Row("haproxy", "buffers requests, gzip", servers.haproxy, {**FILTER, **ANY}),
    Row("varnish", "caches", servers.varnish, {**FILTER, **ANY}),
    Row("jgit", "as it is when nothing is set", servers.jgit),
    Row("jgit-filter", "filters on", servers.jgit, {"filter": "true"}),
    Row("jgit-any", "filters on, any object", servers.jgit, {"filter": "true", "anysha1": "true"}),
    Row("jgit-sizes", "filters and object-info on", servers.jgit, {"filter": "true", "objectinfo": "true"}),
    Row("jgit-all", "filters and object-info on, any object", servers.jgit,
        {"filter": "true", "objectinfo": "true", "anysha1": "true"}),
    Row("gitea", "", servers.gitea),
    Row("gitea-forge", "as a `gitea` host, whose API tells the sizes that its git does not", servers.gitea_forge),
]

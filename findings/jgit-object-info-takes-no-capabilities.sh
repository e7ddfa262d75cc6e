#!/usr/bin/env bash
# Each request of git's protocol version 2 is "command=NAME", then capability lines (agent=…, object-format=…), then 0001 and
# the command's own arguments. git sends both lines with every command, and JGit takes them with ls-refs and fetch. One
# would expect that it takes them with object-info, too.
#
# What happens: JGit reads object-info without that part. It takes the first capability line for an argument that it does not
# know, and refuses the request with "unexpected agent=…". Without those lines it answers.
#
# Why it matters here: a client that composes all its requests in one way gets no size at all from Gerrit. git answers
# object-info without the lines as well, so they are best left out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
. "$here/support/requests.sh"
. "$here/support/jgit.sh"
cd "$work"
git --version
git init -q -b main source
printf 'seven.\n' >source/file
git -C source add .
git -C source -c user.name=A -c user.email=a@example.org commit -q -m one
git -C source config uploadpack.advertiseObjectInfo true # JGit's
git -C source config transfer.advertiseObjectInfo true   # git's
id=$(git -C source rev-parse HEAD:file)

request() {
  packet "command=object-info"
  for line; do packet "$line"; done
  printf 0001
  packet size
  packet "oid $id"
  printf 0000
}
answer() { tr -d '\0' | grep -ao -e "$id 7" -e 'unexpected [^ ]*' || echo nothing; }
seen=
for lines in "agent=git/2.39.5 object-format=sha1" ""; do
  # shellcheck disable=SC2086 # a word is a line
  by_git=$(request $lines | { GIT_PROTOCOL=version=2 git upload-pack --stateless-rpc source 2>&1 || true; } | answer)
  # shellcheck disable=SC2086
  by_jgit=$(request $lines | { jgit_upload_pack source/.git 2>/dev/null || true; } | answer)
  echo "with the lines '$lines': git says '$by_git', JGit '$by_jgit'"
  seen+="$by_git|$by_jgit|"
done
[ "$seen" = "$id 7|unexpected agent=git/2.39.5|$id 7|$id 7|" ] || { echo "this has changed: $seen" >&2; exit 1; }

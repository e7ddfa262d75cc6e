#!/usr/bin/env bash
# object-info asks for the sizes of many objects at once. git's documentation of the protocol gives an answer's line as
# "oid SP size", and what git does for an object that it does not have is to leave its size empty and to go on. One would
# expect that of any server.
#
# What happens: JGit ends the whole command with an ERR packet at the first object that it does not have; what is behind that
# one in the request is never told. What it told before stands in the same answer.
#
# Why it matters here: of a directory's sizes all are lost because of one submodule or one object that was pruned. A client
# must take what came before the error, leave out the object that the error names, and ask for the rest again.
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
printf 'ten bytes.' >source/other
git -C source add .
git -C source -c user.name=A -c user.email=a@example.org commit -q -m one
git -C source config uploadpack.advertiseObjectInfo true # JGit's
git -C source config transfer.advertiseObjectInfo true   # git's
first=$(git -C source rev-parse HEAD:file) last=$(git -C source rev-parse HEAD:other)
absent=0123456789012345678901234567890123456789

request() {
  packet "command=object-info"
  printf 0001
  packet size
  for id in "$first" "$absent" "$last"; do packet "oid $id"; done
  printf 0000
}
told() { tr -d '\0' | grep -aoE "($first 7|$last 10|$absent|ERR [A-Za-z]*)" | sed "s/$first/FIRST/; s/$last/LAST/; s/$absent/ABSENT/" | paste -sd, -; }
by_git=$(request | { GIT_PROTOCOL=version=2 git upload-pack --stateless-rpc source 2>/dev/null || true; } | told)
by_jgit=$(request | { jgit_upload_pack source/.git 2>/dev/null || true; } | told)
echo "asked for FIRST, ABSENT, LAST: git tells '$by_git', JGit '$by_jgit'"
[ "$by_git" = "FIRST 7,ABSENT,LAST 10" ] && [ "$by_jgit" = "FIRST 7,ERR Missing,ABSENT" ] || { echo "this has changed" >&2; exit 1; }

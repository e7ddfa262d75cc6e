#!/usr/bin/env bash
# The setting that makes a git server offer object-info is transfer.advertiseObjectInfo. JGit reads git's settings from the
# same files and has all of its others under git's names. One would expect this one there, too.
#
# What happens: JGit looks for uploadpack.advertiseObjectInfo, and git for transfer.advertiseObjectInfo. Neither says
# anything about the other's.
#
# Why it matters here: who follows git's documentation on a Gerrit server gets no sizes, and no message that says why.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
. "$here/support/jgit.sh"
cd "$work"
seen=
for section in transfer uploadpack; do
  rm -rf source
  GIT_CONFIG_GLOBAL=/dev/null git init -q --bare source
  git -C source config "$section.advertiseObjectInfo" true
  offered=$(jgit_upload_pack --advertise source | tr -d '\0' | grep -ao object-info || echo nothing)
  echo "$section.advertiseObjectInfo true: JGit offers '$offered'"
  seen+="$offered "
done
[ "$seen" = "nothing object-info " ] || { echo "this has changed: $seen" >&2; exit 1; }

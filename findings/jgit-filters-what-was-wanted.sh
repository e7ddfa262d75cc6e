#!/usr/bin/env bash
# A client that has no tree yet asks a server for that tree by its id, with the filter "tree:0", so that nothing below it
# comes. git's documentation says that the filter is for what a traversal finds, and that objects which were wanted by
# name are sent whatever it says ("--filter-provided-objects" is the option for the other behaviour). One would expect the
# tree.
#
# What happens: JGit, which Gerrit and googlesource.com are made of, applies the filter to wanted objects too. A wanted tree
# or blob with "tree:0" is answered with a valid pack of 0 objects, and no error.
# "tree:1" brings exactly the object, and so does "blob:none" for a blob: only for those does it make an exception.
#
# Why it matters here: a client that goes by the error of an answer believes that it has what it asked for. It must look
# whether the objects have come, and have another way to ask.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
. "$here/support/requests.sh"
. "$here/support/jgit.sh"
cd "$work"
git --version
git init -q -b main source
mkdir source/folder
printf 'seven.\n' >source/folder/file
git -C source add .
git -C source -c user.name=A -c user.email=a@example.org commit -q -m one
git -C source config uploadpack.allowFilter true
git -C source config uploadpack.allowAnySHA1InWant true
tree=$(git -C source rev-parse HEAD:folder) blob=$(git -C source rev-parse HEAD:folder/file)

seen=
for want in "tree tree:0" "tree tree:1" "blob tree:0" "blob blob:none" "blob tree:1" "blob "; do
  read -r kind filter <<<"$want"
  by_git=$(fetch_request "$filter" "${!kind}" | GIT_PROTOCOL=version=2 git upload-pack --stateless-rpc source | objects_in_pack)
  by_jgit=$(fetch_request "$filter" "${!kind}" | jgit_upload_pack source/.git | objects_in_pack)
  echo "a $kind with filter '$filter': git sends $by_git, JGit $by_jgit"
  seen+="$by_git$by_jgit "
done
[ "$seen" = "10 21 10 11 11 11 " ] || { echo "this has changed: $seen" >&2; exit 1; }

#!/usr/bin/env bash
# Two trees, one of which lists the other, are wanted by their ids in one request, with the filter "tree:0". The filter is for
# what a traversal finds, and both were wanted by name. One would expect both, in whatever order they are asked for.
#
# What happens: git walks the wants in the order of the request. Behind a tree that lists it a wanted tree or blob has been
# seen, and filtered, before its own turn comes, so it is left out: no error, and the pack is shorter than the request. In
# the other order both come. Of 4,096 trees of the Linux source in the order of a walk 2,189 came.
#
# Why it matters here: a client that fetches many trees at once must want files first and then the trees from the bottom up,
# or in an order that has nothing to do with paths, must look what has come, and must ask for the rest again.
set -euo pipefail
version=1:2.39.5-0+deb12u3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
. "$here/support/requests.sh"
cd "$work"
apt-get -q download "git=$version" >/dev/null 2>&1
dpkg-deb -x git_*.deb git
export PATH=$work/git/usr/bin:$PATH GIT_EXEC_PATH=$work/git/usr/lib/git-core
git --version
git init -q -b main source
mkdir -p source/outer/inner
printf 'seven.\n' >source/outer/inner/file
git -C source add .
git -C source -c user.name=A -c user.email=a@example.org commit -q -m one
git -C source config uploadpack.allowFilter true
git -C source config uploadpack.allowAnySHA1InWant true
outer=$(git -C source rev-parse HEAD:outer) inner=$(git -C source rev-parse HEAD:outer/inner)

seen=
for order in "outer inner" "inner outer"; do
  read -r first second <<<"$order"
  objects=$(fetch_request tree:0 "${!first}" "${!second}" | GIT_PROTOCOL=version=2 git upload-pack --stateless-rpc source | objects_in_pack)
  echo "wanted $first, then $second: the pack has $objects objects"
  seen+="$objects "
done
[ "$seen" = "1 2 " ] || { echo "this has changed: $seen" >&2; exit 1; }

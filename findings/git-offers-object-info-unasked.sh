#!/usr/bin/env bash
# git's documentation says that a server advertises object-info if transfer.advertiseObjectInfo is true, and that it is
# false by default. One would expect: a server that nobody has configured offers no object-info, and one that was told
# false surely does not.
#
# What happens: git 2.39 (Debian 12's) advertises it whatever that key says, and answers it. It is the setting that is not
# looked at: nobody can switch it off. Its line has no value either, where later versions write "object-info=size".
#
# Why it matters here: sizes without contents are what makes `ls -l` of a mount cheap, and most servers of this version can
# tell them though their administrators never allowed it. So a client must go by the advertisement, must take the line
# without a value for one that tells sizes, and must be ready for the same host to tell none after an upgrade.
set -euo pipefail
version=1:2.39.5-0+deb12u3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -q download "git=$version" >/dev/null 2>&1
dpkg-deb -x git_*.deb git
export PATH=$work/git/usr/bin:$PATH GIT_EXEC_PATH=$work/git/usr/lib/git-core GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git --version
git init -q work
git -C work -c user.name=A -c user.email=a@example.org commit -q --allow-empty -m one
printf 'seven.\n' >work/file
id=$(git -C work hash-object -w file)

packet() { printf '%04x%s\n' $((${#1} + 5)) "$1"; }
surprises=0
for setting in unset false; do
  git -C work config --unset-all transfer.advertiseObjectInfo || true
  [ "$setting" = unset ] || git -C work config transfer.advertiseObjectInfo "$setting"
  offered=$(GIT_PROTOCOL=version=2 git upload-pack --http-backend-info-refs work | tr -d '\0' | grep -ao 'object-info[=a-z]*' || true)
  told=$({ packet "command=object-info"; packet "object-format=sha1"; printf 0001; packet size; packet "oid $id"; printf 0000; } |
    GIT_PROTOCOL=version=2 git upload-pack --stateless-rpc work 2>&1 | tr -d '\0' | grep -ao "$id .*" | sed 's/0000$//' || true)
  echo "transfer.advertiseObjectInfo $setting: advertised: '${offered:-nothing}', told of a blob of 7 bytes: '${told:-nothing}'"
  [ "$offered" = object-info ] && [ "$told" = "$id 7" ] && surprises=$((surprises + 1))
done
if [ "$surprises" != 2 ]; then
  echo "this has changed" >&2
  exit 1
fi

#!/usr/bin/env bash
# GIT_CONFIG_GLOBAL=/dev/null is how git's documentation has the user's settings left out. A program that then runs
# "git config --global user.name ..." in a container, as root: one would expect the write to vanish, or to fail.
#
# What happens: git writes a lock file beside the named file and renames it over that. Who may write in the folder, as root may
# in /dev, so replaces the device by an ordinary file. From then on everything on that machine that writes to /dev/null fills
# it, and what reads it reads that.
#
# Why it matters here: tests and jobs run git as root with that variable. A test that calls "git config --global" must name a
# file of its own. Shown with a device made for it, in a temporary folder.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "making a device takes root" >&2; exit 1; }
version=1:2.39.5-0+deb12u3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -q download "git=$version" >/dev/null 2>&1
dpkg-deb -x git_*.deb git
git=$work/git/usr/bin/git
"$git" --version
mkdir dev
mknod dev/null c 1 3
echo "before: $(stat -c %F dev/null)"
GIT_CONFIG_GLOBAL=$work/dev/null "$git" config --global user.name A
after=$(stat -c %F dev/null)
echo "git config --global ends with 0; after: $after, with $(stat -c %s dev/null) bytes"
[ "$after" = "regular file" ] || { echo "this has changed: $after" >&2; exit 1; }

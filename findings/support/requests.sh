# Sourced: requests of git's protocol version 2, and what an answer holds.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

packet() { printf '%04x%s\n' $((${#1} + 5)) "$1"; }

# fetch_request FILTER ID...
fetch_request() {
  packet "command=fetch"
  packet "agent=git/2.39.5"
  packet "object-format=sha1"
  printf 0001
  packet "ofs-delta"
  packet "no-progress"
  [ -z "$1" ] || packet "filter $1"
  shift
  for id; do packet "want $id"; done
  packet "done"
  printf 0000
}

# The number of objects in the pack of an answer on stdin, which is in one packet; "none": there is no pack.
objects_in_pack() {
  python3 -c '
import sys
answer = sys.stdin.buffer.read()
at = answer.find(b"PACK\0\0\0\2")
print(int.from_bytes(answer[at + 8:at + 12], "big") if at >= 0 else "none")'
}

#!/usr/bin/env bash
# A server closes the connection in the middle of its headers: "HTTP/1.1 200 OK", a Content-Type, and half a line more. One
# would expect an error, as curl has it for a body that breaks off before its Content-Length, and for a connection that closes
# before the status line.
#
# What happens: libcurl ends the transfer with CURLE_OK and status 200. The headers that came are taken for all of them, and,
# since no Content-Length was among them, the end of the connection for the end of an empty body.
#
# Why it matters here: a proxy or a server that is restarted closes connections at any byte. An answer without contents is what
# a git client must not take for "nothing there". So what counts is whether the empty line behind the headers has come, which
# CURLOPT_HEADERFUNCTION tells; without it the request is tried again.
set -euo pipefail
version=7.88.1-10+deb12u15
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"
apt-get -q download "curl=$version" "libcurl4=$version" >/dev/null 2>&1
for each in *.deb; do dpkg-deb -x "$each" tree; done
curl=$work/tree/usr/bin/curl
export LD_LIBRARY_PATH=$work/tree/usr/lib/$(uname -m)-linux-gnu
"$curl" --version | head -n 1

cat >server.py <<'END'
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
for answer in (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Len",
               b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"):
    connection, _ = listening.accept()
    connection.recv(65536)
    connection.sendall(answer)
    connection.close()
END
python3 server.py >port &
server=$!
until [ -s port ]; do sleep 0.1; done
url=http://127.0.0.1:$(cat port)/
seen=
for what in "in the headers" "in the body"; do
  status=0
  code=$("$curl" -s --noproxy '*' -o body -w '%{http_code}' "$url") || status=$?
  echo "the connection closes $what: curl ends with $status, HTTP status $code"
  seen+="$status "
done
[ "$seen" = "0 18 " ] || { echo "this has changed: $seen" >&2; exit 1; }

#include "backend/open/entry_source.hpp"

#include <cerrno>
#include <utility>

namespace gitfs {

result<source> source_of(const shown_repository& entry, const secret_reader& read_secret) {
  GITFS_TRY(out, parse_source(entry.source));
  out.profile = entry.profile;
  if (!entry.username.empty())
    out.username = entry.username;
  if (entry.token == secret_place{})
    return out;
  auto secret = read_secret(entry.token);
  if (!secret)
    return fail(EACCES, out.display + ": its token cannot be had: " + secret.error().message);
  out.password = std::move(secret.value());
  out.password_now = [read = read_secret, place = entry.token] { return read(place); };
  if (out.username.empty())
    out.username = "x-access-token"; // services look at the password alone, but want a name
  return out;
}

} // namespace gitfs

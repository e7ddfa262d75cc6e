// Secrets are kept outside of config files; what looks like one in a file is refused.
#pragma once

#include "config/deployment.hpp"
#include "config/error.hpp"

#include <string>
#include <string_view>

namespace gitfs {

/// Reads the secret, without the line end at its end; it may be another one each time. Empty if the place names neither
/// a variable nor a file. EACCES: the file can be read by others than its owner, and is not one that a runtime of
/// containers has handed out: with no right to write for anybody (or on a read-only file system), in folders that only
/// their owners can write to; EINVAL: it is empty, longer than 64 KiB or has a control character in it; ENOENT: no such
/// variable or file. Messages name the place, never the secret.
result<std::string> read_secret(const secret_place& place);

/// "environment NAME" or "file PATH"; empty: neither.
std::string show_place(const secret_place& place);

bool is_variable_name(std::string_view text);

/// Why this cannot be a user name; empty: it can.
std::string wrong_with_username(std::string_view name);

/// By how the keys of well-known services begin.
bool looks_like_token(std::string_view text);

/// What a URL must not hold where it stands in a file, "the URL holds a password"; empty: it is clean.
std::string secret_in_url(std::string_view url);

/// Whether the value of a header of this name is mostly a secret.
bool is_secret_header(std::string_view name);

} // namespace gitfs

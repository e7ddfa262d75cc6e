#include "config/secret.hpp"

#include "config/unique_fd.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <optional>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

// GitHub, GitLab, Slack, AWS, mesa and JWT.
constexpr string_view token_beginnings[] = {"ghp_",        "gho_",   "ghu_",  "ghs_",  "ghr_",
                                            "github_pat_", "glpat-", "gldt-", "glrt-", "glcbt-",
                                            "gloas-",      "xoxb-",  "xoxp-", "AKIA",  "eyJhbGci"};

constexpr string_view secret_words[] = {"authorization", "cookie", "token", "secret", "password", "key", "auth"};

string lower(string_view text) {
  string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool has_secret_word(string_view text) {
  const string name = lower(text);
  return std::ranges::any_of(secret_words, [&](string_view word) { return name.find(word) != string::npos; });
}

// As a random key: long, with digits, and of one piece.
bool looks_random(string_view text) {
  constexpr std::size_t least = 20;
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return text.size() >= least && std::ranges::any_of(text, is_digit)
         && std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

result<string> checked(string secret, const string& place) {
  while (secret.ends_with('\n') || secret.ends_with('\r'))
    secret.pop_back();
  if (secret.empty())
    return fail(EINVAL, "the " + place + " is empty");
  if (std::ranges::any_of(secret, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return fail(EINVAL, "the " + place + " has more than one line, or a control character, in it");
  return secret;
}

bool on_read_only(int fd) {
  struct statvfs facts {};
  return ::fstatvfs(fd, &facts) == 0 && (facts.f_flag & ST_RDONLY) != 0;
}

// Who can write to a folder can put another secret there. With the sticky bit only what is their own.
bool others_may_put(const std::filesystem::path& folder) {
  constexpr mode_t others_write = S_IWGRP | S_IWOTH;
  const unique_fd opened{::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  struct stat facts {};
  return !opened || ::fstat(opened.get(), &facts) != 0
         || ((facts.st_mode & others_write) != 0 && (facts.st_mode & S_ISVTX) == 0 && !on_read_only(opened.get()));
}

// Runtimes of containers hand secrets out so that each process of the container can read them, whatever its user is:
// Docker with mode 0444, Kubernetes with 0644 or 0440 on a read-only file system, behind links through "..data". A file
// that its owner can change is none of theirs, and its mode is a mistake.
bool is_handed_out(int fd, const struct stat& facts, const std::filesystem::path& path) {
  constexpr mode_t any_write = S_IWUSR | S_IWGRP | S_IWOTH;
  if ((facts.st_mode & any_write) != 0 && !on_read_only(fd))
    return false;
  std::error_code failed;
  const auto real = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), failed);
  return !failed && !others_may_put(path.parent_path()) && !others_may_put(real.parent_path());
}

result<string> read_file(const std::filesystem::path& path) {
  constexpr std::size_t most = std::size_t{64} << 10;
  const string place = "secret file " + path.string();
  // A pipe that nobody writes to would stop the mount.
  const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file)
    return system_failure(errno, place);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0)
    return system_failure(errno, place);
  if (!S_ISREG(facts.st_mode))
    return fail(EINVAL, "the " + place + " is not a regular file");
  if ((facts.st_mode & 077U) != 0 && !is_handed_out(file.get(), facts, path))
    return fail(EACCES, fmt::format("the {} is open to others than its owner (mode {:03o}): chmod 600 it", place,
                                    facts.st_mode & 0777U));
  string out;
  std::array<char, 4096> part{};
  while (out.size() <= most) {
    const ssize_t size = ::read(file.get(), part.data(), part.size());
    if (size < 0 && errno != EINTR)
      return system_failure(errno, place);
    if (size == 0)
      return checked(std::move(out), place);
    if (size > 0)
      out.append(part.data(), static_cast<std::size_t>(size));
  }
  return fail(EINVAL, "the " + place + " is longer than 64 KiB");
}

} // namespace

result<string> read_secret(const secret_place& place) {
  if (!place.file.empty())
    return read_file(place.file);
  if (place.environment.empty())
    return string{};
  const char* const value = std::getenv(place.environment.c_str());
  if (value == nullptr)
    return fail(ENOENT, "the variable " + place.environment + " is not set: it should hold a secret");
  return checked(value, "variable " + place.environment);
}

bool is_variable_name(string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0
         && std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

string wrong_with_username(string_view name) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (looks_like_token(name))
    return "what looks like a token stands here: only the user name belongs here";
  if (name.find(':') != string_view::npos || std::ranges::any_of(name, is_control))
    return "a user name has no ':' and no control character in it";
  return "";
}

string show_place(const secret_place& place) {
  if (!place.file.empty())
    return "file " + place.file.string();
  return place.environment.empty() ? "" : "environment " + place.environment;
}

bool looks_like_token(string_view text) {
  return text.size() >= 8
         && std::ranges::any_of(token_beginnings, [text](string_view begin) { return text.starts_with(begin); });
}

string secret_in_url(string_view url) {
  if (looks_like_token(url))
    return "this looks like a token";
  if (const auto user = url.find("://") == string_view::npos ? std::nullopt : userinfo_of(url)) {
    const string_view text = url.substr(user->begin, user->size);
    if (has_unencoded_userinfo(url))
      return "the URL holds a password (or an '@' in its path, which is written %40)";
    if (text.find(':') != string_view::npos || looks_like_token(text) || looks_random(text))
      return "the URL holds a password";
  }
  std::size_t at = url.find('?');
  while (at != string_view::npos && at + 1 < url.size()) {
    const std::size_t end = std::min(url.find('&', at + 1), url.size());
    const string_view pair = url.substr(at + 1, end - at - 1);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (equals < pair.size() && (has_secret_word(pair.substr(0, equals)) || looks_like_token(pair.substr(equals + 1))))
      return "the URL holds a secret, '" + string{pair.substr(0, equals)} + "'";
    at = end < url.size() ? end : string_view::npos;
  }
  return "";
}

bool is_secret_header(string_view name) {
  return has_secret_word(name);
}

} // namespace gitfs

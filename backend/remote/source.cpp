#include "backend/remote/source.hpp"

#include "backend/git_config/url_match.hpp"
#include "backend/os/url.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>
#include <system_error>

namespace gitfs {

namespace {

namespace fs = std::filesystem;

void strip_trailing_slashes(std::string& text, std::size_t keep) {
  while (text.size() > keep && text.back() == '/')
    text.pop_back();
}

/// Only characters that cannot harm a terminal.
std::string shown(std::string_view text) {
  std::string out = without_userinfo(text);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

result<source> local_source(std::string path) {
  std::error_code failure;
  const bool there = fs::exists(path, failure);
  if (failure)
    return fail(failure.value(), shown(path) + ": " + failure.message());
  if (!there)
    return fail(ENOENT,
                shown(path)
                    + ": no such file or directory; give the path of a repository on this machine, or the "
                      "http:// or https:// URL of a remote one, with its host, as in https://HOST/team/project");
  source out;
  out.kind = source::kind_type::local;
  out.location = fs::absolute(path, failure).string();
  if (failure)
    return fail(failure.value(), shown(path) + ": " + failure.message());
  strip_trailing_slashes(out.location, 1);
  out.display = out.location;
  return out;
}

result<source> file_source(const std::string& argument) {
  std::string_view rest = std::string_view{argument}.substr(std::string_view{"file://"}.size());
  constexpr std::string_view localhost = "localhost/";
  if (rest.starts_with(localhost))
    rest.remove_prefix(localhost.size() - 1);
  if (!rest.starts_with('/'))
    return fail(EINVAL, shown(argument) + ": a file:// URL needs an absolute path, as in file:///srv/repository.git");
  auto path = percent_decoded_text(rest);
  if (!path || rest.find_first_of("?#") != std::string_view::npos)
    return fail(EINVAL, shown(argument) + ": not a valid file:// URL; give the plain path instead");
  return local_source(std::move(*path));
}

result<source> remote_source(const std::string& argument) {
  if (has_unencoded_userinfo(argument))
    return fail(EINVAL, shown(argument)
                            + ": write a \"/\", \"?\" or \"#\" in the user name or password as %2F, %3F or %23 (or the "
                              "\"@\" as %40, if it is part of the path)");
  auto parsed = parse_url(argument);
  if (!parsed)
    return fail(EINVAL, shown(argument) + ": " + parsed.error().message);
  url_parts& url = parsed.value();
  if (url.host.empty())
    return fail(EINVAL, shown(argument) + ": the URL names no host");
  if (url.has_query || url.has_fragment)
    return fail(EINVAL, shown(url.origin() + url.path)
                            + ": a repository URL has no query (\"?…\") and no fragment (\"#…\"); give it without");
  source out;
  out.kind = source::kind_type::remote;
  out.location = url.origin() + url.path;
  strip_trailing_slashes(out.location, url.origin().size());
  out.display = out.location;
  out.username = std::move(url.username);
  out.password = std::move(url.password);
  return out;
}

std::string scheme_of(const std::string& argument) {
  const std::size_t end = argument.find("://");
  if (end == std::string::npos || end == 0)
    return {};
  std::string scheme = argument.substr(0, end);
  for (char& c : scheme) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '+' && c != '-' && c != '.')
      return {};
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return scheme;
}

/// What the same repository is most often called over HTTPS: git@host:a/b and ssh://git@host:22/a/b → https://host/a/b.
std::string https_guess(const std::string& argument) {
  std::string_view rest = argument;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos)
    rest.remove_prefix(scheme + 3);
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos)
    rest.remove_prefix(at + 1);
  const std::string_view host = rest.substr(0, rest.find_first_of(":/"));
  rest.remove_prefix(host.size());
  if (rest.starts_with(':')) { // a port, or the path of the scp form
    rest.remove_prefix(1);
    const std::string_view digits = rest.substr(0, rest.find('/'));
    if (std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      rest.remove_prefix(digits.size());
  }
  while (rest.starts_with('/'))
    rest.remove_prefix(1);
  return "https://" + shown(host) + "/" + shown(rest);
}

result<source> refuse_ssh(const std::string& argument) {
  return fail(ENOTSUP, shown(argument) + ": SSH is not supported; give the repository's HTTPS URL, perhaps "
                           + https_guess(argument));
}

// "8080/path". git would take it for ssh and a path that begins with a number, which hardly anybody has.
bool starts_with_port(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  return digits != 0 && digits <= 5 && digits < text.size() && text[digits] == '/';
}

result<source> refuse_without_scheme(const std::string& argument) {
  return fail(EINVAL, shown(argument) + ": a URL begins with http:// or https://, as in https://" + shown(argument));
}

result<source> refuse_git(const std::string& argument) {
  return fail(ENOTSUP, shown(argument)
                           + ": the git:// protocol is not supported (it is neither encrypted nor authenticated); give "
                             "the repository's HTTPS URL, perhaps "
                           + https_guess(argument));
}

constexpr struct {
  std::string_view scheme;
  result<source> (*parse)(const std::string&);
} schemes[] = {
    {"http", remote_source}, {"https", remote_source}, {"file", file_source}, {"ssh", refuse_ssh},
    {"git+ssh", refuse_ssh}, {"ssh+git", refuse_ssh},  {"git", refuse_git},
};

result<source> parse_plain(const std::string& argument) {
  if (const std::string scheme = scheme_of(argument); !scheme.empty()) {
    for (const auto& known : schemes)
      if (known.scheme == scheme)
        return known.parse(argument);
    return fail(ENOTSUP,
                shown(argument) + ": " + scheme + ":// is not supported; give a path, or an http:// or https:// URL");
  }
  std::error_code ignored; // local_source says what is wrong with the path
  // As git: with a colon before the first slash it is host:path, unless there is such a file.
  const std::size_t colon = argument.find(':');
  if (colon != std::string::npos && colon != 0 && colon < argument.find('/') && !fs::exists(argument, ignored))
    return starts_with_port(argument.substr(colon + 1)) ? refuse_without_scheme(argument) : refuse_ssh(argument);
  return local_source(argument);
}

bool is_http(const std::string& argument) {
  const std::string scheme = scheme_of(argument);
  return scheme == "http" || scheme == "https";
}

/// As git: an existing path is rewritten in its absolute form, and what is neither a path nor has a colon is no source.
std::optional<rewritten_url> rewritten_source(const git_settings& git, const std::string& argument) {
  std::error_code ignored;
  if (scheme_of(argument).empty() && fs::exists(argument, ignored))
    return rewritten(git, fs::absolute(argument, ignored).string());
  return argument.find(':') == std::string::npos ? std::nullopt : rewritten(git, argument);
}

/// What git matches the URLs of its configuration with: a user name counts, a password does not.
std::string matched_url(const source& from) {
  const std::size_t host = from.location.find("://") + 3;
  return from.username.empty()
             ? from.location
             : from.location.substr(0, host) + percent_encode(from.username) + "@" + from.location.substr(host);
}

} // namespace

result<source> parse_source(const std::string& argument, const git_settings& git) {
  if (argument.empty())
    return fail(EINVAL, "no repository given; give a path, or an http:// or https:// URL");
  const auto other = rewritten_source(git, argument);
  auto out = parse_plain(other ? other->url : argument);
  if (other) {
    const std::string by = redacted(other->by->key) + " in " + other->by->origin;
    if (!out && out.error().code == ENOTSUP && is_http(argument)) {
      out = parse_plain(argument);
      if (out)
        out.value().warnings.push_back(
            fmt::format("{}: not rewritten as {} says, since only git itself can use the URL that this makes",
                        out.value().display, by));
    } else if (!out) {
      return fail(out.error().code,
                  out.error().message + " (this is what " + by + " makes of " + shown(argument) + ")");
    }
  }
  if (!out || out.value().kind == source::kind_type::local)
    return out;
  source& from = out.value();
  GITFS_TRY(http, http_settings::of(git, matched_url(from)));
  from.http = std::move(http);
  if (!from.http.unverified_by.empty() && from.location.starts_with("https:"))
    from.warnings.push_back(from.display + ": its TLS certificate is not verified (" + from.http.unverified_by
                            + "): anybody on the way can read and change what is shown");
  return out;
}

result<source> parse_source(const std::string& argument) {
  GITFS_TRY(git, git_settings::read());
  return parse_source(argument, git);
}

} // namespace gitfs

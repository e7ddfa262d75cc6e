#include "backend/git_config/url_match.hpp"

#include "backend/os/text.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace gitfs {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view reserved = ":/?#[]@!$&'()*+,;=";

bool consists_of(std::string_view text, std::string_view first, std::string_view second, std::string_view third = {}) {
  return std::ranges::all_of(text, [&](char c) {
    return first.find(c) != std::string_view::npos || second.find(c) != std::string_view::npos
           || third.find(c) != std::string_view::npos;
  });
}

/// Percent codes for exactly those characters that need one, in upper case. A reserved character stays as it was
/// written, since coded and bare it means different things. None: a code is malformed.
std::optional<std::string> normal_codes(std::string_view text) {
  constexpr std::string_view unsafe = " <>\"%{}|\\^`", hex = "0123456789ABCDEF";
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto c = static_cast<unsigned char>(text[at]);
    bool was_coded = false;
    if (c == '%') {
      unsigned value = 0;
      if (at + 2 >= text.size())
        return std::nullopt;
      const auto [end, failure] = std::from_chars(text.data() + at + 1, text.data() + at + 3, value, 16);
      if (failure != std::errc{} || end != text.data() + at + 3)
        return std::nullopt;
      c = static_cast<unsigned char>(value);
      was_coded = true;
      at += 2;
    }
    const auto is_in = [c](std::string_view set) { return set.find(static_cast<char>(c)) != std::string_view::npos; };
    if (c <= 0x1f || c >= 0x7f || is_in(unsafe) || (was_coded && is_in(reserved)))
      (((out += '%') += hex[c >> 4]) += hex[c & 15]);
    else
      out += static_cast<char>(c);
  }
  return out;
}

/// "" for the scheme's own port. None: this is no port.
std::optional<std::string> normal_port(std::string_view port, std::string_view scheme) {
  if (port.empty())
    return std::string{};
  port.remove_prefix(std::min(port.find_first_not_of('0'), port.size()));
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (failure != std::errc{} || end != port.data() + port.size() || number > 65535)
    return std::nullopt;
  if ((scheme == "http" && port == "80") || (scheme == "https" && port == "443"))
    return std::string{};
  return std::string{port};
}

/// "/" and the segments without "." and ".."; then query and fragment. None: a code is malformed, or a ".." leads above
/// the host.
std::optional<std::string> normal_path(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("?#"), text.size());
  std::string_view rest = text.substr(0, end);
  if (rest.starts_with('/'))
    rest.remove_prefix(1);
  std::string out = "/";
  for (bool more = true; more;) {
    const std::size_t slash = rest.find('/');
    more = slash != std::string_view::npos;
    const auto segment = normal_codes(rest.substr(0, slash));
    rest.remove_prefix(more ? slash + 1 : rest.size());
    if (!segment)
      return std::nullopt;
    if (*segment == "..") {
      if (out.size() == 1)
        return std::nullopt;
      out.resize(out.rfind('/', out.size() - 2) + 1);
    } else if (*segment != ".") {
      out += *segment;
      if (more)
        out += '/';
      continue;
    }
    // git drops the slash before a last "." or "..", but never the first one.
    if (!more && out.size() > 1)
      out.pop_back();
  }
  const auto behind = normal_codes(text.substr(end));
  return behind ? std::optional{out + *behind} : std::nullopt;
}

/// Label by label; a label "*" of the pattern stands for any one.
bool host_fits(std::string_view pattern, std::string_view host) {
  while (!pattern.empty() && !host.empty()) {
    const std::string_view wanted = pattern.substr(0, pattern.find('.')), label = host.substr(0, host.find('.'));
    if (wanted != "*" && wanted != label)
      return false;
    pattern.remove_prefix(std::min(wanted.size() + 1, pattern.size()));
    host.remove_prefix(std::min(label.size() + 1, host.size()));
  }
  return pattern.empty() && host.empty();
}

/// The length of the match, with a slash at its end, whether it is there or not. 0: `path` is not below `pattern`.
std::size_t path_fit(std::string_view pattern, std::string_view path) {
  if (pattern.ends_with('/'))
    pattern.remove_suffix(1);
  if (!path.starts_with(pattern) || (path.size() > pattern.size() && path[pattern.size()] != '/'))
    return 0;
  return pattern.size() + 1;
}

} // namespace

std::optional<normal_url> normal_url::parse(std::string_view url, bool pattern) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0 || letters.find(url.front()) == std::string_view::npos
      || !consists_of(url.substr(0, scheme_end), letters, digits, "+.-"))
    return std::nullopt;
  normal_url out;
  out.scheme = lower_case(url.substr(0, scheme_end));
  std::string_view rest = url.substr(scheme_end + 3);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (const std::size_t at = authority.find('@'); at != std::string_view::npos) {
    const auto userinfo = normal_codes(authority.substr(0, at));
    if (!userinfo)
      return std::nullopt;
    out.user = userinfo->substr(0, userinfo->find(':'));
    authority.remove_prefix(at + 1);
  }
  const bool is_file = out.scheme == "file";
  if ((authority.empty() || authority.starts_with(':')) && !is_file)
    return std::nullopt;
  std::string_view host = authority;
  // The last colon begins the port, unless it is one within the brackets of an IPv6 address.
  if (const std::size_t colon = authority.find_last_of(":]");
      colon != std::string_view::npos && authority[colon] == ':') {
    host = authority.substr(0, colon);
    if (is_file && host.empty() && colon + 1 != authority.size())
      return std::nullopt;
    auto port = normal_port(authority.substr(colon + 1), out.scheme);
    if (!port)
      return std::nullopt;
    out.port = std::move(*port);
  }
  if (!consists_of(host, letters, digits, pattern ? ".-_[:]*" : ".-_[:]"))
    return std::nullopt;
  out.host = lower_case(host);
  auto path = normal_path(rest);
  if (!path)
    return std::nullopt;
  out.path = std::move(*path);
  return out;
}

std::optional<url_fit> fit(const normal_url& pattern, const normal_url& url) {
  if (pattern.scheme != url.scheme || (pattern.user && pattern.user != url.user) || !host_fits(pattern.host, url.host)
      || pattern.port != url.port)
    return std::nullopt;
  const std::size_t path = path_fit(pattern.path, url.path);
  return path == 0 ? std::nullopt : std::optional{url_fit{pattern.host.size(), path, pattern.user.has_value()}};
}

std::vector<const git_setting*> settings_of(const git_settings& all, std::string_view section, std::string_view url) {
  const auto wanted = normal_url::parse(url);
  std::map<std::string_view, url_fit> best; // by variable
  std::vector<const git_setting*> out;
  for (const git_setting& each : all.all()) {
    if (each.section() != section)
      continue;
    url_fit how;
    if (each.key.find('.') != each.key.rfind('.')) {
      const auto pattern = normal_url::parse(each.subsection(), true);
      const auto fits = wanted && pattern ? fit(*pattern, *wanted) : std::nullopt;
      if (!fits)
        continue;
      how = *fits;
    }
    const auto [known, is_new] = best.try_emplace(each.variable(), how);
    if (!is_new && how < known->second)
      continue;
    known->second = how;
    out.push_back(&each);
  }
  return out;
}

std::optional<rewritten_url> rewritten(const git_settings& all, std::string_view url) {
  const git_setting* longest = nullptr;
  std::vector<std::string_view> bases; // in the order of their first setting, which decides between equal ones
  for (const git_setting& each : all.all())
    if (each.section() == "url" && each.variable() == "insteadof" && each.value
        && each.key.find('.') != each.key.rfind('.') && std::ranges::find(bases, each.subsection()) == bases.end())
      bases.push_back(each.subsection());
  for (const std::string_view base : bases)
    for (const git_setting& each : all.all())
      if (each.section() == "url" && each.variable() == "insteadof" && each.value && each.subsection() == base
          && url.starts_with(*each.value) && (longest == nullptr || longest->value->size() < each.value->size()))
        longest = &each;
  if (longest == nullptr)
    return std::nullopt;
  return rewritten_url{std::string{longest->subsection()} + std::string{url.substr(longest->value->size())}, longest};
}

} // namespace gitfs

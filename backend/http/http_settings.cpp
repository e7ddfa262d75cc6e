#include "backend/http/http_settings.hpp"

#include "backend/git_config/url_match.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace gitfs {

namespace {

auto malformed(const git_setting& which, const std::string& why) {
  return fail(EINVAL, redacted("git's configuration: " + which.key + " in " + which.origin + " " + why));
}

result<void> take_proxy(const git_setting& from, http_settings& to) {
  to.transport.proxy = *from.value;
  return success();
}

result<void> take_header(const git_setting& from, http_settings& to) {
  if (from.value->empty()) // an empty value clears the list, as in git
    to.headers.clear();
  else if (std::ranges::any_of(*from.value, [](unsigned char c) { return c < 0x20 && c != '\t'; }))
    return malformed(from, "holds a line break, which a header cannot");
  else
    to.headers.push_back(*from.value);
  return success();
}

result<void> take_cookies(const git_setting& from, http_settings& to) {
  to.cookie_file = git_path(*from.value);
  return success();
}

result<void> take_verification(const git_setting& from, http_settings& to) {
  const auto verify = git_boolean(from.value);
  if (!verify)
    return malformed(from, "is neither true nor false");
  to.transport.trust.verify = *verify;
  to.unverified_by = *verify ? "" : "http.sslVerify=false in " + from.origin;
  return success();
}

template <std::string tls_trust::*place>
result<void> take_path(const git_setting& from, http_settings& to) {
  to.transport.trust.*place = git_path(*from.value);
  return success();
}

std::string plain(const std::string& value) {
  return value;
}

/// A proxy has no path, so that all before the last "@" is credentials, whatever it looks like.
std::string without_secret(const std::string& value) {
  const std::size_t scheme = value.find("://"), at = value.rfind('@');
  if (at == std::string::npos)
    return value;
  return (scheme < at ? value.substr(0, scheme + 3) : "") + value.substr(at + 1);
}

std::string header_name(const std::string& value) {
  const std::size_t colon = value.find(':');
  return value.empty()                ? "(none of those before)"
         : colon == std::string::npos ? "(not shown)"
                                      : value.substr(0, colon) + ": (not shown)";
}

struct row {
  std::string_view variable; ///< as libgit2 gives it, in lower case
  const char* name;
  bool needs_value;
  bool several; ///< all values count
  result<void> (*take)(const git_setting&, http_settings&);
  std::string (*show)(const std::string&);
  const char* overridden_by; ///< a variable of the environment; null: none
};

constexpr row rows[] = {
    {"proxy", "http.proxy", true, false, take_proxy, without_secret, nullptr},
    {"extraheader", "http.extraHeader", true, true, take_header, header_name, nullptr},
    {"cookiefile", "http.cookieFile", true, false, take_cookies, plain, nullptr},
    {"sslverify", "http.sslVerify", false, false, take_verification, plain, nullptr},
    {"sslcainfo", "http.sslCAInfo", true, false, take_path<&tls_trust::file>, plain, "GIT_SSL_CAINFO"},
    {"sslcapath", "http.sslCAPath", true, false, take_path<&tls_trust::folder>, plain, "GIT_SSL_CAPATH"},
    {"sslcert", "http.sslCert", true, false, take_path<&tls_trust::client_certificate>, plain, "GIT_SSL_CERT"},
    {"sslkey", "http.sslKey", true, false, take_path<&tls_trust::client_key>, plain, "GIT_SSL_KEY"},
};

const row* row_of(const git_setting& setting) {
  const auto* found = std::ranges::find(rows, setting.variable(), &row::variable);
  return found == std::end(rows) ? nullptr : found;
}

} // namespace

result<http_settings> http_settings::of(const git_settings& all, const std::string& url) {
  http_settings out;
  out.transport.trust = {};
  for (const git_setting* each : settings_of(all, "http", url)) {
    const row* known = row_of(*each);
    if (known == nullptr)
      continue;
    if (known->needs_value && !each->value)
      return malformed(*each, "has no value");
    GITFS_TRYV(known->take(*each, out));
  }
  out.transport.trust = tls_trust::of_environment(out.transport.trust);
  return out;
}

result<transport_settings> transport_of(const std::string& url) {
  GITFS_TRY(all, git_settings::read());
  GITFS_TRY(out, http_settings::of(all, url));
  return std::move(out.transport);
}

std::vector<shown_git_setting> shown_git_settings(const git_settings& all, const std::string& url) {
  std::vector<shown_git_setting> out;
  std::string used = url;
  if (const auto other = rewritten(all, url)) {
    used = other->url;
    out.push_back({"url.insteadOf", without_userinfo(used), other->by->origin});
  }
  for (const git_setting* each : settings_of(all, "http", used)) {
    const row* known = row_of(*each);
    if (known == nullptr)
      continue;
    shown_git_setting one{known->name, known->show(each->value.value_or("true")), each->origin};
    if (known->overridden_by != nullptr)
      if (const std::string value = tls_trust::variable(known->overridden_by); !value.empty())
        one = {known->name, value, std::string{"environment "} + known->overridden_by};
    const auto same = [&](const shown_git_setting& before) { return before.name == one.name; };
    if (!known->several)
      std::erase_if(out, same);
    out.push_back(std::move(one));
  }
  return out;
}

} // namespace gitfs

#include "backend/forges.hpp"
#include "backend/mesa_host.hpp"
#include "backend/url.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

namespace {

/// What is peculiar to a service behind REST.
constexpr struct {
  host_kind kind;
  std::unique_ptr<forge> (*make)(std::shared_ptr<forge_access> access, std::string url);
  const char* api; ///< below the service's URL
  const char* accept;
  const char* header;
  const char* auth_scheme;
} rest_kinds[] = {
    {host_kind::github, make_github_forge, "/api/v3", "application/vnd.github+json", "X-GitHub-Api-Version: 2022-11-28",
     "Bearer"},
    {host_kind::gitea, make_gitea_forge, "/api/v1", "application/json", "", "token"},
    {host_kind::gitlab, make_gitlab_forge, "/api/v4", "application/json", "", "Bearer"},
};

const auto* rest_kind(host_kind kind) {
  const auto* found =
      std::find_if(std::begin(rest_kinds), std::end(rest_kinds), [&](auto& each) { return each.kind == kind; });
  return found == std::end(rest_kinds) ? nullptr : found;
}

} // namespace

std::string usual_api(host_kind kind, const std::string& url) {
  const auto* known = rest_kind(kind);
  if (known == nullptr)
    return {};
  return kind == host_kind::github && url == "https://github.com" ? "https://api.github.com" : url + known->api;
}

rest_options forge_options(host_kind kind, const std::string& api, const host_needs& needs) {
  rest_options out{.base = api};
  if (const auto* known = rest_kind(kind)) {
    out.accept = known->accept;
    out.auth_scheme = known->auth_scheme;
    if (*known->header != '\0')
      out.headers = {known->header};
  }
  out.limits = needs.limits;
  out.retries = needs.retries;
  out.client = needs.client;
  return out;
}

result<std::shared_ptr<repository_host>> make_host(const shown_host& what, const host_needs& needs) {
  const std::string display = without_userinfo(what.url);
  forge_tokens tokens{what.token, what.tokens, needs.read_secret};
  forge_host::memory keep = needs.keep;
  keep.absent = what.absent;
  std::unique_ptr<forge> service;
  if (what.kind != host_kind::git)
    if (auto url = parse_url(what.url); !url || !url.value().scheme.starts_with("http"))
      return fail(EINVAL, display + ": a service has an http:// or https:// URL");
  if (what.kind == host_kind::mesa) {
    mesa_host_options options{
        .url = what.api.empty() ? what.url : what.api, .tokens = what.tokens, .token = what.token};
    options.limits = needs.limits;
    options.client = needs.client;
    options.keep_present = keep.present;
    options.keep_absent = keep.absent;
    options.now = keep.now;
    return std::make_shared<mesa_host>(std::move(options), needs.read_secret, needs.open_store);
  }
  if (const auto* known = rest_kind(what.kind)) {
    const std::string api = what.api.empty() ? usual_api(what.kind, what.url) : what.api;
    auto access = std::make_shared<forge_access>(what.url, forge_options(what.kind, api, needs), std::move(tokens));
    service = known->make(std::move(access), what.url);
  } else {
    GITFS_TRY(made, make_git_forge(what.url, std::move(tokens), needs.limits, needs.client));
    service = std::move(made);
  }
  return std::make_shared<forge_host>(std::move(service), display, needs.open, std::move(keep));
}

} // namespace gitfs

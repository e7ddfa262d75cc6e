#include "backend/forge/forges.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

namespace {

/// What is peculiar to a forge behind REST.
constexpr struct {
  forge_kind kind;
  std::unique_ptr<forge> (*make)(std::shared_ptr<forge_access> access, std::string url);
  const char* api; ///< below the forge's URL
  const char* accept;
  const char* header;
  const char* auth_scheme;
} rest_kinds[] = {
    {forge_kind::github, make_github_forge, "/api/v3", "application/vnd.github+json",
     "X-GitHub-Api-Version: 2022-11-28", "Bearer"},
    {forge_kind::gitea, make_gitea_forge, "/api/v1", "application/json", "", "token"},
    {forge_kind::gitlab, make_gitlab_forge, "/api/v4", "application/json", "", "Bearer"},
};

const auto* rest_kind(forge_kind kind) {
  const auto* found =
      std::find_if(std::begin(rest_kinds), std::end(rest_kinds), [&](auto& each) { return each.kind == kind; });
  return found == std::end(rest_kinds) ? nullptr : found;
}

} // namespace

std::string usual_api(forge_kind kind, const std::string& url) {
  const auto* known = rest_kind(kind);
  if (known == nullptr)
    return {};
  return kind == forge_kind::github && url == "https://github.com" ? "https://api.github.com" : url + known->api;
}

rest_options forge_options(forge_kind kind, const std::string& api) {
  rest_options out{.base = api};
  if (const auto* known = rest_kind(kind)) {
    out.accept = known->accept;
    out.auth_scheme = known->auth_scheme;
    if (*known->header != '\0')
      out.headers = {known->header};
  }
  return out;
}

std::unique_ptr<forge> make_rest_forge(forge_kind kind, std::shared_ptr<forge_access> access, std::string url) {
  const auto* known = rest_kind(kind);
  return known == nullptr ? nullptr : known->make(std::move(access), std::move(url));
}

} // namespace gitfs

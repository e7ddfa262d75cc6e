// The forges that are known, and how each is asked (their REST documentation).
#pragma once

#include "backend/forge/forge.hpp"
#include "backend/forge/forge_access.hpp"
#include "backend/http/upstream_limits.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// Where a kind's REST API is for the forge at `url`: "https://github.com" → "https://api.github.com". Empty: the
/// kind has none.
std::string usual_api(forge_kind kind, const std::string& url);

/// How a kind's API is asked that is at `api`; limits and client are the caller's to set.
rest_options forge_options(forge_kind kind, const std::string& api);

/// Of a kind that has a REST API, for the forge at `url`; null: the kind has none.
std::unique_ptr<forge> make_rest_forge(forge_kind kind, std::shared_ptr<forge_access> access, std::string url);

std::unique_ptr<forge> make_github_forge(std::shared_ptr<forge_access> access, std::string url);
std::unique_ptr<forge> make_gitea_forge(std::shared_ptr<forge_access> access, std::string url);
std::unique_ptr<forge> make_gitlab_forge(std::shared_ptr<forge_access> access, std::string url);
/// `tmpl`: "https://git.example/{owner}/{repo}.git" or with {path}.
result<std::unique_ptr<forge>> make_git_forge(std::string tmpl, forge_tokens tokens, upstream_limits limits,
                                              std::shared_ptr<http_client> client = {});

/// Sizes of the repository `path` ("owner/repo") by the API of a kind; null: it tells none.
std::shared_ptr<size_source> forge_sizes(forge_kind kind, std::shared_ptr<forge_access> access,
                                         const std::string& owner, const std::string& path);

} // namespace gitfs

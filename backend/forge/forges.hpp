// Makes the known kinds of forges. How each is asked follows its REST documentation.
#pragma once

#include "backend/forge/forge.hpp"
#include "backend/forge/forge_access.hpp"
#include "backend/http/upstream_limits.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// The usual URL of the REST API of a forge at `url`: "https://github.com" → "https://api.github.com". Empty: the kind
/// has no API.
std::string usual_api(forge_kind kind, const std::string& url);

/// The options for the API of that kind at the URL `api`, without limits and client, which the caller sets.
rest_options forge_options(forge_kind kind, const std::string& api);

/// A forge of a kind that has a REST API; null: the kind has none.
std::unique_ptr<forge> make_rest_forge(forge_kind kind, std::shared_ptr<forge_access> access, std::string url);

std::unique_ptr<forge> make_github_forge(std::shared_ptr<forge_access> access, std::string url);
std::unique_ptr<forge> make_gitea_forge(std::shared_ptr<forge_access> access, std::string url);
std::unique_ptr<forge> make_gitlab_forge(std::shared_ptr<forge_access> access, std::string url);
/// `tmpl`: "https://git.example/{owner}/{repo}.git" or with {path}.
result<std::unique_ptr<forge>> make_git_forge(std::string tmpl, forge_tokens tokens, upstream_limits limits,
                                              std::shared_ptr<http_client> client = {});

/// The source of sizes of the repository `path` ("owner/repo"), by the API of that kind; null: it tells no sizes.
std::shared_ptr<size_source> forge_sizes(forge_kind kind, std::shared_ptr<forge_access> access,
                                         const std::string& owner, const std::string& path);

} // namespace gitfs

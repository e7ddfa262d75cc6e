// The services that are known, and how each is asked (their REST documentation).
#pragma once

#include "backend/forge.hpp"
#include "backend/forge_access.hpp"
#include "backend/forge_host.hpp"
#include "backend/object_store.hpp"
#include "backend/upstream_limits.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace gitfs {

/// The store of an upstream, by its URL without credentials.
using store_opener = std::function<result<std::shared_ptr<object_store>>(const std::string& key)>;

/// What a host needs of its process.
struct host_needs {
  repository_opener open;
  secret_reader read_secret;
  store_opener open_store{};             ///< of services whose repositories are no git servers (mesa)
  upstream_limits limits{};              ///< of requests to the API
  std::shared_ptr<http_client> client{}; ///< null: one of its own
  retry_limits retries{};
  forge_host::memory keep{}; ///< but `absent`, which is the host's own
};

/// By its kind; no request is made. EINVAL: the URL or template is none.
result<std::shared_ptr<repository_host>> make_host(const shown_host& what, const host_needs& needs);

/// Where a kind's REST API is for the service at `url`: "https://github.com" → "https://api.github.com". Empty: the
/// kind has none.
std::string usual_api(host_kind kind, const std::string& url);

/// How a kind's API is asked for a service at `url` whose API is at `api`.
rest_options forge_options(host_kind kind, const std::string& api, const host_needs& needs);

std::unique_ptr<forge> make_github_forge(std::shared_ptr<forge_access> access, std::string url);
std::unique_ptr<forge> make_gitea_forge(std::shared_ptr<forge_access> access, std::string url);
std::unique_ptr<forge> make_gitlab_forge(std::shared_ptr<forge_access> access, std::string url);
/// `tmpl`: "https://git.example/{owner}/{repo}.git" or with {path}.
result<std::unique_ptr<forge>> make_git_forge(std::string tmpl, forge_tokens tokens, upstream_limits limits,
                                              std::shared_ptr<http_client> client = {});

/// Sizes of the repository `path` ("owner/repo") by the API of a kind; null: it tells none.
std::shared_ptr<size_source> forge_sizes(host_kind kind, std::shared_ptr<forge_access> access, const std::string& owner,
                                         const std::string& path);

} // namespace gitfs

#include "backend/open/make_forge.hpp"

#include "backend/forge/forges.hpp"
#include "backend/mesa/mesa_forge.hpp"
#include "backend/os/url.hpp"

#include <cerrno>

namespace gitfs {

result<std::shared_ptr<forge_tree>> make_forge(const shown_forge& what, const forge_needs& needs) {
  const std::string display = without_userinfo(what.url);
  forge_tokens tokens{what.token, what.tokens, needs.read_secret, what.username};
  cached_forge::memory keep = needs.keep;
  keep.absent = what.absent;
  std::unique_ptr<forge> from;
  if (what.kind != forge_kind::git)
    if (auto url = parse_url(what.url); !url || !url.value().scheme.starts_with("http"))
      return fail(EINVAL, display + ": a service has an http:// or https:// URL");
  if (what.kind == forge_kind::mesa) {
    mesa_forge_options options{
        .url = what.api.empty() ? what.url : what.api, .tokens = what.tokens, .token = what.token};
    options.limits = needs.limits;
    options.client = needs.client;
    options.keep_present = keep.present;
    options.keep_absent = keep.absent;
    options.now = keep.now;
    return std::make_shared<mesa_forge>(std::move(options), needs.read_secret, needs.open_store);
  }
  if (const std::string usual = usual_api(what.kind, what.url); !usual.empty()) {
    rest_options api = forge_options(what.kind, what.api.empty() ? usual : what.api);
    GITFS_TRY(transport, transport_of(api.base));
    api.transport = std::move(transport);
    api.limits = needs.limits;
    api.retries = needs.retries;
    api.client = needs.client;
    auto access = std::make_shared<forge_access>(what.url, std::move(api), std::move(tokens));
    from = make_rest_forge(what.kind, std::move(access), what.url);
  } else {
    GITFS_TRY(made, make_git_forge(what.url, std::move(tokens), needs.limits, needs.client));
    from = std::move(made);
  }
  return std::make_shared<cached_forge>(std::move(from), display, needs.open, std::move(keep));
}

} // namespace gitfs

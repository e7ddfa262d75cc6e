#include "backend/open/known_forges.hpp"

#include "backend/forge/forges.hpp"
#include "backend/os/url.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr struct {
  std::string_view origin;
  forge_kind kind;
} known_forges[] = {
    {"https://github.com", forge_kind::github},
    {"https://gitlab.com", forge_kind::gitlab},
    {"https://codeberg.org", forge_kind::gitea},
    {"https://gitea.com", forge_kind::gitea},
};

/// "owner/repo" of a repository's URL; empty if it is none.
std::string path_in(const url_parts& url) {
  std::string_view path = url.path;
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  if (path.ends_with(".git"))
    path.remove_suffix(4);
  return path.find('/') == std::string_view::npos ? std::string{} : std::string{path};
}

} // namespace

std::shared_ptr<size_source> sizes_of_forge(const source& from, const upstream_limits& limits,
                                            std::shared_ptr<http_client> client) {
  const auto url = parse_url(from.location);
  if (from.kind != source::kind_type::remote || !url)
    return nullptr;
  const auto* forge = std::find_if(std::begin(known_forges), std::end(known_forges),
                                   [&](auto& each) { return each.origin == url.value().origin(); });
  const std::string path = path_in(url.value());
  if (forge == std::end(known_forges) || path.empty())
    return nullptr;
  const std::string base{forge->origin};
  rest_options api = forge_options(forge->kind, usual_api(forge->kind, base));
  if (auto transport = transport_of(api.base))
    api.transport = std::move(transport.value());
  api.limits = limits;
  api.client = std::move(client);
  auto access = std::make_shared<forge_access>(base, std::move(api), forge_tokens{},
                                               credential{from.username, from.password}, from.password_now);
  return forge_sizes(forge->kind, std::move(access), path.substr(0, path.find('/')), path);
}

std::optional<capabilities> capabilities_of_forge(const source& from) {
  const auto url = parse_url(from.location);
  if (!url || url.value().origin() != "https://github.com")
    return std::nullopt;
  capabilities out; // as it answers since 2021
  out.object_format = "sha1";
  out.ls_refs = out.ls_refs_unborn = out.server_option = true;
  out.fetch = out.fetch_shallow = out.fetch_filter = out.fetch_wait_for_done = true;
  out.deep_tree_filter = false; // it takes blob:none, blob:limit and tree:0 only
  return out;
}

} // namespace gitfs

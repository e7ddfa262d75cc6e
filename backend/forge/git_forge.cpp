// Any git server behind a URL template: what exists there only the server itself can tell, one repository at a time.
#include "backend/forge/forge_names.hpp"
#include "backend/forge/forges.hpp"
#include "backend/os/url.hpp"
#include "backend/remote/smart_http.hpp"
#include "backend/remote/source.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

namespace {

constexpr name_rule git_names{.longest = 255, .marks = "-_.+~", .begins_with_mark = true};
constexpr std::size_t deepest_path = 8; // of {path}: folders cannot be told from nothing

// What desktops look for in every folder that is mounted. Where folders cannot be told from nothing it would be one.
bool is_of_desktops(std::string_view name) {
  constexpr std::string_view names[] = {".Trash", ".hidden", ".directory", ".xdg-volume-info"};
  return name.starts_with(".Trash-") || std::ranges::find(names, name) != std::end(names);
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

class git_forge final : public forge {
public:
  git_forge(std::string tmpl, forge_tokens tokens, upstream_limits limits, std::shared_ptr<http_client> client)
    : template_(std::move(tmpl)),
      tokens_(std::move(tokens)),
      limits_(limits),
      client_(client ? std::move(client) : std::make_shared<http_client>()),
      nested_(template_.find("{path}") != std::string::npos),
      depth_(nested_                                          ? deepest_path
             : template_.find("{owner}") != std::string::npos ? 2
                                                              : 1) {}

  bool may_exist(name_path path, const std::string& name) const override {
    return path.size() < depth_ && fits(git_names, name) && !is_of_desktops(name);
  }
  bool ignores_case() const override { return false; }

  result<forge_found> lookup(name_path path, const std::string& name, std::stop_token stop) override {
    if (!nested_ && path.size() + 1 < depth_)
      return forge_found{{name}}; // nobody can tell which owners there are
    std::vector<std::string> full{path.begin(), path.end()};
    full.push_back(name);
    auto there = ask(full, std::move(stop));
    if (there)
      return forge_found{{name, true}};
    if (nested_ && there.error().code == ENOENT && full.size() < depth_)
      return forge_found{{.name = name, .assumed = true}}; // perhaps a folder
    return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(there.error()));
  }

  result<forge_listing> list(name_path, std::stop_token) override {
    return fail(ENOTSUP, "a git server does not list its repositories");
  }

  std::string clone_url(name_path path) const override {
    std::string out = template_;
    std::vector<std::string> names{path.begin(), path.end()};
    for (std::string& each : names)
      each = percent_encode(each);
    replace(out, "{path}", joined(names));
    replace(out, "{owner}", names.front());
    replace(out, "{repo}", names.back());
    return out;
  }

  result<credential> login(name_path path) const override {
    const auto own = tokens_.by_owner.find(path[0]);
    const secret_place& place = own == tokens_.by_owner.end() ? tokens_.general : own->second;
    if (place == secret_place{})
      return credential{};
    GITFS_TRY(token, read_token(tokens_.read, place, without_userinfo(template_)));
    return credential{tokens_.username.empty() ? "git" : tokens_.username, std::move(token)};
  }

  std::shared_ptr<size_source> sizes(name_path) override { return nullptr; }

private:
  result<void> ask(name_path path, std::stop_token stop) {
    GITFS_TRY(from, parse_source(clone_url(path)));
    GITFS_TRY(who, login(path));
    from.username = std::move(who.username);
    from.password = std::move(who.password);
    smart_http server{from, limits_, *client_};
    operation op{std::move(stop), std::chrono::steady_clock::now() + limits_.total};
    return server.get_advertisement(op, [](http_exchange&) { return attempt_result{}; });
  }

  const std::string template_;
  const forge_tokens tokens_;
  const upstream_limits limits_;
  const std::shared_ptr<http_client> client_;
  const bool nested_;
  const std::size_t depth_;
};

} // namespace

result<std::unique_ptr<forge>> make_git_forge(std::string tmpl, forge_tokens tokens, upstream_limits limits,
                                              std::shared_ptr<http_client> client) {
  if ((tmpl.find("{repo}") == std::string::npos) == (tmpl.find("{path}") == std::string::npos))
    return fail(EINVAL, without_userinfo(tmpl)
                            + ": a template of URLs has {owner}/{repo}, {repo} or {path} where the names go");
  return std::unique_ptr<forge>{
      std::make_unique<git_forge>(std::move(tmpl), std::move(tokens), limits, std::move(client))};
}

} // namespace gitfs

// GitHub's REST API, version 2022-11-28.
#include "backend/forge/forge_names.hpp"
#include "backend/forge/forges.hpp"
#include "backend/os/url.hpp"

#include <cerrno>
#include <strings.h>

namespace gitfs {

namespace {

constexpr name_rule github_owners{.longest = 39, .marks = "-_", .begins_with_mark = false};
constexpr name_rule github_repositories{.longest = 100};

bool same(const std::string& a, const std::string& b) {
  return ::strcasecmp(a.c_str(), b.c_str()) == 0;
}

const rapidjson::Value& owner_in(const rapidjson::Value& repository) {
  static const rapidjson::Value none;
  const auto found = repository.IsObject() ? repository.FindMember("owner") : rapidjson::Value::ConstMemberIterator{};
  return repository.IsObject() && found != repository.MemberEnd() ? found->value : none;
}

forge_entry entry_of(const rapidjson::Value& repository) {
  return {string_member(repository, "name"), true, string_member(repository, "default_branch")};
}

class github_forge final : public forge {
public:
  github_forge(std::shared_ptr<forge_access> access, std::string url)
    : access_(std::move(access)),
      url_(std::move(url)) {}

  bool may_exist(name_path path, const std::string& name) const override {
    return path.size() < 2 && fits(path.empty() ? github_owners : github_repositories, name);
  }

  result<forge_found> lookup(name_path path, const std::string& name, std::stop_token stop) override {
    return path.empty() ? lookup_owner(name, std::move(stop)) : lookup_repository(path[0], name, std::move(stop));
  }

  result<forge_listing> list(name_path path, std::stop_token stop) override {
    if (path.size() != 1)
      return fail(ENOTSUP, access_->api().display() + ": the service does not list all its users");
    return access_->as<forge_listing>(path[0], stop, [&](const std::string& token) -> result<forge_listing> {
      GITFS_TRY(where, pages_of(path[0], token, stop));
      forge_listing out;
      out.all = where.all;
      GITFS_TRYV(access_->api().each_page(where.first, token, stop,
                                          [&](const rapidjson::Document& page) { return take(out, page, path[0]); }));
      return out;
    });
  }

  std::string clone_url(name_path path) const override { return url_ + "/" + joined(path) + ".git"; }
  result<credential> login(name_path path) const override { return access_->login(path[0], "x-access-token"); }
  std::shared_ptr<size_source> sizes(name_path path) override {
    return forge_sizes(forge_kind::github, access_, path[0], joined(path));
  }

private:
  struct page_source {
    std::string first;
    bool all; ///< private ones, too
  };

  static std::string public_pages(const std::string& owner) {
    return "/users/" + percent_encode(owner) + "/repos?per_page=100&sort=full_name";
  }

  result<void> take(forge_listing& out, const rapidjson::Document& page, const std::string& owner) const {
    if (!page.IsArray())
      return fail(EIO, access_->api().display() + ": the list of repositories is none");
    for (const auto& each : page.GetArray())
      if (forge_entry entry = entry_of(each);
          fits(github_repositories, entry.name) && same(string_member(owner_in(each), "login"), owner))
        out.entries.push_back(std::move(entry));
    return success();
  }

  /// The first page of the repositories tells whether there is such an owner, and mostly what is asked next.
  result<forge_found> lookup_owner(const std::string& name, std::stop_token stop) {
    return access_->as<forge_found>(name, stop, [&](const std::string& token) -> result<forge_found> {
      GITFS_TRY(page, access_->api().get(public_pages(name), token, stop));
      forge_found out{{name}, forge_listing{}};
      GITFS_TRYV(take(*out.inside, *page.body, name));
      out.inside->all = page.next.empty() && access_->without_token(name); // with one there may be private ones
      std::string spelled;
      if (!out.inside->entries.empty()) {
        spelled = string_member(owner_in((*page.body)[0]), "login");
      } else {
        GITFS_TRY(owner, access_->api().get("/users/" + percent_encode(name), token, stop));
        spelled = string_member(*owner.body, "login");
      }
      if (same(spelled, name))
        out.entry.name = spelled;
      return out;
    });
  }

  result<forge_found> lookup_repository(const std::string& owner, const std::string& name, std::stop_token stop) {
    GITFS_TRY(answer, access_->get_object(owner, "/repos/" + percent_encode(owner) + "/" + percent_encode(name),
                                          std::move(stop)));
    forge_entry entry = entry_of(*answer.body);
    if (!same(entry.name, name)) // it was renamed, and git is redirected as this was
      entry.name = name;
    return forge_found{std::move(entry)};
  }

  /// "/users/…" gives the public ones only.
  result<page_source> pages_of(const std::string& owner, const std::string& token, const std::stop_token& stop) {
    if (token.empty())
      return page_source{public_pages(owner), access_->without_token(owner)};
    GITFS_TRY(who, access_->api().get("/users/" + percent_encode(owner), token, stop));
    if (string_member(*who.body, "type") == "Organization")
      return page_source{"/orgs/" + percent_encode(owner) + "/repos?per_page=100&sort=full_name", true};
    const auto self = access_->api().get("/user", token, stop); // tokens of apps may not ask that
    if (self && same(string_member(*self.value().body, "login"), owner))
      return page_source{"/user/repos?affiliation=owner&per_page=100&sort=full_name", true};
    return page_source{public_pages(owner), false};
  }

  const std::shared_ptr<forge_access> access_;
  const std::string url_;
};

} // namespace

std::unique_ptr<forge> make_github_forge(std::shared_ptr<forge_access> access, std::string url) {
  return std::make_unique<github_forge>(std::move(access), std::move(url));
}

} // namespace gitfs

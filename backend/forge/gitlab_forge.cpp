// GitLab's REST API, version 4: groups nest, and a project may stand at any depth.
#include "backend/forge/forge_names.hpp"
#include "backend/forge/forges.hpp"
#include "backend/os/url.hpp"

#include <cerrno>
#include <strings.h>

namespace gitfs {

namespace {

constexpr name_rule gitlab_names{.longest = 255, .begins_with_mark = true};
constexpr std::size_t deepest_group = 21; // GitLab nests groups up to 20 deep

forge_entry entry_of(const rapidjson::Value& thing, bool is_repository) {
  return {string_member(thing, "path"), is_repository, is_repository ? string_member(thing, "default_branch") : ""};
}

class gitlab_forge final : public forge {
public:
  gitlab_forge(std::shared_ptr<forge_access> access, std::string url)
    : access_(std::move(access)),
      url_(std::move(url)) {}

  bool may_exist(name_path path, const std::string& name) const override {
    return path.size() < deepest_group && fits(gitlab_names, name) && name.front() != '-'
           && (!path.empty() || name.front() != '.');
  }

  result<forge_found> lookup(name_path path, const std::string& name, std::stop_token stop) override {
    if (!path.empty())
      if (auto project = find("/projects/", path, name, true, stop); project || project.error().code != ENOENT)
        return project;
    auto group = find("/groups/", path, name, false, stop);
    if (group || group.error().code != ENOENT || !path.empty())
      return group;
    GITFS_TRY(users, access_->get(name, "/users?username=" + percent_encode(name), std::move(stop)));
    if (!users.body->IsArray() || users.body->Empty())
      return group;
    return forge_found{{spelled(string_member((*users.body)[0], "username"), name)}};
  }

  result<forge_listing> list(name_path path, std::stop_token stop) override {
    if (path.empty())
      return fail(ENOTSUP, access_->api().display() + ": the service does not list all its groups and users");
    return access_->as<forge_listing>(path[0], stop, [&](const std::string& token) -> result<forge_listing> {
      forge_listing out;
      const std::string group = "/groups/" + percent_encode(joined(path));
      auto listed = take_all(out, group + "/subgroups?per_page=100", false, token, stop);
      if (listed)
        listed = take_all(out, group + "/projects?simple=true&with_shared=false&per_page=100", true, token, stop);
      else if (listed.error().code == ENOENT && path.size() == 1)
        listed = take_all(out, "/users/" + percent_encode(path[0]) + "/projects?simple=true&per_page=100", true, token,
                          stop);
      GITFS_TRYV(std::move(listed));
      out.all = !token.empty() || access_->without_token(path[0]); // with one there may be private ones
      return out;
    });
  }

  std::string clone_url(name_path path) const override { return url_ + "/" + joined(path) + ".git"; }
  result<credential> login(name_path path) const override { return access_->login(path[0], "oauth2"); }
  std::shared_ptr<size_source> sizes(name_path path) override {
    return forge_sizes(forge_kind::gitlab, access_, path[0], joined(path));
  }

private:
  static std::string spelled(std::string theirs, const std::string& requested) {
    return ::strcasecmp(theirs.c_str(), requested.c_str()) == 0 ? theirs : requested;
  }

  result<forge_found> find(const char* kind, name_path path, const std::string& name, bool is_repository,
                           const std::stop_token& stop) {
    const std::string& owner = path.empty() ? name : path[0];
    GITFS_TRY(
        answer,
        access_->get_object(
            owner, kind + percent_encode(joined(path, name)) + (is_repository ? "" : "?with_projects=false"), stop));
    forge_entry entry = entry_of(*answer.body, is_repository);
    entry.name = spelled(std::move(entry.name), name);
    return forge_found{std::move(entry)};
  }

  result<void> take_all(forge_listing& out, const std::string& first, bool are_repositories, const std::string& token,
                        const std::stop_token& stop) {
    return access_->api().each_page(first, token, stop, [&](const rapidjson::Document& page) -> result<void> {
      if (!page.IsArray())
        return fail(EIO, access_->api().display() + ": the list of projects is none");
      for (const auto& each : page.GetArray())
        if (forge_entry entry = entry_of(each, are_repositories); fits(gitlab_names, entry.name))
          out.entries.push_back(std::move(entry));
      return success();
    });
  }

  const std::shared_ptr<forge_access> access_;
  const std::string url_;
};

} // namespace

std::unique_ptr<forge> make_gitlab_forge(std::shared_ptr<forge_access> access, std::string url) {
  return std::make_unique<gitlab_forge>(std::move(access), std::move(url));
}

} // namespace gitfs

// The REST API of Gitea and Forgejo, version 1.
#include "backend/forge/forge_names.hpp"
#include "backend/forge/forges.hpp"
#include "backend/os/url.hpp"

#include <cerrno>
#include <strings.h>

namespace gitfs {

namespace {

constexpr name_rule gitea_owners{.longest = 40, .begins_with_mark = false};
constexpr name_rule gitea_repositories{.longest = 100};

class gitea_forge final : public forge {
public:
  gitea_forge(std::shared_ptr<forge_access> access, std::string url)
    : access_(std::move(access)),
      url_(std::move(url)) {}

  bool may_exist(name_path path, const std::string& name) const override {
    return path.size() < 2 && fits(path.empty() ? gitea_owners : gitea_repositories, name);
  }

  result<forge_found> lookup(name_path path, const std::string& name, std::stop_token stop) override {
    if (path.empty()) {
      // users and organisations alike
      GITFS_TRY(owner, access_->get_object(name, "/users/" + percent_encode(name), std::move(stop)));
      const std::string spelled = string_member(*owner.body, "login");
      return forge_found{{::strcasecmp(spelled.c_str(), name.c_str()) == 0 ? spelled : name}};
    }
    GITFS_TRY(answer, access_->get_object(path[0], "/repos/" + percent_encode(path[0]) + "/" + percent_encode(name),
                                          std::move(stop)));
    forge_entry entry = entry_of(*answer.body);
    if (::strcasecmp(entry.name.c_str(), name.c_str()) != 0) // it was renamed
      entry.name = name;
    return forge_found{std::move(entry)};
  }

  result<forge_listing> list(name_path path, std::stop_token stop) override {
    if (path.size() != 1)
      return fail(ENOTSUP, access_->api().display() + ": the service does not list all its users");
    return access_->as<forge_listing>(path[0], stop, [&](const std::string& token) -> result<forge_listing> {
      forge_listing out;
      const auto take = [&](const rapidjson::Document& page) -> result<void> {
        if (!page.IsArray())
          return fail(EIO, access_->api().display() + ": the list of repositories is none");
        for (const auto& each : page.GetArray())
          if (forge_entry entry = entry_of(each); fits(gitea_repositories, entry.name))
            out.entries.push_back(std::move(entry));
        return success();
      };
      const std::string pages = "/users/" + percent_encode(path[0]) + "/repos?limit=50";
      GITFS_TRYV(access_->api().each_page(pages, token, stop, take));
      out.all = !token.empty() || access_->without_token(path[0]); // with one there may be private ones
      return out;
    });
  }

  std::string clone_url(name_path path) const override { return url_ + "/" + joined(path) + ".git"; }
  result<credential> login(name_path path) const override { return access_->login(path[0], "oauth2"); }
  std::shared_ptr<size_source> sizes(name_path path) override {
    return forge_sizes(forge_kind::gitea, access_, path[0], joined(path));
  }

private:
  static forge_entry entry_of(const rapidjson::Value& repository) {
    return {string_member(repository, "name"), true, string_member(repository, "default_branch")};
  }

  const std::shared_ptr<forge_access> access_;
  const std::string url_;
};

} // namespace

std::unique_ptr<forge> make_gitea_forge(std::shared_ptr<forge_access> access, std::string url) {
  return std::make_unique<gitea_forge>(std::move(access), std::move(url));
}

} // namespace gitfs

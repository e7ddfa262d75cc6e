// The mesa service as a tree of names: organisations, and repositories in them.
#pragma once

#include "backend/forge/forge_access.hpp"
#include "backend/forge/forge_tree.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/mesa/mesa_client.hpp"
#include "backend/store/object_store.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace gitfs {

/// Opens the store of an upstream. `key`: the upstream's URL without credentials.
using store_opener = std::function<result<std::shared_ptr<object_store>>(const std::string& key)>;

struct mesa_forge_options {
  std::string url;                            ///< URL of the API, without trailing slashes
  std::map<std::string, secret_place> tokens; ///< the tokens of organisations
  secret_place token;                         ///< the token of organisations that have none of their own
  upstream_limits limits{};                   ///< limits of each operation; `parallel` is for each repository
  std::shared_ptr<http_client> client{};      ///< null: the forge makes its own

  std::chrono::milliseconds keep_present{600'000}; ///< how long it is remembered that a repository exists
  std::chrono::milliseconds keep_absent{60'000};   ///< the same for a name that does not exist, and for a listing
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

/// The service is not asked for an organisation without a key: that is EACCES, and the message says where to put the
/// key. Listed are the organisations that have a key of their own.
class mesa_forge final : public forge_tree {
public:
  mesa_forge(mesa_forge_options options, secret_reader read_secret, store_opener open_store);

  result<forge_entry> lookup(std::span<const std::string> path, const std::string& name, std::stop_token stop) override;
  result<std::vector<forge_entry>> list(std::span<const std::string> path, std::stop_token stop) override;
  result<std::shared_ptr<repository>> open(std::span<const std::string> path) override;
  const std::string& display() const override { return client_->display(); }

private:
  using time_point = std::chrono::steady_clock::time_point;
  struct organisation {
    time_point exists_until{};
    std::map<std::string, std::pair<forge_entry, time_point>>
        repositories;            ///< each with the end of its being remembered
    time_point complete_until{}; ///< until then no other repositories exist
  };

  void remember(const std::string& org, const mesa_client::repository_list& list);
  std::vector<forge_entry> known_in(const std::string& org) const;
  auto no_such(const std::string& name) const;
  result<forge_entry> lookup_organisation(const std::string& name, std::stop_token stop);
  result<forge_entry> lookup_repository(const std::string& org, const std::string& name, std::stop_token stop);

  const mesa_forge_options options_;
  const store_opener open_store_;
  const std::shared_ptr<mesa_client> client_;
  mutable std::mutex mutex_;
  std::map<std::string, organisation> organisations_;
  std::map<std::string, time_point> absent_; ///< "org" or "org/repository"
  std::map<std::string, std::weak_ptr<repository>> open_;
};

} // namespace gitfs

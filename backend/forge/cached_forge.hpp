// A forge's tree of names, remembered: so that looking at it again does not ask again.
#pragma once

#include "backend/forge/forge.hpp"
#include "backend/forge/forge_tree.hpp"
#include "backend/remote/source.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace gitfs {

/// Opens a repository without asking a server anything. `sizes` may be null.
using repository_opener =
    std::function<result<std::shared_ptr<repository>>(const source& from, std::shared_ptr<size_source> sizes)>;

class cached_forge final : public forge_tree {
public:
  using clock = std::chrono::steady_clock;
  struct memory {
    std::chrono::milliseconds present{600'000}; ///< how long it is remembered that a name exists
    /// How long it is remembered that a name does not exist, that it is assumed to be a folder, and that a listing was
    /// made.
    std::chrono::milliseconds absent{60'000};
    std::function<clock::time_point()> now = &clock::now;
  };

  /// Programs can look up any number of invented names, so after so many questions everything is forgotten.
  static constexpr std::size_t most_lookups = 10'000;

  cached_forge(std::unique_ptr<forge> from, std::string display, repository_opener open, memory keep);

  result<forge_entry> lookup(std::span<const std::string> path, const std::string& name, std::stop_token stop) override;
  result<std::vector<forge_entry>> list(std::span<const std::string> path, std::stop_token stop) override;
  result<std::shared_ptr<repository>> open(std::span<const std::string> path) override;
  const std::string& display() const override { return display_; }

private:
  struct known {
    forge_entry entry;
    clock::time_point until;
  };
  struct folder {
    std::map<std::string, known> children; ///< by folded name
    std::map<std::string, clock::time_point> absent;
    clock::time_point listed_until{}; ///< until then `children` is what a listing would give
  };

  std::string folded(std::string name) const;
  known known_now(const forge_entry& entry) const;
  void remember(folder& where, const forge_listing& what);
  void forget_old(folder& where) const;
  static std::vector<forge_entry> entries(const folder& where);
  std::vector<std::string> spelled(name_path path) const;

  const std::shared_ptr<forge> forge_;
  const std::string display_;
  const repository_opener open_;
  const memory keep_;
  mutable std::mutex mutex_;
  std::map<std::string, folder> folders_; ///< by folded path
  std::size_t lookups_ = 0;               ///< how many names the forge was asked for since everything was forgotten
};

} // namespace gitfs

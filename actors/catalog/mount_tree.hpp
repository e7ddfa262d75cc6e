// The tree above the repositories: which folders, forges and repositories stand where, and what is known of each.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/mount_nodes.hpp"
#include "backend/forge/forge_tree.hpp"
#include "config/deployment.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gitfs {

/// Where a repository comes from: the entry of a deployment, or what a forge has at a path.
struct repository_origin {
  std::shared_ptr<const shown_repository> entry{};
  std::shared_ptr<forge_tree> forge{};
  std::vector<std::string> path{}; ///< in the forge
};

/// A node whose directories go over to another snapshot. Its end, when all is done, is told to those who wait for it.
struct mount_node_move {
  std::function<void(const std::vector<refresh_number>&)> ended;
  std::vector<refresh_number> waiting{}; ///< written by the catalog alone, while it holds this

  explicit mount_node_move(std::function<void(const std::vector<refresh_number>&)> when_over)
    : ended(std::move(when_over)) {}
  mount_node_move(const mount_node_move&) = delete;
  mount_node_move& operator=(const mount_node_move&) = delete;
  ~mount_node_move() {
    if (!waiting.empty())
      ended(waiting);
  }
};

/// How the ref of a repository is kept up.
struct ref_poll {
  bool stale = false;       ///< to be looked at before somebody is told
  bool behind = false;      ///< another ref is shown than the one that is to be
  unsigned failures = 0;    ///< since it could be looked at
  std::string last_error{}; ///< of the latest look
};

/// Who asked for a look at the ref of a repository, and waits until the mount shows what it found.
struct ref_refresh {
  std::vector<refresh_number> waiting{};   ///< for what is being taken
  std::vector<refresh_number> late{};      ///< came while that was on its way, and wait for the next
  std::weak_ptr<mount_node_move> moving{}; ///< towards what was taken last
};

/// One directory above the snapshots. A name in a forge that was taken for a folder may turn out to be a repository.
struct mount_node {
  /// Of the deployment: all that can be in it is known.
  struct folder {};

  /// A forge, or a folder in it: some of what is in it is known.
  struct forge_folder {
    std::shared_ptr<forge_tree> of{};
    std::vector<std::string> path{};            ///< in the forge
    std::shared_ptr<const shown_forge> entry{}; ///< of the forge itself; null: of a folder in it
    follow_mode follow{};                       ///< of the repositories in it
    bool assumed = false;                       ///< forge_entry::assumed, and no repository was found below it
    /// Of these names EACCES was said, which others may have credentials for. Empty: of its listing.
    std::set<std::string> closed{};
  };

  struct repository {
    repository_origin from{};
    std::string ref{};
    follow_mode follow{};
    repository_number number = 0; ///< 0: nobody has entered it
    shown_ptr shown{};
    call_number resolving = 0; ///< on its way
    std::vector<mount_node_asker> waiting{};
    ref_poll poll{};
    ref_refresh refresh{};

    /// Nobody could enter it so far. Who asks for a refresh has it tried again, whatever its way to be followed is.
    bool has_failed() const { return !shown && !poll.last_error.empty(); }
    /// Somebody waits for what is taken of it.
    bool is_wanted() const { return !waiting.empty() || !refresh.waiting.empty() || !refresh.late.empty(); }
  };

  mount_node_number number = 0;
  std::string name{}; ///< below the mountpoint
  std::variant<folder, forge_folder, repository> what{};
  std::map<std::string, mount_node*, std::less<>> children{};
  bool removed = false;         ///< from the deployment: nobody new comes here
  bool listed = false;          ///< by its forge
  std::uint64_t used = 0;       ///< when, in questions
  int refused = 0;              ///< failed with that a moment ago
  std::uint64_t timer = 0;      ///< the latest one
  std::vector<relinked> seen{}; ///< directories that were told what is here, the latest last
  bool crowded = false;         ///< there are more of them

  forge_folder* as_forge() { return std::get_if<forge_folder>(&what); }
  const forge_folder* as_forge() const { return std::get_if<forge_folder>(&what); }
  repository* as_repository() { return std::get_if<repository>(&what); }
  const repository* as_repository() const { return std::get_if<repository>(&what); }
  bool is_folder() const { return std::holds_alternative<folder>(what); }

  /// In a folder, or below a forge.
  bool is_assumed() const { return as_forge() != nullptr && as_forge()->assumed; }
  /// A forge has told of it; the deployment does not know it.
  bool is_of_forge() const;

  /// That directory was told what is here. One that is there twice is another that had its slot.
  void see(const relinked& directory);

  /// What a directory is told that stands for it; of a repository nothing.
  mount_node_answer names() const;
};

/// Owns the nodes, also those that were removed while somebody is in them. A plain class.
class mount_tree {
public:
  using forges = std::vector<std::shared_ptr<forge_tree>>; ///< by their order in the deployment
  using node_map = std::map<mount_node_number, std::unique_ptr<mount_node>>;

  mount_tree(const deployment& of, const forges& with) : root_(&build(of, with)) {}

  mount_node& root() { return *root_; }
  const mount_node& root() const { return *root_; }
  /// What is at "team/linux". Null: nothing is known there.
  mount_node* at(std::string_view path);
  /// Null: that number is none, or none any more.
  mount_node* numbered(mount_node_number which) const;
  /// Of that name, which may be new: a folder.
  mount_node& child(mount_node& of, std::string_view name);
  const node_map& nodes() const { return nodes_; }
  /// Its parent has it no more.
  void drop(mount_node_number which) { nodes_.erase(which); }

  /// Another tree beside the one that `root` has, of nodes whose numbers are at least `next_number` was.
  mount_node& build(const deployment& of, const forges& with);
  mount_node_number next_number() const { return next_number_; }
  /// Those that the root leads to.
  std::set<mount_node_number> reachable() const;

private:
  mount_node& fresh();
  mount_node& make(mount_node& root, std::string_view path);

  node_map nodes_;
  mount_node_number next_number_ = 0; // of the mountpoint itself 0, as in a plain mount
  mount_node* root_;
};

/// Takes the first name off a path "team/linux"; of an empty path nothing is left, and the name is empty.
std::string_view take_name(std::string_view& path);

/// True of what can be the name of a directory.
bool usable_name(std::string_view name);

} // namespace gitfs

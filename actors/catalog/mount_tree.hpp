// The mount tree: where folders, forges and repositories stand, and what is known of each.
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

/// Exists while the directories of a node go over to another snapshot. Everything that is still to be done shares it;
/// its destructor calls `ended` for the refreshes that wait.
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

/// The state of polling the ref of a repository.
struct ref_poll {
  bool stale = false;       ///< the ref must be polled before anybody is answered
  bool behind = false;      ///< the node still shows another ref than the configured one
  unsigned failures = 0;    ///< polls that failed since the last one that succeeded
  std::string last_error{}; ///< message of the last poll; empty: it succeeded
};

/// The refreshes that wait for polls of the ref of a repository, and for the mount to show what was found.
struct ref_refresh {
  std::vector<refresh_number> waiting{};   ///< wait for the poll that is running
  std::vector<refresh_number> late{};      ///< came during that poll, and wait for the next one
  std::weak_ptr<mount_node_move> moving{}; ///< the move to the snapshot that was found last
};

/// One directory above the snapshots. A name in a forge that was taken for a folder may turn out to be a repository.
struct mount_node {
  /// A folder of the deployment. All names that can be in it are known.
  struct folder {};

  /// A forge, or a folder in it. Some of the names in it are known.
  struct forge_folder {
    std::shared_ptr<forge_tree> of{};
    std::vector<std::string> path{};            ///< in the forge
    std::shared_ptr<const shown_forge> entry{}; ///< of the forge itself; null: of a folder in it
    follow_mode follow{};                       ///< of the repositories in it
    bool assumed = false;                       ///< forge_entry::assumed, and no repository was found below it
    /// The names for which the forge answered EACCES; other names may have other credentials. "": the listing itself.
    std::set<std::string> closed{};
  };

  struct repository {
    repository_origin from{};
    std::string ref{};
    follow_mode follow{};
    repository_number number = 0; ///< 0: nobody has entered the node
    shown_ptr shown{};
    call_number resolving = 0; ///< the running call of catalog_port::resolve; 0: none
    std::vector<mount_node_asker> waiting{};
    ref_poll poll{};
    ref_refresh refresh{};

    /// Nobody could enter the node so far. A refresh tries again, whether the ref is followed or not.
    bool has_failed() const { return !shown && !poll.last_error.empty(); }
    /// Somebody waits for its ref to be resolved.
    bool is_wanted() const { return !waiting.empty() || !refresh.waiting.empty() || !refresh.late.empty(); }
  };

  mount_node_number number = 0;
  std::string name{}; ///< below the mountpoint
  std::variant<folder, forge_folder, repository> what{};
  std::map<std::string, mount_node*, std::less<>> children{};
  bool removed = false;         ///< the deployment has it no more: only directories that are there already stay
  bool listed = false;          ///< a listing of the forge has it
  std::uint64_t used = 0;       ///< the catalog's number of the last question about it
  int refused = 0;              ///< the errno of a failure a moment ago; 0: none
  std::uint64_t timer = 0;      ///< the number of the latest timer, which makes earlier ones void
  std::vector<relinked> seen{}; ///< the directories that were told what is here, the latest last
  bool crowded = false;         ///< more directories than `seen` holds were told

  forge_folder* as_forge() { return std::get_if<forge_folder>(&what); }
  const forge_folder* as_forge() const { return std::get_if<forge_folder>(&what); }
  repository* as_repository() { return std::get_if<repository>(&what); }
  const repository* as_repository() const { return std::get_if<repository>(&what); }
  bool is_folder() const { return std::holds_alternative<folder>(what); }

  /// True of a folder of a forge that may turn out to be a repository.
  bool is_assumed() const { return as_forge() != nullptr && as_forge()->assumed; }
  /// True of a node that a forge has named and the deployment does not.
  bool is_of_forge() const;

  /// Remembers that the directory was told what is here. It replaces an earlier directory with the same slot.
  void see(const relinked& directory);

  /// The names for a directory that stands for this node. For a repository the answer is empty.
  mount_node_answer names() const;
};

/// Owns the nodes, also nodes that the deployment has no more while somebody is in them. A plain class.
class mount_tree {
public:
  using forges = std::vector<std::shared_ptr<forge_tree>>; ///< by their order in the deployment
  using node_map = std::map<mount_node_number, std::unique_ptr<mount_node>>;

  mount_tree(const deployment& of, const forges& with) : root_(&build(of, with)) {}

  mount_node& root() { return *root_; }
  const mount_node& root() const { return *root_; }
  /// The node at "team/linux". Null: no node is known there.
  mount_node* at(std::string_view path);
  /// Null: no node has that number, or it was dropped.
  mount_node* numbered(mount_node_number which) const;
  /// The child of that name. A new child is a folder.
  mount_node& child(mount_node& of, std::string_view name);
  const node_map& nodes() const { return nodes_; }
  /// Destroys a node that no parent has any more.
  void drop(mount_node_number which) { nodes_.erase(which); }

  /// Builds another tree beside the present one, and returns its root. Its nodes have numbers from `next_number` on.
  mount_node& build(const deployment& of, const forges& with);
  mount_node_number next_number() const { return next_number_; }
  /// The numbers of all nodes below the root.
  std::set<mount_node_number> reachable() const;

private:
  mount_node& fresh();
  mount_node& make(mount_node& root, std::string_view path);

  node_map nodes_;
  mount_node_number next_number_ = 0; // the mountpoint itself has 0, as in a plain mount
  mount_node* root_;
};

/// Removes the first name from a path "team/linux" and returns it. An empty path gives an empty name.
std::string_view take_name(std::string_view& path);

/// True if `name` can be the name of a directory.
bool usable_name(std::string_view name);

} // namespace gitfs

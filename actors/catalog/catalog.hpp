// Answers the directories above the snapshots, and keeps the questions that wait for a forge or for a repository.
#pragma once

#include "actors/catalog/mount_tree.hpp"
#include "actors/model/directory_location.hpp"
#include "actors/model/mount_nodes.hpp"
#include "actors/model/want.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "backend/forge/forge_tree.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// What the catalog sends to other actors and to worker threads. Every call returns at once.
class catalog_port {
public:
  virtual ~catalog_port() = default;
  virtual void tell(const mount_node_asker& who, mount_node_answer answer) = 0;
  /// Opens the repository if it is not open, and resolves `ref`. Answered by catalog::resolved. `from`: where the
  /// repository comes from; used only for a number that is new. `have`: the commit that the node shows now.
  virtual void resolve(call_number call, mount_node_number node, repository_number number,
                       const repository_origin& from, const std::string& ref, const std::optional<oid>& have) = 0;
  /// Hands over the repository at the mountpoint itself, which was opened before the catalog was made. It is closed as
  /// one that the catalog has opened.
  virtual void own(repository_number number, const repository_origin& from) = 0;
  /// Cancels that call of `resolve`, because nobody waits for it any more.
  virtual void stop_resolving(call_number call, repository_number number) = 0;
  /// Asks the forge for `name` in `path` (forge_tree::lookup), answered by catalog::found; or, if `name` is empty, for
  /// all names in `path` (forge_tree::list), answered by catalog::listed. `node` is the node at `path`.
  virtual void ask_forge(call_number call, mount_node_number node, std::shared_ptr<forge_tree> forge,
                         std::vector<std::string> path, std::string name) = 0;
  virtual void stop_asking(call_number call) = 0;
  /// Ends the repository: no node shows anything of it, and nobody is in a node that did.
  virtual void close(repository_number number) = 0;
  /// The number of that node is not used any more.
  virtual void forget(mount_node_number node) = 0;
  /// Calls catalog::may_retry about a second later.
  virtual void retry_later(mount_node_number node) = 0;
  /// Calls catalog::poll_due after `in`.
  virtual void poll_later(mount_node_number node, std::uint64_t timer, std::chrono::milliseconds in) = 0;

  /// True while the kernel refers to that directory.
  virtual bool is_current(const relinked& directory) = 0;
  /// Tells the supervisor that these directories are the roots of another snapshot now.
  virtual void relink(std::vector<relinked> directories) = 0;
  /// Sends directory_state::entries_changed to that directory.
  virtual void change_entries(const relinked& directory, mount_node_answer now, std::vector<std::string> replaced) = 0;
  /// Makes a move at whose end catalog::moved is called.
  virtual std::shared_ptr<mount_node_move> begin_move() = 0;
  virtual void refreshed(refresh_number number, const refresh_report& report) = 0;
};

/// A plain class; catalog_actor is its message face. No server is asked anything until a program enters a node. A call
/// is made once for all who wait for its answer. If it fails, all of them get the failure, and so does everybody who
/// asks before `may_retry`, so that a crowd does not hammer a server that is down. The next one after that tries again.
/// A failure of a forge holds for all its names, except EACCES, which holds for one name.
///
/// A followed ref is polled in its interval as long as the kernel refers to the root directory of its snapshot. That is
/// the only sign of use, because the kernel answers from its caches. A ref that was left is polled when somebody enters
/// it again, before he is answered. A ref that cannot be polled shows what it has shown, and is polled less and less
/// often.
///
/// Programs can look up any name in a forge. Of the nodes of a forge that show nothing and are in no listing, the
/// catalog keeps the `most_invented` that were asked about last. The forge is asked again for a name that was dropped.
class catalog {
public:
  using forges = mount_tree::forges;
  static constexpr std::size_t most_invented = 1000;

  catalog(const deployment& tree, forges of, catalog_port& port);

  /// Asks what is at `path` ("team/linux", below the mountpoint), or, if `name` is not empty, only what `name` is in
  /// it. Answered by catalog_port::tell, at once or later. `from`: the directory that asks.
  void ask(const mount_node_asker& who, std::string_view path, const std::string& name, const relinked& from = {});
  /// The directory does not wait for the answer any more.
  void cancel(const mount_node_asker& who);

  void resolved(call_number call, mount_node_number node, const result<shown_ptr>& snapshot);
  void found(call_number call, const result<forge_entry>& what);
  void listed(call_number call, const result<std::vector<forge_entry>>& what);
  void may_retry(mount_node_number which);
  void poll_due(mount_node_number which, std::uint64_t timer);

  /// The repository at the mountpoint itself, which was opened before the catalog was made; `root` shows it.
  void opened(shown_ptr shown, const relinked& root);

  /// Polls refs now. Answered by catalog_port::refreshed when the mount shows the commits that were found.
  void refresh(refresh_number number, const refresh_what& what);
  /// Nobody waits for that refresh any more.
  void cancel_refresh(refresh_number number);
  /// The moves that these refreshes waited for have ended.
  void moved(const std::vector<refresh_number>& who);

  /// Shows this tree from now on. Entries that are the same in both trees stay; an entry with another ref of the same
  /// source moves to that ref. `of`: the forges of the new tree, in its order; those of entries that stay are not used.
  /// False: the mountpoint itself cannot become what it is in that tree, and nothing was changed.
  bool reload(const deployment& tree, const forges& of);

  /// False: the deployment that was loaded since has something else there, or nothing.
  bool is_shown(mount_node_number which) const {
    const mount_node* const of = tree_.numbered(which);
    return of != nullptr && !of->removed;
  }
  /// The path of a node below the mountpoint. `which`: a number that the port was given, and not told to forget.
  const std::string& path_of(mount_node_number which) const { return tree_.numbered(which)->name; }

  /// The nodes, and the questions that wait, as lines for people.
  std::string describe() const;

private:
  using node = mount_node;
  using repository = mount_node::repository;

  /// A directory that waits for an answer, with its question.
  struct caller {
    mount_node_asker who;
    std::string path{}, name{};
    relinked from{};
    std::size_t settled = 0; ///< so many names of the path, from its begin, need not be asked for (any more)
    bool goes_on = false;    ///< the call is about a name on the path: when it ends, the question is asked again
  };
  struct call {
    node* of = nullptr; ///< the folder of a forge in which the name is
    std::string name{}; ///< as the program spelled it, with "@REF"; empty: all names
    std::vector<caller> waiting{};
  };

  node& add_found(node& to, const std::string& name, const forge_entry& what);
  repository_number number_of(const repository_origin& from, bool& is_new);
  void ask(caller asks);
  void enter_repository(const mount_node_asker& who, node& at, repository& of);
  void ask_forge(caller who, node& of, const std::string& name);
  bool ask_on_the_way(caller& who);
  void is_folder(const node& which);
  void becomes_repository(node& of);
  void start_poll(node& at, repository& of);
  void poll_again_later(node& at, repository& of);
  void move(node& at, repository& of);
  void tell_refreshers(node& at, repository& of, const shown_ptr& before);
  static std::string shown_name(const node& of);
  void refresh_entry(refresh_number number, const refresh_what& what);
  void add_refresh(refresh_number number, node& at, repository& of, bool failed);
  void remove(node& of);
  void follow_forge(node& of, const std::shared_ptr<const shown_forge>& entry);
  bool take_over(node& old, node& fresh);
  void take_over_repository(node& old, const repository& fresh);
  void merge(node& old, node& fresh);
  void refuse(node& of, int code);
  void refuse(const call& of, int code);
  void leave(node& of);
  bool is_idle(const node& of) const;
  void drop(mount_node_number which);
  void drop_invented();
  call end(call_number number);

  catalog_port& port_;
  mount_tree tree_;
  std::map<refresh_number, refresh_report> refreshes_;
  std::map<std::string, repository_number> repositories_; // by number_of's key: source and credentials
  repository_number last_repository_ = 0;
  std::map<call_number, call> calls_;
  std::size_t invented_ = 0; ///< invented nodes, or a few more: some were listed or shown since they were counted
  std::uint64_t questions_ = 0;
  call_number last_call_ = 0;
};

} // namespace gitfs

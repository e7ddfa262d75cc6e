// What directories above the snapshots are told, and who waits to know more.
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

/// What the catalog says to others; every call returns at once.
class catalog_port {
public:
  virtual ~catalog_port() = default;
  virtual void tell(const mount_node_asker& who, mount_node_answer answer) = 0;
  /// Opens the repository, unless it is, and takes a snapshot of it; answered with `taken`. `from`: of a number that is
  /// new. `have`: what the node shows.
  virtual void resolve(call_number call, mount_node_number node, repository_number number,
                       const repository_origin& from, const std::string& ref, const std::optional<oid>& have) = 0;
  /// The repository at the mountpoint itself, which was opened before: it is ended as one that was taken.
  virtual void own(repository_number number, const repository_origin& from) = 0;
  /// Nobody waits for that any more.
  virtual void stop_resolving(call_number call, repository_number number) = 0;
  /// forge_tree::lookup, and list if `name` is empty; answered with `found` and `listed`.
  /// `node`: in which the question is about.
  virtual void ask_forge(call_number call, mount_node_number node, std::shared_ptr<forge_tree> forge,
                         std::vector<std::string> path, std::string name) = 0;
  virtual void stop_asking(call_number call) = 0;
  /// No node shows anything of it any more, and nobody is in one that did.
  virtual void close(repository_number number) = 0;
  /// That node is none any more.
  virtual void forget(mount_node_number node) = 0;
  /// Leads to `may_retry`, in a second or so.
  virtual void retry_later(mount_node_number node) = 0;
  /// Leads to `poll_due`.
  virtual void poll_later(mount_node_number node, std::uint64_t timer, std::chrono::milliseconds in) = 0;

  /// Whether that directory is still there: the kernel refers to it.
  virtual bool is_current(const relinked& directory) = 0;
  /// To the supervisor: these are the roots of another snapshot.
  virtual void relink(std::vector<relinked> directories) = 0;
  /// To that directory: directory_state::entries_changed.
  virtual void change_entries(const relinked& directory, mount_node_answer now, std::vector<std::string> replaced) = 0;
  /// One whose end leads to `moved`.
  virtual std::shared_ptr<mount_node_move> begin_move() = 0;
  virtual void refreshed(refresh_number number, const refresh_report& report) = 0;
};

/// A plain class: the catalog's actor is its message face. Nothing is asked of anybody until somebody enters. Of all
/// who wait for one thing it is done once; a failure is told to all of them, and until `may_retry` to who comes then,
/// so that a crowd does not hammer a server that is down. After that the next one tries again. What a forge fails with
/// is of all its names, but EACCES of that name alone.
///
/// A ref that is polled is looked at every so often while the kernel refers to the root directory of its snapshot: the
/// kernel answers from its caches, so use cannot be seen otherwise. After that it is looked at when somebody enters it
/// again, before he is told anything. What cannot be looked at stays as it is, and is looked at less and less often.
///
/// Names in a forge are anybody's to invent: of nodes there that show nothing and of which no service's list has told,
/// it keeps `most_invented`, those that were asked about last. Of one that it has forgotten the forge is asked again.
class catalog {
public:
  using forges = mount_tree::forges;
  static constexpr std::size_t most_invented = 1000;

  catalog(const deployment& tree, forges of, catalog_port& port);

  /// What is at `path` ("team/linux"; below the mountpoint)? `name`: the question is about that in it, and a list of
  /// all is not needed; empty: all. Answered by catalog_port::tell, now or later.
  /// `from`: the directory that asks.
  void ask(const mount_node_asker& who, std::string_view path, const std::string& name, const relinked& from = {});
  /// It gave up.
  void cancel(const mount_node_asker& who);

  void resolved(call_number call, mount_node_number node, const result<shown_ptr>& snapshot);
  void found(call_number call, const result<forge_entry>& what);
  void listed(call_number call, const result<std::vector<forge_entry>>& what);
  void may_retry(mount_node_number which);
  void poll_due(mount_node_number which, std::uint64_t timer);

  /// What stands at the mountpoint itself was opened before, and `root` shows it.
  void opened(shown_ptr shown, const relinked& root);

  /// Looks at refs now; answered by catalog_port::refreshed when the mount shows what was found.
  void refresh(refresh_number number, const refresh_what& what);
  /// Nobody waits for that any more.
  void cancel_refresh(refresh_number number);
  /// What these waited for is shown.
  void moved(const std::vector<refresh_number>& who);

  /// Shows this tree from now on. What is the same in both stays; what is another ref of the same source moves.
  /// `of`: forges as in the constructor; those that are not new are not used. False: the mountpoint
  /// itself cannot become that, and all stays as it was.
  bool reload(const deployment& tree, const forges& of);

  /// False: a file that was read since has something else there, or nothing.
  bool is_shown(mount_node_number which) const {
    const mount_node* const of = tree_.numbered(which);
    return of != nullptr && !of->removed;
  }
  /// Below the mountpoint. Of one that it has told its port of, and not forgotten.
  const std::string& path_of(mount_node_number which) const { return tree_.numbered(which)->name; }

  /// What it knows and who waits, in lines for people.
  std::string describe() const;

private:
  using node = mount_node;
  using repository = mount_node::repository;

  /// With what it has asked.
  struct caller {
    mount_node_asker who;
    std::string path{}, name{};
    relinked from{};
    std::size_t settled = 0; ///< so many names on the way to that were asked for on its behalf, or need not be
    bool goes_on = false;    ///< what the forge is asked for is on that way: then it asks again
  };
  struct call {
    node* of = nullptr; ///< in a forge
    std::string name{}; ///< as it was asked for, with "@REF"; empty: all
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
  std::map<std::string, repository_number> repositories_; // by what tells them apart
  repository_number last_repository_ = 0;
  std::map<call_number, call> calls_;
  std::size_t invented_ = 0; ///< nodes, at most: some may be listed or shown since they were counted
  std::uint64_t questions_ = 0;
  call_number last_call_ = 0;
};

} // namespace gitfs

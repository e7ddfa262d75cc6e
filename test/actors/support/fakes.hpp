// An object database in memory, answers that are recorded, and a directory's port that is recorded.
#pragma once

#include "actors/inode/directory_state.hpp"
#include "actors/model/reply.hpp"
#include "actors/mount/mount_context.hpp"
#include "test/support/temp_dir.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

namespace gitfs::test {

/// The link of a root directory of that tree, in the place of `before`.
directory_location_ptr root_link(const oid& tree, std::int64_t time, const directory_location_ptr& before = nullptr);
/// The commit of the snapshot of that time.
oid commit_at(std::int64_t time);

/// Objects by name, put in by the test; ids are made up from a counter. Counts what is read. Thread-safe.
class memory_db final : public object_db {
public:
  struct entry {
    std::string name;
    entry_kind kind = entry_kind::file;
    oid id;
  };

  oid blob(std::string content) { return put(object_type::blob, std::move(content)); }
  oid tree(const std::vector<entry>& entries);
  /// Takes an object out (evicted) and brings it back.
  void hide(const oid& id);
  void show(const oid& id);
  /// So many of the next reads throw, as when memory is short.
  void throw_at_reads(int count);
  /// Sizes are known only of those that are here, unless told.
  void tell_size(const oid& id, std::uint64_t size);

  result<object> read(const oid& id) override;
  bool contains(const oid& id) override;
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override;

private:
  oid put(object_type type, std::string content);

  std::mutex lock_;
  int throws_ = 0;
  std::uint8_t next_ = 1;
  std::uint8_t next_high_ = 0;
  std::map<oid, std::pair<object_type, std::shared_ptr<const std::string>>> here_, hidden_;
  std::map<oid, std::uint64_t> known_sizes_;
};

/// What became of one request.
struct answer {
  enum class kind { none, error, absent, entry, attr, link, data, xattr, dirents };
  kind what = kind::none;
  int code = 0;
  node_entry node;
  node_attr attr;
  std::string text; ///< link, data, xattr
  struct listed {
    std::string name;
    node_attr attr;
    std::uint64_t nodeid = 0;
    node_address address{};
    std::uint64_t next = 0;
  };
  std::vector<listed> entries;
  int answers = 0; ///< must end as 1
};

/// A request as the bridge would make it; `told` sees the answer.
struct request {
  std::shared_ptr<answer> answered = std::make_shared<answer>();
  std::uint64_t id = 0;
  std::size_t room = 1000; ///< directory entries that fit into one answer
  bool unwanted = false;   ///< the kernel refuses the answer: the caller was interrupted
  std::shared_ptr<std::function<void()>> interrupted = std::make_shared<std::function<void()>>();

  reply make() const;
};

/// Shared by fake requests, so that each has its own number.
std::uint64_t next_request_id();

class recording_port final : public directory_port {
public:
  std::vector<want> requested;
  std::vector<want_id> promoted, cancelled;
  std::vector<std::pair<want_id, oid>> loads, blob_file_writes;
  std::vector<std::pair<want_id, std::string>> mount_nodes;
  std::vector<dir_slot> released, reaped;
  std::vector<release_number> release_numbers;
  int stats = 0, probes_read = 0;
  int idles = 0, listings = 0, hidings = 0, overs = 0;
  int failures = 0; ///< so many of the next calls that are messages to others throw
  std::vector<std::vector<std::uint64_t>> forget_requests;
  std::vector<child_index> reads, missed;
  std::vector<oid> look_ups;
  directory_location_ptr stood_at; ///< last, if it has moved
  std::vector<directory_change> changes;
  std::vector<relinked> relinks;
  int lefts = 0;

  void ask(want w) override {
    fail_if_due();
    requested.push_back(std::move(w));
  }
  void promote(want_id id, urgency) override { promoted.push_back(id); }
  void cancel(want_id id) override { cancelled.push_back(id); }
  void ask_mount_node(want_id id, const std::string& name) override { mount_nodes.emplace_back(id, name); }
  void cancel_mount_node(want_id id) override { cancelled.push_back(id); }
  void load(want_id id, const oid& blob) override { loads.emplace_back(id, blob); }
  void write_blob_file(want_id id, const oid& blob) override { blob_file_writes.emplace_back(id, blob); }
  void release_child(dir_slot slot, release_number number) override {
    fail_if_due();
    released.push_back(slot);
    release_numbers.push_back(number);
  }
  void reap_child(dir_slot slot) override {
    fail_if_due();
    reaped.push_back(slot);
  }
  void idle(release_number) override {
    fail_if_due();
    ++idles;
  }
  void hidden(std::size_t, const std::string&) override { ++hidings; }
  void listed() override { ++listings; }
  void statted() override { ++stats; }
  void read_started(child_index child, const std::string&, const oid&, pid_t) override { reads.push_back(child); }
  void looked_up(const oid& id) override { look_ups.push_back(id); }
  void probe_was_read() override { ++probes_read; }
  void over_budget() override { ++overs; }
  void stands_at(const directory_location_ptr& link) override { stood_at = link; }
  void ask_kernel_to_forget(std::vector<std::uint64_t> nodeids) override {
    forget_requests.push_back(std::move(nodeids));
  }
  void tell_kernel(directory_change what) override {
    fail_if_due();
    changes.push_back(std::move(what));
  }
  void relink(std::vector<relinked> children) override {
    fail_if_due();
    relinks.insert(relinks.end(), children.begin(), children.end());
  }
  void snapshot_left(const directory_location_ptr&) override { ++lefts; }
  void read_missed(child_index child, const oid&) override { missed.push_back(child); }
  std::function<void()> interrupter(std::uint64_t) override {
    return [] {};
  }

  /// Number of wants of a kind.
  std::size_t count(want_kind kind) const;
  const want& last(want_kind kind) const;

private:
  void fail_if_due() {
    if (failures > 0 && failures-- > 0)
      throw std::bad_alloc{};
  }
};

/// One directory with everything around it faked.
struct directory_fixture {
  std::shared_ptr<memory_db> db = std::make_shared<memory_db>();
  std::unique_ptr<mount_context> context;
  std::shared_ptr<mounted_repository> objects;
  recording_port port;
  temp_dir temp;
  std::optional<directory_state> dir;

  /// The directory under test is the root, with this tree.
  void open(const oid& tree, bool prefetch = true);
  /// It is part of another snapshot now, whose commit is named after its time.
  void move_to(const oid& tree, std::int64_t time = 1);
  /// The same above the repositories.
  void open_place();
  /// A snapshot with that tree.
  shown_ptr snapshot(const oid& tree);

  request lookup(const std::string& name);
  request readdir(std::uint64_t offset = 0, bool plus = true, std::size_t room = 1000);
  request read(child_index child, std::uint64_t offset = 0, std::size_t size = 4096);
  request send(child_index at, decltype(kernel_op::what) what, request r = {});
  /// Lookup that must succeed; gives who answers for the node.
  node_address looked_up(const std::string& name);
};

} // namespace gitfs::test

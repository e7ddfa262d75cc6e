#include "test/actors/support/fakes.hpp"

#include "actors/catalog/mounting.hpp"
#include "actors/mount/mounted_ref.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>

namespace gitfs::test {

namespace {

class recording_sink final : public reply_sink {
public:
  explicit recording_sink(const request& r) : r_(r) {}

  void error(int code) override { say(answer::kind::error).code = code; }
  void absent() override { say(answer::kind::absent); }
  bool entry(const node_entry& e) override {
    say(answer::kind::entry).node = e;
    return !r_.unwanted;
  }
  void attr(const node_attr& a) override { say(answer::kind::attr).attr = a; }
  void link(std::string_view target) override { say(answer::kind::link).text = target; }
  void data(const object& blob, std::uint64_t offset, std::size_t size) override {
    auto all = blob.data();
    say(answer::kind::data).text = offset < all.size() ? all.substr(offset, size) : "";
  }
  void file(const blob_file& blob, std::uint64_t offset, std::size_t size) override {
    std::string text(offset < blob.size() ? std::min<std::uint64_t>(size, blob.size() - offset) : 0, '\0');
    BOOST_REQUIRE(blob.file().read(text.data(), text.size(), offset));
    say(answer::kind::data).text = std::move(text);
  }
  void xattr(std::string_view value) override { say(answer::kind::xattr).text = value; }
  bool dirent(std::string_view name, const node_attr& attr, const node_entry* node, std::uint64_t next) override {
    if (r_.answered->entries.size() == r_.room)
      return false;
    r_.answered->entries.push_back(
        {std::string{name}, attr, node ? node->nodeid : 0, node ? node->address : node_address{}, next});
    return true;
  }
  bool dirents_end() override {
    say(answer::kind::dirents);
    return !r_.unwanted;
  }
  std::uint64_t request_id() const override { return r_.id; }
  void on_interrupt(std::function<void()> f) override { *r_.interrupted = std::move(f); }

private:
  answer& say(answer::kind what) {
    r_.answered->what = what;
    ++r_.answered->answers;
    return *r_.answered;
  }
  request r_;
};

const char* mode_text(entry_kind kind) {
  static constexpr const char* modes[] = {"100644", "100755", "120000", "40000", "160000"};
  return modes[static_cast<int>(kind)];
}

} // namespace

std::uint64_t next_request_id() {
  static std::atomic<std::uint64_t> next{1};
  return next++;
}

reply request::make() const {
  return reply{std::make_unique<recording_sink>(*this)};
}

oid memory_db::put(object_type type, std::string content) {
  std::lock_guard guard{lock_};
  oid id;
  id.bytes[0] = next_;
  id.bytes[1] = next_high_;
  id.bytes[19] = 0x55;
  if (++next_ == 0)
    ++next_high_;
  here_[id] = {type, std::make_shared<const std::string>(std::move(content))};
  return id;
}

oid memory_db::tree(const std::vector<entry>& entries) {
  std::string raw;
  for (const entry& e : entries) {
    raw += mode_text(e.kind);
    raw += ' ' + e.name + '\0';
    raw.append(reinterpret_cast<const char*>(e.id.bytes.data()), oid::raw_size);
  }
  return put(object_type::tree, std::move(raw));
}

void memory_db::hide(const oid& id) {
  std::lock_guard guard{lock_};
  hidden_.insert(here_.extract(id));
}

void memory_db::show(const oid& id) {
  std::lock_guard guard{lock_};
  here_.insert(hidden_.extract(id));
}

void memory_db::throw_at_reads(int count) {
  std::lock_guard guard{lock_};
  throws_ = count;
}

void memory_db::tell_size(const oid& id, std::uint64_t size) {
  std::lock_guard guard{lock_};
  known_sizes_[id] = size;
}

result<object> memory_db::read(const oid& id) {
  std::lock_guard guard{lock_};
  if (throws_ > 0 && throws_-- > 0)
    throw std::bad_alloc{};
  auto it = here_.find(id);
  if (it == here_.end())
    return fail(ENOENT, "not here");
  return object{it->second.first, it->second.second, *it->second.second};
}

bool memory_db::contains(const oid& id) {
  std::lock_guard guard{lock_};
  return here_.contains(id);
}

void memory_db::sizes(std::span<const oid> ids, std::span<std::uint64_t> out) {
  std::lock_guard guard{lock_};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (auto it = known_sizes_.find(ids[i]); it != known_sizes_.end())
      out[i] = it->second;
    else if (auto h = here_.find(ids[i]); h != here_.end())
      out[i] = h->second.second->size();
    else
      out[i] = unknown_size;
  }
}

std::size_t recording_port::count(want_kind kind) const {
  return static_cast<std::size_t>(
      std::count_if(requested.begin(), requested.end(), [kind](const want& w) { return w.kind == kind; }));
}

const want& recording_port::last(want_kind kind) const {
  auto it = std::find_if(requested.rbegin(), requested.rend(), [kind](const want& w) { return w.kind == kind; });
  BOOST_REQUIRE(it != requested.rend());
  return *it;
}

oid commit_at(std::int64_t time) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(time);
  out.bytes[19] = 0xc0;
  return out;
}

directory_location_ptr root_link(const oid& tree, std::int64_t time, const directory_location_ptr& before) {
  auto out = before ? std::make_shared<directory_location>(*before) : std::make_shared<directory_location>();
  out->tree = tree;
  out->since.reset();
  out->past.reset();
  const snapshot_facts facts{commit_at(time), tree, time, {}};
  out->shown = std::make_shared<const shown_snapshot>(shown_snapshot{
      before ? before->shown->of : nullptr, facts, shows_now(before ? before->shown->runs : nullptr, facts)});
  return out;
}

void directory_fixture::move_to(const oid& tree, std::int64_t time) {
  dir->moved(root_link(tree, time, dir->link()));
}

void directory_fixture::open(const oid& tree, bool prefetch) {
  dir.reset(); // it uses the context
  objects.reset();
  context = std::make_unique<mount_context>(std::make_shared<memory_budget>(64 << 20), temp.path(), prefetch);
  objects = add_repository(*context, 0, db);
  show_at_root(*context, std::make_shared<mounted_ref>(mounted_ref{0, objects}), {oid{}, tree, 0, {}});
  dir.emplace(*context, root_slot, context->inodes.location_of(root_slot), port);
}

void directory_fixture::open_place() {
  open({});
  dir.emplace(*context, root_slot, std::make_shared<directory_location>(), port);
}

shown_ptr directory_fixture::snapshot(const oid& tree) {
  return std::make_shared<const shown_snapshot>(
      shown_snapshot{std::make_shared<mounted_ref>(mounted_ref{1, objects}), {oid{}, tree, 77, {}}});
}

request directory_fixture::send(child_index at, decltype(kernel_op::what) what, request r) {
  r.id = next_request_id();
  dir->handle(kernel_op{r.make(), at, std::move(what)});
  return r;
}

request directory_fixture::lookup(const std::string& name) {
  return send(self_child, lookup_op{name});
}

request directory_fixture::readdir(std::uint64_t offset, bool plus, std::size_t room) {
  request r;
  r.room = room;
  return send(self_child, readdir_op{offset, plus}, r);
}

request directory_fixture::read(child_index child, std::uint64_t offset, std::size_t size) {
  return send(child, read_op{offset, size});
}

node_address directory_fixture::looked_up(const std::string& name) {
  request r = lookup(name);
  BOOST_REQUIRE(r.answered->what == answer::kind::entry);
  return r.answered->node.address;
}

} // namespace gitfs::test

#include "actors/mount/learned.hpp"

#include "actors/trace/record/recorder.hpp"
#include "actors/trace/record/trace_format.hpp"

#include <array>
#include <string>
#include <utility>

namespace gitfs::trace {

namespace {

// One entry.
class entry {
public:
  explicit entry(question what) { number(static_cast<std::uint64_t>(what)); }
  entry(question what, const oid& about) : entry(what) {
    for (std::size_t i = 0; i < 4; ++i)
      bytes_ += static_cast<char>(about.bytes[i]);
  }
  entry(const entry&) = delete;
  entry& operator=(const entry&) = delete;
  ~entry() { learned(bytes_); }

  entry& number(std::uint64_t value) {
    std::array<char, 10> room;
    encoder to{room.data()};
    to.number(value);
    bytes_.append(room.data(), to.at());
    return *this;
  }
  /// 0 for none.
  entry& perhaps(bool there, std::uint64_t value) { return number(there ? value + 1 : 0); }
  entry& size(std::uint64_t value) { return perhaps(value != unknown_size, value); }

private:
  std::string bytes_;
};

std::uint64_t code_of(const error& e) {
  return static_cast<std::uint64_t>(e.code);
}

// In git's form, so that one parser serves. What a tree hides is not in a listing, and nobody asks for it.
std::string contents_of(const parsed_tree& tree) {
  static constexpr std::string_view modes[] = {"100644", "100755", "120000", "40000", "160000"}; // by entry_kind
  std::string out;
  for (const tree_entry& each : tree.entries) {
    out += modes[static_cast<std::size_t>(each.kind)];
    out += ' ';
    out += each.name;
    out += '\0';
    out.append(reinterpret_cast<const char*>(each.id.bytes.data()), oid::raw_size);
  }
  return out;
}

class recorded final : public environment {
public:
  explicit recorded(std::unique_ptr<environment> of) : of_(std::move(of)) {}

  result<object> read(const oid& id) override {
    auto out = of_->read(id);
    if (out && out.value().type() == object_type::tree && is_new_tree(id))
      tree(id, out.value().data());
    entry note{question::read, id};
    if (out)
      note.number(0).number(static_cast<std::uint64_t>(out.value().type())).number(out.value().data().size());
    else
      note.number(code_of(out.error()));
    return out;
  }
  // Recorded as the reading that it is; what a listing says beyond its tree is told by `listing` alone.
  result<parsed_tree> read_tree(const oid& id) override {
    if (auto raw = read(id); !raw)
      return raw.as_failure();
    return of_->read_tree(id);
  }
  bool contains(const oid& id) override { return flag(question::contains, id, of_->contains(id)); }
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override {
    of_->sizes(ids, out);
    record_sizes(question::sizes, ids, out);
  }
  void sizes_in(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) override {
    of_->sizes_in(tree, ids, out);
    record_sizes(question::sizes, ids, out);
  }
  void sizes_here(std::span<const oid> ids, std::span<std::uint64_t> out) override {
    of_->sizes_here(ids, out);
    record_sizes(question::sizes_here, ids, out);
  }

  std::optional<object> cached_blob(const oid& id, std::uint64_t bytes) override {
    auto out = of_->cached_blob(id, bytes);
    entry{question::cached_blob, id}.perhaps(out.has_value(), out ? out->data().size() : 0);
    return out;
  }
  result<object> blob(const oid& id, std::uint64_t bytes) override {
    auto out = of_->blob(id, bytes);
    entry note{question::blob, id};
    if (out)
      note.number(0).number(out.value().data().size());
    else
      note.number(code_of(out.error()));
    return out;
  }
  std::shared_ptr<const blob_file> blob_file_of(const oid& id) override {
    auto out = of_->blob_file_of(id);
    entry{question::blob_file, id}.perhaps(out != nullptr, out ? out->size() : 0);
    return out;
  }
  bool has_listing(const oid& tree) override { return flag(question::has_listing, tree, of_->has_listing(tree)); }
  result<listing_ptr> listing(const oid& id) override {
    auto out = of_->listing(id);
    if (out && is_new_tree(id))
      tree(id, contents_of(*out.value()));
    entry note{question::listing, id};
    if (!out) {
      note.number(code_of(out.error()));
      return out;
    }
    const parsed_tree& found = *out.value();
    note.number(0).number(found.hidden).number(found.entries.size());
    for (const tree_entry& each : found.entries)
      note.size(each.size);
    return out;
  }

  std::optional<dir_slot> allocate(dir_slot parent, std::uint64_t ino, directory_location_ptr link) override {
    const auto out = of_->allocate(parent, ino, std::move(link));
    entry{question::allocate}.perhaps(out.has_value(), out.value_or(0));
    return out;
  }
  bool is_current(dir_slot slot, std::uint32_t generation) override {
    const bool out = of_->is_current(slot, generation);
    entry{question::is_current}.number(out ? 1 : 0);
    return out;
  }
  std::uint64_t slots() override { return number(question::slots, of_->slots()); }
  std::uint64_t listings_memory(std::uint64_t more) override {
    return number(question::listings_memory, of_->listings_memory(more));
  }
  std::uint64_t kernel_requests() override { return number(question::kernel_requests, of_->kernel_requests()); }

  std::uint64_t prefetching(int change) override { return number(question::prefetching, of_->prefetching(change)); }

  void aside(const std::function<void()>& start) override { of_->aside(start); }
  void load(const blob_load& what, const std::function<void()>& start) override { of_->load(what, start); }

private:
  static bool flag(question what, const oid& about, bool value) {
    entry{what, about}.number(value ? 1 : 0);
    return value;
  }
  static std::uint64_t number(question what, std::uint64_t value) {
    entry{what}.number(value);
    return value;
  }
  static void record_sizes(question what, std::span<const oid> ids, std::span<const std::uint64_t> found) {
    entry note{what, ids.empty() ? oid{} : ids.front()};
    note.number(ids.size());
    for (const std::uint64_t size : found)
      note.size(size);
  }

  const std::unique_ptr<environment> of_;
};

} // namespace

std::unique_ptr<environment> recording_environment(std::unique_ptr<environment> of) {
  return std::make_unique<recorded>(std::move(of));
}

} // namespace gitfs::trace

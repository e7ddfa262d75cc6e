#include "actors/replay/recorded_environment.hpp"

#include "backend/os/hex.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

using trace::question;

constexpr std::array<std::string_view, 16> questions{
    "nothing",
    "to read object",
    "whether there is object",
    "for the sizes of files, the first",
    "for cached blob",
    "for blob",
    "for spooled blob",
    "whether there is listing",
    "for listing",
    "for an inode slot",
    "whether a slot is current",
    "how many slots there are",
    "for the memory of listings",
    "for the number of kernel requests",
    "how many mounted refs fetch contents ahead",
    "for the sizes of files that are here, the first",
};

std::string name_of(std::uint64_t what) {
  return std::string{what < questions.size() ? questions[what] : "for what a later version may know"};
}

bool is_about_object(std::uint64_t what) {
  return what < static_cast<std::uint64_t>(question::allocate)
         || what == static_cast<std::uint64_t>(question::sizes_here);
}

// An object of the recorded size whose bytes are all zero, because the trace has no contents of files. No actor looks
// at them.
object stand_in(object_type type, std::uint64_t size) {
  constexpr std::uint64_t largest = std::uint64_t{1} << 30; // a damaged trace may name any size
  const auto bytes = std::make_shared<const std::string>(std::min(size, largest), '\0');
  return {type, bytes, *bytes};
}

} // namespace

void recorded_environment::begin(std::uint64_t order) {
  answers_ = trace::decoder{from_.learned_by(order)};
  difference_.reset();
}

std::optional<std::string> recorded_environment::end() {
  if (!difference_ && !answers_.rest().empty()) {
    trace::decoder rest = answers_;
    differs("did not ask " + name_of(rest.number()) + ", as it did when it was recorded");
  }
  return std::exchange(difference_, std::nullopt);
}

void recorded_environment::differs(std::string how) {
  if (!difference_)
    difference_ = std::move(how);
}

bool recorded_environment::next(question what, const oid* about) {
  if (difference_)
    return false;
  const std::string request =
      "asked " + name_of(static_cast<std::uint64_t>(what)) + (about != nullptr ? " " + about->hex().substr(0, 8) : "");
  if (answers_.rest().empty()) {
    differs(request + "; when it was recorded it asked nothing more");
    return false;
  }
  const std::uint64_t recorded = answers_.number();
  std::string key;
  if (is_about_object(recorded)) {
    const std::string_view bytes = answers_.bytes(4);
    if (about != nullptr && !answers_.bad()
        && std::equal(bytes.begin(), bytes.end(), about->bytes.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; })
        && recorded == static_cast<std::uint64_t>(what))
      return true;
    key = to_hex(std::as_bytes(std::span{bytes}));
  } else if (recorded == static_cast<std::uint64_t>(what)) {
    return true;
  }
  differs(request + "; when it was recorded it asked " + name_of(recorded) + (key.empty() ? "" : " " + key));
  return false;
}

std::uint64_t recorded_environment::number() {
  return answers_.number();
}

std::uint64_t recorded_environment::perhaps(std::uint64_t none) {
  const std::uint64_t value = number();
  return value == 0 ? none : value - 1;
}

result<object> recorded_environment::read(const oid& id) {
  if (!next(question::read, &id))
    return fail(EIO, "not recorded");
  if (const std::uint64_t code = number(); code != 0)
    return fail(static_cast<int>(code), "as recorded");
  const auto type = static_cast<object_type>(number());
  const std::uint64_t size = number();
  if (type != object_type::tree)
    return stand_in(type, size);
  const std::string* contents = from_.tree(id);
  if (contents == nullptr) {
    lacks_tree_ = true;
    differs("needs tree " + id.hex() + ", which is not in the trace");
    return fail(EIO, "not recorded");
  }
  return object{type, nullptr, *contents};
}

bool recorded_environment::contains(const oid& id) {
  return next(question::contains, &id) && number() != 0;
}

void recorded_environment::sizes(std::span<const oid> ids, std::span<std::uint64_t> out) {
  read_sizes(question::sizes, ids, out);
}

// Traces of versions that did not ask this question have no answer to it. Those versions behaved as if no size had been
// here.
void recorded_environment::sizes_here(std::span<const oid> ids, std::span<std::uint64_t> out) {
  trace::decoder ahead = answers_;
  if (!ahead.rest().empty() && ahead.number() == static_cast<std::uint64_t>(question::sizes_here))
    read_sizes(question::sizes_here, ids, out);
  else
    std::ranges::fill(out, unknown_size);
}

void recorded_environment::read_sizes(question what, std::span<const oid> ids, std::span<std::uint64_t> out) {
  std::ranges::fill(out, unknown_size);
  const oid first = ids.empty() ? oid{} : ids.front();
  if (!next(what, &first))
    return;
  if (const std::uint64_t count = number(); count != ids.size()) {
    differs("asked for the sizes of " + std::to_string(ids.size()) + " files; when it was recorded, of "
            + std::to_string(count));
    return;
  }
  for (std::uint64_t& each : out)
    each = perhaps(unknown_size);
}

std::optional<object> recorded_environment::cached_blob(const oid& id, std::uint64_t) {
  constexpr std::uint64_t none = unknown_size;
  const std::uint64_t size = next(question::cached_blob, &id) ? perhaps(none) : none;
  return size == none ? std::nullopt : std::optional{stand_in(object_type::blob, size)};
}

result<object> recorded_environment::blob(const oid& id, std::uint64_t) {
  if (!next(question::blob, &id))
    return fail(EIO, "not recorded");
  if (const std::uint64_t code = number(); code != 0)
    return fail(static_cast<int>(code), "as recorded");
  return stand_in(object_type::blob, number());
}

std::shared_ptr<const blob_file> recorded_environment::blob_file_of(const oid& id) {
  constexpr std::uint64_t none = unknown_size;
  const std::uint64_t size = next(question::blob_file, &id) ? perhaps(none) : none;
  return size == none ? nullptr : std::make_shared<const blob_file>(unlinked_file::none(), size);
}

bool recorded_environment::has_listing(const oid& tree) {
  return next(question::has_listing, &tree) && number() != 0;
}

result<listing_ptr> recorded_environment::listing(const oid& tree) {
  if (!next(question::listing, &tree))
    return fail(EIO, "not recorded");
  if (const std::uint64_t code = number(); code != 0)
    return fail(static_cast<int>(code), "as recorded");
  const std::uint64_t hidden = number(), count = number();
  const std::string* contents = from_.tree(tree);
  auto parsed = contents == nullptr ? result<parsed_tree>{error{EIO, ""}} : parse_tree(*contents);
  if (!parsed || parsed.value().entries.size() != count) {
    lacks_tree_ = true;
    differs("needs tree " + tree.hex() + ", which is not in the trace as it was");
    return fail(EIO, "not recorded");
  }
  auto out = std::make_shared<parsed_tree>(std::move(parsed).value());
  out->hidden = hidden;
  out->hidden_reason = hidden != 0 ? "as recorded" : "";
  for (tree_entry& each : out->entries)
    each.size = perhaps(unknown_size);
  return listing_ptr{std::move(out)};
}

std::optional<dir_slot> recorded_environment::allocate(dir_slot parent, std::uint64_t ino,
                                                       directory_location_ptr link) {
  const std::uint64_t slot = next(question::allocate) ? perhaps(no_slot) : no_slot;
  if (slot >= no_slot)
    return std::nullopt;
  if (!context_.inodes.allocate_at(static_cast<dir_slot>(slot), parent, ino, std::move(link))) {
    differs("got inode slot " + std::to_string(slot) + ", which is still in use");
    return std::nullopt;
  }
  return static_cast<dir_slot>(slot);
}

bool recorded_environment::is_current(dir_slot, std::uint32_t) {
  return next(question::is_current) && number() != 0;
}

std::uint64_t recorded_environment::slots() {
  return next(question::slots) ? number() : 0;
}

std::uint64_t recorded_environment::listings_memory(std::uint64_t more) {
  context_.memory.add(memory_budget::kind::listings, more); // the directory gives this back when it ends
  return next(question::listings_memory) ? number() : 0;
}

std::uint64_t recorded_environment::prefetching(int) {
  return next(question::prefetching) ? number() : 1;
}

std::uint64_t recorded_environment::kernel_requests() {
  return next(question::kernel_requests) ? number() : 0;
}

} // namespace gitfs

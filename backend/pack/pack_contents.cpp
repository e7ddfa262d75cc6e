#include "backend/pack/pack_contents.hpp"

#include "backend/pack/pack_delta.hpp"

#include <cerrno>
#include <string>

namespace gitfs {

namespace {

// Enough for a few generated headers of some megabytes, which make the deepest chains: each version is a delta of the
// one before, and several of them are needed at once.
constexpr std::size_t keep_budget = std::size_t{16} << 20;

} // namespace

result<object> pack_contents::content(pack_position index) {
  std::vector<pack_position> deltas; // the deltas to apply, from the object itself down to the first one
  std::optional<object> base;
  for (pack_position at = index; !(base = kept(at)); at = entries_[at].base) {
    if (entries_[at].base == no_object) {
      GITFS_TRY(bytes, inflated(at));
      base = as_object(entries_[at].type, std::move(bytes), entries_[at].size);
      keep(at, *base);
      break;
    }
    deltas.push_back(at);
  }
  for (; !deltas.empty(); deltas.pop_back()) {
    const pack_position at = deltas.back();
    GITFS_TRY(delta, inflated(at));
    GITFS_TRY(built, build(at, *base, {delta.get(), entries_[at].size}));
    base = std::move(built);
  }
  return std::move(*base);
}

result<object> pack_contents::build(pack_position index, const object& base, std::string_view delta) {
  GITFS_TRY(sizes, sizes_of_delta(delta));
  if (sizes.result > largest_in_memory)
    return fail(EIO, "an object of " + std::to_string(sizes.result) + " bytes comes as a delta, which is refused");
  auto bytes = bytes_for(sizes.result);
  GITFS_TRYV(apply_delta(base.data(), delta, bytes.get(), sizes.result));
  object out = as_object(base.type(), std::move(bytes), sizes.result);
  keep(index, out);
  return out;
}

result<std::unique_ptr<char[]>> pack_contents::inflated(pack_position index) const {
  const pack_entry& e = entries_[index];
  if (e.size > largest_in_memory)
    return fail(EIO, "an object of " + std::to_string(e.size) + " bytes is the base of a delta, which is refused");
  const auto packed = bytes_for(e.packed_size);
  GITFS_TRYV(bytes_->read(packed.get(), e.packed_size, e.data));
  auto out = bytes_for(e.size);
  GITFS_TRYV(inflate_whole({packed.get(), e.packed_size}, out.get(), e.size));
  return out;
}

std::optional<object> pack_contents::kept(pack_position index) {
  const object* const found = kept_.use(index);
  return found == nullptr ? std::nullopt : std::optional{*found};
}

void pack_contents::keep(pack_position index, const object& contents) {
  if (kept_.add(index, contents) == nullptr)
    return;
  kept_bytes_ += contents.data().size();
  while (kept_bytes_ > keep_budget && kept_.size() > 2) // two stay: the base of a delta, and the object that it makes
    kept_bytes_ -= kept_.take_oldest().front().second.data().size();
}

void pack_contents::forget() {
  kept_.take_all();
  kept_bytes_ = 0;
}

} // namespace gitfs

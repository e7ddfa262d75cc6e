#include "backend/cache/blob_cache.hpp"

#include <cerrno>

namespace gitfs {

std::optional<object> blob_cache::cached(const oid& id, std::uint64_t bytes) {
  items dropped; // freed after the lock: unmapping megabytes takes time
  std::lock_guard guard{lock_};
  const auto found = index_.find(id);
  if (found == index_.end())
    return std::nullopt;
  const auto it = found->second;
  object blob = it->blob;
  it->taken += bytes;
  if (it->taken >= blob.data().size())
    move_out(it, dropped);
  else
    recent_.splice(recent_.begin(), recent_, it);
  return blob;
}

result<object> blob_cache::read(const oid& id, std::uint64_t bytes) {
  if (auto hit = cached(id, bytes))
    return *hit;
  auto blob = db_.read(id);
  if (blob && blob.value().type() != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  if (blob && blob.value().data().size() > bytes)
    keep(id, blob.value(), bytes);
  return blob;
}

void blob_cache::keep(const oid& id, const object& blob, std::uint64_t taken) {
  items dropped;
  std::lock_guard guard{lock_};
  if (index_.contains(id))
    return; // another thread read it meanwhile
  recent_.push_front({id, blob, taken});
  index_.emplace(id, recent_.begin());
  bytes_ += blob.data().size();
  budget_.add(memory_budget::kind::blobs, blob.data().size());
  const std::uint64_t limit = budget_.blobs_limit();
  while (budget_.used(memory_budget::kind::blobs) > limit && recent_.size() > 1)
    move_out(std::prev(recent_.end()), dropped);
}

void blob_cache::move_out(items::iterator what, items& out) {
  const std::size_t size = what->blob.data().size();
  bytes_ -= size;
  budget_.subtract(memory_budget::kind::blobs, size);
  index_.erase(what->id);
  out.splice(out.begin(), recent_, what);
}

void blob_cache::clear() {
  items dropped;
  std::lock_guard guard{lock_};
  budget_.subtract(memory_budget::kind::blobs, bytes_);
  bytes_ = 0;
  index_.clear();
  dropped.swap(recent_);
}

} // namespace gitfs

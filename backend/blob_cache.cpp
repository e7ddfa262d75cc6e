#include "backend/blob_cache.hpp"

#include <cerrno>

namespace gitfs {

std::optional<object> blob_cache::cached(const oid& id) {
  std::lock_guard guard{lock_};
  auto it = index_.find(id);
  if (it == index_.end())
    return std::nullopt;
  recent_.splice(recent_.begin(), recent_, it->second);
  return it->second->blob;
}

result<object> blob_cache::read(const oid& id, std::uint64_t enough) {
  if (auto hit = cached(id))
    return *hit;
  auto blob = db_.read(id);
  if (blob && blob.value().type() != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  if (blob && blob.value().data().size() > enough)
    keep(id, blob.value());
  return blob;
}

void blob_cache::keep(const oid& id, const object& blob) {
  std::list<item> dropped; // freed after the lock: unmapping megabytes takes time
  std::lock_guard guard{lock_};
  if (index_.contains(id))
    return; // another thread read it meanwhile
  recent_.push_front({id, blob});
  index_.emplace(id, recent_.begin());
  bytes_ += blob.data().size();
  budget_.add(memory_budget::kind::blobs, blob.data().size());
  const std::uint64_t limit = budget_.blobs_limit();
  while (bytes_ > limit && recent_.size() > 1) {
    auto last = std::prev(recent_.end());
    bytes_ -= last->blob.data().size();
    budget_.subtract(memory_budget::kind::blobs, last->blob.data().size());
    index_.erase(last->id);
    dropped.splice(dropped.begin(), recent_, last);
  }
}

void blob_cache::clear() {
  std::list<item> dropped;
  std::lock_guard guard{lock_};
  budget_.subtract(memory_budget::kind::blobs, bytes_);
  bytes_ = 0;
  index_.clear();
  dropped.swap(recent_);
}

} // namespace gitfs

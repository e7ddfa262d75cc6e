#include "backend/cache/blob_cache.hpp"

#include <cerrno>

namespace gitfs {

std::optional<object> blob_cache::cached(const oid& id, std::uint64_t bytes) {
  items dropped; // freed after the lock: unmapping megabytes takes time
  std::lock_guard guard{lock_};
  item* const found = recent_.use(id);
  if (found == nullptr)
    return std::nullopt;
  object blob = found->blob;
  found->taken += bytes;
  if (found->taken >= blob.data().size())
    dropped = counted_out(recent_.take(id));
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
  if (recent_.add(id, {blob, taken}) == nullptr)
    return; // another thread read it meanwhile
  bytes_ += blob.data().size();
  budget_.add(memory_budget::kind::blobs, blob.data().size());
  const std::uint64_t limit = budget_.blobs_limit();
  while (budget_.used(memory_budget::kind::blobs) > limit && recent_.size() > 1)
    dropped.splice(dropped.begin(), counted_out(recent_.take_oldest()));
}

blob_cache::items blob_cache::counted_out(items gone) {
  for (const auto& [id, each] : gone) {
    bytes_ -= each.blob.data().size();
    budget_.subtract(memory_budget::kind::blobs, each.blob.data().size());
  }
  return gone;
}

void blob_cache::clear() {
  items dropped;
  std::lock_guard guard{lock_};
  dropped = counted_out(recent_.take_all());
}

} // namespace gitfs

#include "backend/cache/blob_files.hpp"

#include <utility>
#include <vector>

namespace gitfs {

namespace {

constexpr std::size_t always_kept = 4;

} // namespace

/// Ends in every case, also by an exception: others wait for it.
struct blob_files::work {
  blob_files& in;
  const oid& id;

  ~work() {
    {
      const std::lock_guard guard{in.lock_};
      in.loading_.erase(id);
    }
    in.loaded_.notify_all();
  }
};

std::shared_ptr<const blob_file> blob_files::touch(const oid& id) {
  auto* const found = recent_.use(id);
  if (found == nullptr)
    return nullptr;
  found->used = std::chrono::steady_clock::now();
  return found->blob;
}

std::shared_ptr<const blob_file> blob_files::find(const oid& id) {
  std::lock_guard guard{lock_};
  return touch(id);
}

result<std::shared_ptr<const blob_file>> blob_files::load(const oid& id) {
  std::unique_lock guard{lock_};
  loaded_.wait(guard, [&] { return !loading_.contains(id); });
  if (auto there = touch(id))
    return there;
  loading_.insert(id);
  guard.unlock();
  kept_files::items dropped; // closed last: freeing the blocks takes time
  const work mine{*this, id};
  auto made = inflate(id);
  if (made) {
    const std::lock_guard again{lock_};
    keep(id, made.value(), dropped);
  }
  return made;
}

result<std::shared_ptr<const blob_file>> blob_files::inflate(const oid& id) {
  GITFS_TRY(file, unlinked_file::make(folder_));
  GITFS_TRYV(db_.copy(id, {file, folder_, stopped_}));
  const std::uint64_t size = file.size();
  return std::make_shared<const blob_file>(std::move(file), size);
}

void blob_files::keep(const oid& id, const std::shared_ptr<const blob_file>& blob, kept_files::items& dropped) {
  if (recent_.add(id, {blob, std::chrono::steady_clock::now()}) == nullptr)
    return;
  bytes_ += blob->size();
  budget_.add(memory_budget::kind::blob_files, blob->size());
  while (budget_.used(memory_budget::kind::blob_files) > space_ && recent_.size() > always_kept)
    dropped.splice(dropped.begin(), counted_out(recent_.take_oldest()));
}

blob_files::kept_files::items blob_files::counted_out(kept_files::items gone) {
  for (const auto& [id, each] : gone) {
    bytes_ -= each.blob->size();
    budget_.subtract(memory_budget::kind::blob_files, each.blob->size());
  }
  return gone;
}

void blob_files::let_go(std::uint64_t bytes, std::chrono::steady_clock::duration unread) {
  kept_files::items dropped; // closed behind the lock
  const std::lock_guard guard{lock_};
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::pair<oid, std::uint64_t>> idle; // the most recently used first
  for (const auto& [id, each] : recent_)
    if (each.blob.use_count() == 1 && now - each.used >= unread)
      idle.emplace_back(id, each.blob->size());
  for (std::uint64_t gone = 0; gone < bytes && !idle.empty(); idle.pop_back()) {
    gone += idle.back().second;
    dropped.splice(dropped.begin(), counted_out(recent_.take(idle.back().first)));
  }
}

void blob_files::clear() {
  kept_files::items dropped;
  std::lock_guard guard{lock_};
  dropped = counted_out(recent_.take_all());
}

} // namespace gitfs

#include "actors/mount/mount_context.hpp"

#include "actors/mount/learned.hpp"
#include "actors/trace/record/stamp.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <string_view>

namespace gitfs {

namespace {

// Counters of the whole cache folder. Each store reports the same value, so these are not added up.
constexpr std::string_view of_the_cache[] = {"store.cache_bytes"};

std::shared_ptr<environment> as_recorded(std::unique_ptr<environment> live) {
  return trace::exact ? trace::recording_environment(std::move(live)) : std::move(live);
}

} // namespace

mounted_repository::mounted_repository(mount_context& context, std::uint32_t n, std::shared_ptr<object_db> objects)
  : number(n),
    db(std::move(objects)),
    memory_(context.shared_memory),
    blobs(*db, *memory_),
    listings(*db, *memory_),
    large_blobs(*db, *memory_, context.blob_files_folder, blob_files_space),
    outside(as_recorded(live_environment(context, this))) {}

mounted_repository::~mounted_repository() = default;

mount_context::mount_context(std::shared_ptr<memory_budget> budget, std::filesystem::path large_blobs, bool ahead)
  : shared_memory(std::move(budget)),
    memory(*shared_memory),
    blob_files_folder(std::move(large_blobs)),
    prefetch(ahead),
    outside(as_recorded(live_environment(*this, nullptr))) {}

void mount_context::trim() {
  repositories.each([](mounted_repository& each) { each.trim(); });
}

std::vector<std::pair<std::string, std::uint64_t>> mount_context::store_counters() const {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  repositories.each([&](const mounted_repository& each) {
    for (auto& [name, value] : each.db->counters()) {
      const auto known = std::ranges::find(out, name, &std::pair<std::string, std::uint64_t>::first);
      if (known == out.end())
        out.emplace_back(std::move(name), value);
      else if (std::ranges::find(of_the_cache, name) != std::end(of_the_cache))
        known->second = std::max(known->second, value);
      else
        known->second += value;
    }
  });
  return out;
}

bool mount_context::holds(const oid& id) const {
  bool out = false;
  repositories.each([&](const mounted_repository& each) { out = out || each.db->contains(id); });
  return out;
}

std::string mount_context::report() const {
  std::string out = counts.text() + latency.text() + memory.text();
  for (const auto& [name, value] : store_counters())
    out += name + ' ' + std::to_string(value) + '\n';
  if (servers)
    for (const auto& [name, value] : servers->counters())
      out += name + ' ' + std::to_string(value) + '\n';
  return out;
}

void mount_context::end_actors() const {
  const auto end = [](const caf::actor& one) {
    if (one)
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  };
  mounted_refs.each([&](const mounted_ref& each) { end(each.prefetcher); });
  repositories.each([&](const mounted_repository& each) { end(each.fetcher); });
}

void mount_context::close() {
  supervisor = nullptr;
  mounted_refs.each([](mounted_ref& each) { each.prefetcher = nullptr; });
  repositories.each([](mounted_repository& each) { each.fetcher = nullptr; });
}

std::shared_ptr<mounted_repository> add_repository(mount_context& context, std::uint32_t number,
                                                   std::shared_ptr<object_db> objects) {
  // Not make_shared: open_list keeps weak pointers, which would keep the memory of closed repositories.
  std::shared_ptr<mounted_repository> out{new mounted_repository{context, number, std::move(objects)}};
  if (context.outside_of_all)
    out->outside = context.outside_of_all;
  context.repositories.add(out);
  return out;
}

} // namespace gitfs

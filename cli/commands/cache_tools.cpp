#include "cli/commands/cache_tools.hpp"

#include "backend/open/known_side_tables.hpp"
#include "backend/os/disk_room.hpp"
#include "backend/remote/source.hpp"
#include "backend/store/disk/cache_disk.hpp"
#include "backend/store/disk/store_files.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/upkeep/cache_info.hpp"
#include "backend/store/upkeep/store_maintenance.hpp"
#include "backend/store/upkeep/store_removal.hpp"
#include "backend/store/upkeep/store_verify.hpp"
#include "config/byte_size.hpp"
#include "config/url.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace gitfs {

namespace {

using printer = std::function<void(const std::string&)>;

std::uint64_t quota_of(const cache_options& options) {
  return options.cache_size ? *options.cache_size : noted_quota(options.cache_dir).value_or(default_cache_size);
}

std::uint64_t min_free_of(const cache_options& options) {
  const auto room = disk_room::of(options.cache_dir);
  return options.cache_min_free.value_or(room ? default_min_free(room->total) : 0);
}

result<bool> show_info(const cache_options& options, const printer& print) {
  GITFS_TRY(stores, cache_info(options.cache_dir));
  print((options.json ? info_json : info_text)(stores, disk_use(options.cache_dir), quota_of(options)));
  return true;
}

result<bool> collect(const cache_options& options, const printer& print) {
  const std::uint64_t quota = quota_of(options);
  GITFS_TRY(r, maintain(options.cache_dir,
                        {.quota = quota,
                         .min_free = min_free_of(options),
                         .thorough = true,
                         .wait = true,
                         .beside = known_side_tables()},
                        {}));
  print(fmt::format("evicted   {} objects, {}\n", r.evicted_objects, show_byte_size(r.evicted_bytes)));
  print(fmt::format("merged    {} packs and {} loose objects into {} packs\n", r.packs_merged, r.loose_merged,
                    r.consolidations));
  print(fmt::format("removed   {} of leftovers\n", show_byte_size(r.leftover_bytes)));
  if (r.salvaged != 0)
    print(fmt::format("salvaged  {} objects of damaged packs\n", r.salvaged));
  print(fmt::format("size      {} before, {} now, of at most {}\n", show_byte_size(r.before), show_byte_size(r.after),
                    show_byte_size(quota)));
  if (r.after > quota)
    print(fmt::format("It is still too large: what was used within the last {} seconds and tables of sizes are kept.\n",
                      eviction_grace.count()));
  return true;
}

std::string key_of(const std::string& named) {
  const auto parsed = parse_source(named);
  return parsed ? parsed.value().location
                : without_userinfo(named); // a cache entry of a forge or of a service has another kind of name
}

result<bool> remove(const cache_options& options, const printer& print) {
  for (const std::string& each : options.sources) {
    const std::string key = key_of(each);
    GITFS_TRY(bytes, remove_store(options.cache_dir, key, options.force));
    print(fmt::format("removed {}: {}\n", key, show_byte_size(bytes)));
  }
  return true;
}

result<bool> verify(const cache_options& options, const printer& print) {
  bool sound = true;
  GITFS_TRYV(verify_cache(
      options.cache_dir, known_side_tables(), [&](const std::filesystem::path& store, const verify_report& report) {
        for (const std::string& finding : report.findings)
          print(fmt::format("{}\n", finding));
        sound = sound && report.findings.empty();
        const std::string listings = report.listings == 0 ? "" : fmt::format(" and {} listings", report.listings);
        print(fmt::format("{}: {} objects and {} sizes{} are sound, {}\n", store.string(), report.objects, report.sizes,
                          listings,
                          report.damaged == 0 ? "none is damaged" : fmt::format("{} damaged", report.damaged)));
      }));
  return sound;
}

} // namespace

result<bool> run_cache_tool(const cache_options& options, const std::function<void(const std::string&)>& print) {
  constexpr struct {
    cache_options::action_type action;
    result<bool> (*run)(const cache_options& options, const printer& print);
  } commands[] = {{cache_options::action_type::info, show_info},
                  {cache_options::action_type::gc, collect},
                  {cache_options::action_type::verify, verify},
                  {cache_options::action_type::rm, remove}};
  for (const auto& each : commands)
    if (each.action == options.action)
      return each.run(options, print);
  return fail(EINVAL, "an unknown action");
}

} // namespace gitfs

// Hundreds of repositories in one process.
#include "backend/open/backend_services.hpp"

#include "backend/mesa/mesa_objects.hpp"
#include "backend/remote/git_upstream.hpp"
#include "backend/remote/source.hpp"
#include "backend/store/object_store.hpp"
#include "test/support/background.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(backend_services)

namespace {

struct process_use {
  std::size_t threads = 0, files = 0, resident_kb = 0;

  static process_use now() {
    process_use out;
    out.threads = entries("/proc/self/task");
    out.files = entries("/proc/self/fd");
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;)
      if (word == "VmRSS:")
        status >> out.resident_kb;
    return out;
  }
  static std::size_t entries(const char* folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{folder}, {}));
  }
};

constexpr std::uint64_t quota = std::uint64_t{1} << 30;

/// Both of a repository that nobody has looked into.
struct opened_repository {
  std::shared_ptr<gitfs::object_store> store;
  std::shared_ptr<gitfs::git_upstream> remote;
};

opened_repository open_one(const std::filesystem::path& cache, int number,
                           const std::shared_ptr<gitfs::backend_services>& services) {
  const auto from = parse_source("http://127.0.0.1:1/r" + std::to_string(number) + ".git").value();
  opened_repository out;
  out.store = gitfs::object_store::open(cache, from.location, quota, {}, shared_keepers(services)).value();
  out.remote =
      gitfs::git_upstream::create(from, *out.store, {}, {}, {}, shared_http(services), shared_workers(services))
          .value();
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(two_hundred_opened_repositories_are_nothing_special) {
  constexpr std::size_t many = 200;
  const temp_dir dir;
  const auto services = std::make_shared<gitfs::backend_services>();
  (void)open_one(dir / "cache", 0, services);
  const auto before = process_use::now();
  std::vector<opened_repository> all;
  for (std::size_t i = 0; i < many; ++i)
    all.push_back(open_one(dir / "cache", static_cast<int>(i), services));
  const auto after = process_use::now();
  BOOST_TEST_MESSAGE(many << " repositories: " << after.threads - before.threads << " threads, "
                          << after.files - before.files << " descriptors, " << (after.resident_kb - before.resident_kb)
                          << " kB resident");
  BOOST_TEST(after.threads <= before.threads + 1);            // the keeper
  BOOST_TEST(after.files <= before.files + many + many / 10); // one for each, which says that its folder is in use
  for (std::size_t i = 0; i < many; ++i) {                    // each asked once, as where sizes are looked up
    std::uint64_t size = 0;
    const oid id = *oid::from_hex(std::string(40, 'a'));
    all[i].store->sizes({&id, 1}, {&size, 1});
    BOOST_TEST(!all[i].store->contains(id));
  }
  const auto used = process_use::now();
  BOOST_TEST_MESSAGE("each used: " << used.threads - before.threads << " threads, " << used.files - before.files
                                   << " descriptors, " << (used.resident_kb - before.resident_kb) << " kB resident");
  BOOST_TEST(used.files <= before.files + 4 * many);
}

BOOST_AUTO_TEST_CASE(a_repository_that_ends_waits_for_its_own_requests_only) {
  const temp_dir dir;
  std::promise<void> begun, go;
  std::atomic<int> delivered = 0;
  const auto services = std::make_shared<gitfs::backend_services>();
  const auto one = open_one(dir / "cache", 1, services);
  auto other = open_one(dir / "cache", 2, services);
  const oid id = *oid::from_hex(std::string(40, 'a'));
  (void)one.remote->fetch({.wants = {id}}, [&](transfer_outcome) { // cancelled at once
    begun.set_value();
    go.get_future().wait();
    ++delivered;
  });
  begun.get_future().wait();
  const auto running = other.remote->fetch({.wants = {id}}, [&](transfer_outcome) { ++delivered; });
  other.remote.reset();
  BOOST_TEST(delivered == 1); // its own, before it was gone; the other is still under way
  go.set_value();
}

BOOST_AUTO_TEST_CASE(stores_of_one_cache_folder_share_a_keeper) {
  const temp_dir dir;
  gitfs::backend_services services;
  const auto keeper = services.keeper_of(dir / "cache");
  BOOST_TEST(keeper == services.keeper_of(dir / "." / "cache"));
  BOOST_TEST(keeper != services.keeper_of(dir / "other"));
  int ticks[2] = {};
  std::atomic<int> seen = 0;
  for (int& each : ticks)
    keeper->join(&each, {.folder = dir / "cache", .quota = quota, .tick = [&] {
                           ++each;
                           ++seen;
                         }});
  BOOST_TEST(eventually([&] { return seen >= 2; }));
  keeper->leave(&ticks[0]);
  const int then = ticks[0];
  BOOST_TEST(then >= 1);
  const int first = seen;
  BOOST_TEST(eventually([&] { return seen > first; }));
  keeper->leave(&ticks[1]);
  BOOST_TEST(ticks[0] == then);
}

BOOST_AUTO_TEST_CASE(a_keeper_removes_what_the_mesa_service_listed_with_the_last_object) {
  const temp_dir dir;
  std::filesystem::path table;
  {
    const auto store = gitfs::object_store::open(dir / "cache", "s").value();
    mesa_objects listed{store};
    listed.put_snapshot(*oid::from_hex(std::string(40, 'a')), {*oid::from_hex(std::string(40, 'b')), 1});
    table = mesa_objects::table_file(store->folder());
  }
  BOOST_REQUIRE(std::filesystem::exists(table));
  const auto services = std::make_shared<gitfs::backend_services>();
  const auto over_quota = gitfs::object_store::open(dir / "cache", "s", 1, {}, shared_keepers(services)).value();
  BOOST_TEST(eventually([&] { return !std::filesystem::exists(table); }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

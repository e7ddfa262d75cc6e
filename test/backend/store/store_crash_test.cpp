#include "backend/store/object_store.hpp"
#include "backend/store/upkeep/store_maintenance.hpp"
#include "backend/store/upkeep/store_verify.hpp"
#include "test/backend/support/store_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(store_crash, store_fixture)

namespace {

template <class Work>
pid_t in_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(work());
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

/// Takes every pack in, over and over if need be. Gives an exit status.
int ingest_all(const fs::path& cache, const std::string& key, const std::vector<std::string>& packs, bool for_ever) {
  auto store = gitfs::object_store::open(cache, key);
  if (!store)
    return 2;
  do
    for (const std::string& pack : packs)
      if (!ingest(*store.value(), pack))
        return 3;
  while (for_ever);
  store.value().reset();
  return 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(killed_at_any_moment_the_store_opens_and_is_whole) {
  const std::vector<std::string> packs{pack_of(all()), pack_of(blobs(0, 40)), pack_of({blobs(50, 1)[0]})};
  std::mt19937 random{3};
  for (int round = 0; round < 30; ++round) {
    const fs::path cache = dir / ("cache" + std::to_string(round % 3)); // new and old stores
    const pid_t child = in_child([&] { return ingest_all(cache, key, packs, true); });
    ::usleep(random() % 30'000);
    ::kill(child, SIGKILL);
    const int status = wait_for(child);
    BOOST_REQUIRE_MESSAGE(WIFSIGNALED(status), "the child gave up with " << WEXITSTATUS(status));
    auto store = gitfs::object_store::open(cache, key);
    if (!store)
      BOOST_FAIL("not opened: " << store.error().message);
    check(*store.value());
    BOOST_TEST(verify_store(store.value()->folder()).value().findings.empty());
    for (const auto& entry : fs::directory_iterator{cache})
      BOOST_TEST(!entry.path().filename().string().starts_with(".new-"));
  }
}

// Evicting, consolidating, salvaging: whatever is there afterwards is what it should be, and what was not to go is
// there.
BOOST_AUTO_TEST_CASE(killed_in_the_middle_of_maintenance_the_store_is_whole) {
  const std::vector<std::string> packs{pack_of(all()), pack_of(blobs(0, 40)), pack_of(blobs(20, 110))};
  std::mt19937 random{5};
  for (int round = 0; round < 40; ++round) {
    const bool evicting = round % 2 == 0;
    const fs::path cache = dir / (evicting ? "evicting" : "merging");
    BOOST_REQUIRE(ingest_all(cache, key, packs, false) == 0);
    must_run("find . -path '*objects/*' -type f -exec touch -d 2020-01-01 {} +", cache);
    const pid_t child = in_child([&] {
      for (std::uint64_t quota = 400'000;; quota = quota * 3 / 4) {
        // Even with nothing left to evict or to merge it goes round, until it is killed.
        if (!maintain(cache, {.quota = evicting ? std::optional{quota} : std::nullopt, .thorough = true, .wait = true},
                      {}))
          return 2;
        if (quota < 10'000 || !evicting)
          ingest_all(cache, key, packs, false);
      }
    });
    ::usleep(random() % 60'000);
    ::kill(child, SIGKILL);
    const int status = wait_for(child);
    BOOST_REQUIRE_MESSAGE(WIFSIGNALED(status), "the child gave up with " << WEXITSTATUS(status));
    auto store = gitfs::object_store::open(cache, key).value();
    BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
    const verify_report report = verify_store(store->folder()).value();
    BOOST_TEST(report.findings.empty(), (report.findings.empty() ? "" : report.findings.front()));
    must_run("git cat-file --batch-check --batch-all-objects", store->folder());
    for (const oid& id : all()) {
      const auto out = store->read(id);
      BOOST_TEST((out || out.error().code == ENOENT));
      BOOST_TEST((evicting || out), id.hex() << " was lost by merging");
    }
    if (!evicting)
      check(*store);
  }
}

BOOST_AUTO_TEST_CASE(opening_leaves_what_a_living_process_does_alone) {
  auto store = open();
  const std::string pack = pack_of(all());
  auto sink = store->new_pack(pack_use::keep).value();
  BOOST_TEST(sink->append(std::string_view{pack}.substr(0, pack.size() / 2)).has_value());
  BOOST_TEST(wait_for(in_child([&] { return gitfs::object_store::open(dir / "cache", key) ? 0 : 1; })) == 0);
  BOOST_TEST(sink->append(std::string_view{pack}.substr(pack.size() / 2)).has_value());
  BOOST_TEST(sink->commit().value() == all().size());
  sink.reset();
  check(*store);
}

BOOST_AUTO_TEST_CASE(processes_at_once) {
  std::vector<pid_t> children;
  for (std::size_t c = 0; c < 4; ++c) {
    // All take the large pack; small ones overlap in part.
    const std::vector<std::string> packs{pack_of(blobs(c * 10, 20)), pack_of(all()), pack_of(blobs(c * 10 + 5, 20))};
    children.push_back(in_child([&] { return ingest_all(dir / "cache", key, packs, false); }));
  }
  for (const pid_t child : children)
    BOOST_TEST(wait_for(child) == 0);
  auto store = open();
  for (const oid& id : all())
    BOOST_TEST(store->contains(id));
  check(*store);
  maintain(dir / "cache", {.thorough = true, .wait = true}, {}).value(); // what came twice is there once
  BOOST_TEST(verify_store(store->folder()).value().objects == all().size());
}

BOOST_AUTO_TEST_CASE(a_pack_of_another_process_is_seen_after_refresh) {
  auto store = open();
  BOOST_TEST(!store->contains(head()));
  const std::vector<std::string> packs{pack_of(all())};
  BOOST_TEST(wait_for(in_child([&] { return ingest_all(dir / "cache", key, packs, false); })) == 0);
  BOOST_TEST(!store->contains(head()));
  store->refresh();
  BOOST_TEST(store->contains(head()));
}

BOOST_AUTO_TEST_CASE(what_a_disk_does_not_take_is_held_in_memory) {
  const std::string pack = pack_of(all());
  const pid_t child = in_child([&] {
    auto store = gitfs::object_store::open(dir / "cache", key);
    if (!store || ::chmod((store.value()->folder() / "objects").c_str(), 0500) != 0)
      return 2;
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
      return 3;
    auto sink = store.value()->new_pack(pack_use::keep);
    if (!sink || !sink.value()->append(pack) || !sink.value()->commit())
      return 4;
    return store.value()->contains(head()) && store.value()->read(head()) ? 0 : 5;
  });
  BOOST_TEST(wait_for(child) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

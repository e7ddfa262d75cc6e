#include "backend/store/upkeep/store_maintenance.hpp"

#include "backend/os/room_giver.hpp"
#include "backend/store/disk/folder_lock.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/object_store.hpp"
#include "backend/store/table/size_table.hpp"
#include "backend/store/upkeep/cache_keeper.hpp"
#include "backend/store/upkeep/store_quota.hpp"
#include "backend/store/upkeep/store_verify.hpp"
#include "test/backend/support/store_fixture.hpp"
#include "test/support/background.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <set>
#include <sstream>
#include <thread>

namespace gitfs::test {

namespace store_maintenance {

namespace {

constexpr std::uint64_t megabyte = 1 << 20;

struct cache_fixture : store_fixture {
  fs::path cache = dir / "cache";

  /// Objects that do not deflate, in order.
  std::vector<oid> random_blobs(int count, std::size_t bytes) {
    const std::string script = "for i in $(seq " + std::to_string(count) + "); do head -c " + std::to_string(bytes)
                               + " /dev/urandom | git hash-object -w --stdin; done";
    std::istringstream ids{must_run(script, dir / "repo")};
    std::vector<oid> out;
    for (std::string hex; ids >> hex;)
      out.push_back(id_of(hex));
    return out;
  }

  /// As if everything had arrived long ago.
  void age() const { must_run("find . -path '*objects/*' -type f -exec touch -d 2020-01-01 {} +", cache); }

  static void use(gitfs::object_store& store, const std::vector<oid>& ids, std::int64_t seconds_ago) {
    size_table::open(size_file(store.folder()))
        ->touch(ids, static_cast<std::uint32_t>(std::time(nullptr) - seconds_ago));
  }

  maintenance_report keep(std::optional<std::uint64_t> quota, bool thorough = false) const {
    auto done = maintain(cache, {.quota = quota, .thorough = thorough, .wait = true}, {});
    if (!done)
      BOOST_FAIL("not maintained: " << done.error().message);
    return done.value();
  }

  std::size_t readable(const std::vector<oid>& ids) {
    auto store = open();
    std::size_t out = 0;
    for (const oid& id : ids) {
      const auto one = store->read(id);
      BOOST_TEST((one || one.error().code == ENOENT));
      out += one ? 1 : 0;
    }
    return out;
  }

  std::set<oid> listed() {
    std::set<oid> out;
    std::istringstream lines{
        must_run("git cat-file --batch-check='%(objectname)' --batch-all-objects", open()->folder())};
    for (std::string hex; lines >> hex;)
      out.insert(id_of(hex));
    return out;
  }
};

} // namespace

} // namespace store_maintenance

BOOST_FIXTURE_TEST_SUITE(store_maintenance, store_maintenance::cache_fixture)

BOOST_AUTO_TEST_CASE(loose_objects_go_in_the_order_of_their_last_use) {
  const std::vector<oid> ids = random_blobs(8, megabyte);
  {
    auto store = open();
    for (const oid& id : ids) // together they would stay a pack
      ingest(*store, pack_of({id})).value();
    age();
    for (std::size_t i = 0; i < ids.size(); ++i)
      use(*store, {ids[i]}, static_cast<std::int64_t>(100 + 50 * (i * 3 % 8))); // not in the order of arrival
  }
  const maintenance_report done = keep(6 * megabyte);
  BOOST_TEST(done.evicted_objects == 3u);
  BOOST_TEST(done.after <= 6 * megabyte);
  auto store = open();
  for (std::size_t i = 0; i < ids.size(); ++i)
    BOOST_TEST(store->contains(ids[i]) == (i * 3 % 8 < 5), "object " << i);
  BOOST_TEST(keep(6 * megabyte).evicted_objects == 0u);
}

BOOST_AUTO_TEST_CASE(of_a_pack_what_is_used_stays) {
  const std::vector<oid> ids = random_blobs(120, 50'000);
  std::vector<oid> hot, cold;
  for (std::size_t i = 0; i < ids.size(); ++i)
    (i % 3 == 0 ? hot : cold).push_back(ids[i]);
  auto store = open();
  ingest(*store, pack_of(ids)).value();
  age();
  use(*store, hot, 100);
  BOOST_TEST(content(*store, hot[0]) == git_content(hot[0]));
  BOOST_TEST(keep(4 * megabyte).after <= 4 * megabyte);
  BOOST_TEST(readable(hot) == hot.size());
  BOOST_TEST(readable(cold) < cold.size());
  // The store that was open all the time reads them from where they are now.
  for (const oid& id : hot)
    BOOST_TEST(content(*store, id) == git_content(id));
  for (const oid& id : cold)
    BOOST_TEST((store->read(id) || store->read(id).error().code == ENOENT));
  BOOST_TEST(verify_store(store->folder()).value().findings.empty());
  must_run("git verify-pack objects/pack/*.idx", store->folder());
}

// So little of a pack is not worth writing the pack anew, unless nothing else can go.
BOOST_AUTO_TEST_CASE(the_few_old_objects_of_a_pack_go_if_nothing_else_can) {
  const std::vector<oid> ids = random_blobs(120, 20'000);
  {
    auto store = open();
    ingest(*store, pack_of(ids)).value();
    age();
    use(*store, {ids.begin() + 12, ids.end()}, 100);
  }
  const maintenance_report done = keep(disk_use(cache) - 100'000);
  BOOST_TEST(done.evicted_objects >= 12u);
  BOOST_TEST(done.evicted_objects < 40u);
  BOOST_TEST(done.after <= done.before - 100'000);
}

BOOST_AUTO_TEST_CASE(a_pack_that_nobody_can_read_goes_before_all_others) {
  const std::vector<oid> lost = random_blobs(120, 20'000), good = random_blobs(120, 5'000);
  auto store = open();
  ingest(*store, pack_of(lost)).value();
  must_run("chmod u+w objects/pack/*.idx; truncate -s 0 objects/pack/*.idx", store->folder());
  ingest(*store, pack_of(good)).value();
  age();
  const maintenance_report done = keep(megabyte * 3 / 2);
  BOOST_TEST(done.evicted_bytes >= 2'400'000u);
  BOOST_TEST(done.after <= megabyte * 3 / 2);
  BOOST_TEST(readable(good) == good.size());
}

BOOST_AUTO_TEST_CASE(deltas_keep_what_they_are_deltas_of) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  age();
  const std::vector<oid> hot = blobs(70, 20);
  use(*store, hot, 10);
  const fs::path folder = store->folder();
  BOOST_TEST(evict({&folder, 1}, 3000, std::time(nullptr), true, {}).value().objects > 0u);
  BOOST_TEST(readable(hot) == hot.size());
  BOOST_TEST(readable(all()) < all().size());
  for (const oid& id : hot)
    BOOST_TEST(must_run_raw("git cat-file -p " + id.hex(), store->folder()) == git_content(id));
}

BOOST_AUTO_TEST_CASE(what_has_just_arrived_stays_even_if_it_is_larger_than_the_quota) {
  const std::vector<oid> ids = random_blobs(1, 3 * megabyte);
  ingest(*open(), pack_of(ids)).value();
  BOOST_TEST(keep(megabyte).evicted_objects == 0u);
  BOOST_TEST(readable(ids) == 1u);
  age();
  { // what was read a moment ago
    auto store = open();
    BOOST_TEST(store->read(ids[0]).has_value());
  }
  BOOST_TEST(keep(megabyte).evicted_objects == 0u);
  use(*open(), ids, 60);
  BOOST_TEST(keep(megabyte).evicted_objects == 1u);
  BOOST_TEST(readable(ids) == 0u);
  BOOST_TEST(disk_use(cache) <= megabyte);
}

BOOST_AUTO_TEST_CASE(the_quota_is_of_all_repositories) {
  const std::vector<oid> ids = random_blobs(4, megabyte);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto store = open("http://git.example.org/" + std::to_string(i));
    ingest(*store, pack_of({ids[i]})).value();
    use(*store, {ids[i]}, static_cast<std::int64_t>(100 * (i + 1)));
  }
  age();
  keep(3 * megabyte);
  for (std::size_t i = 0; i < ids.size(); ++i)
    BOOST_TEST(open("http://git.example.org/" + std::to_string(i))->contains(ids[i]) == (i < 2), "repository " << i);
}

BOOST_AUTO_TEST_CASE(an_object_that_comes_again_while_it_is_old_is_young) {
  const std::vector<oid> ids = random_blobs(2, megabyte);
  auto store = open();
  ingest(*store, pack_of(ids)).value();
  age();
  ingest(*store, pack_of({ids[0]})).value();
  keep(megabyte);
  BOOST_TEST(store->contains(ids[0]));
  BOOST_TEST(!store->contains(ids[1]));
}

BOOST_AUTO_TEST_CASE(many_packs_become_few_and_every_object_stays) {
  auto store = open();
  for (std::size_t i = 0; i < 52; ++i)
    ingest(*store, pack_of(blobs(i % 50, 100 + i / 50))).value();
  ingest(*store, pack_of(all())).value();
  BOOST_TEST(packs(*store) == 53u);
  const auto before = listed();
  BOOST_TEST(keep({}).consolidations == 1u);
  BOOST_TEST(packs(*store) <= 50u);
  BOOST_TEST(keep({}).consolidations == 0u);
  keep({}, true);
  BOOST_TEST(packs(*store) == 1u);
  BOOST_TEST((listed() == before));
  BOOST_TEST(readable(all()) == all().size());
  const std::string every =
      "git cat-file --batch-check='%(objectname)' --batch-all-objects | git cat-file --batch | md5sum";
  BOOST_TEST(must_run(every, store->folder()) == must_run(every, dir / "repo"));
  check(*store);
  BOOST_TEST(keep({}, true).consolidations == 0u);
}

BOOST_AUTO_TEST_CASE(an_index_that_claims_too_much_does_not_keep_packs_apart) {
  auto store = open();
  for (std::size_t i = 0; i < 52; ++i)
    ingest(*store, pack_of(blobs(i % 50, 100 + i / 50))).value();
  must_run("i=$(ls -S objects/pack/*.idx | tail -1); chmod u+w $i; printf '\\377\\377' | dd of=$i bs=1 seek=1028 "
           "conv=notrunc status=none",
           store->folder());
  BOOST_TEST(keep({}).consolidations == 1u);
  BOOST_TEST(packs(*store) <= 50u);
  BOOST_TEST(must_run("ls quarantine | grep -c 'pack$'", store->folder()) == "1");
}

BOOST_AUTO_TEST_CASE(what_the_disk_does_not_give_is_no_damage) {
  auto store = open();
  const std::vector<oid> ids = random_blobs(3, 100);
  ingest(*store, pack_of(ids)).value();
  const std::string hex = ids[0].hex();
  const fs::path file = store->folder() / "objects" / hex.substr(0, 2) / hex.substr(2);
  fs::remove(file);
  fs::create_symlink("/proc/self/mem", file); // can be opened, and reading is EIO
  BOOST_TEST(keep({}, true).consolidations == 1u);
  BOOST_TEST(fs::is_symlink(file));
  BOOST_TEST(readable({ids[1], ids[2]}) == 2u);
}

BOOST_AUTO_TEST_CASE(loose_objects_become_a_pack) {
  auto store = open();
  for (std::size_t i = 0; i < 150; i += 50)
    ingest(*store, pack_of(blobs(i, 50))).value();
  ingest(*store, pack_of(all())).value();
  must_run("rm -f objects/pack/*", store->folder());
  const auto before = listed();
  BOOST_TEST(before.size() == 150u);
  const maintenance_report done = keep({}, true);
  BOOST_TEST(done.loose_merged == 150u);
  BOOST_TEST((listed() == before));
  BOOST_TEST(must_run("find objects -mindepth 2 -not -path '*/pack/*' | wc -l", store->folder()) == "0");
  BOOST_TEST(readable(blobs(0, 150)) == 150u);
  check(*store);
}

BOOST_AUTO_TEST_CASE(merging_keeps_the_age_of_what_was_never_read) {
  const std::vector<oid> old_ones = random_blobs(2, megabyte), young = random_blobs(2, megabyte);
  auto store = open();
  ingest(*store, pack_of(old_ones)).value();
  age();
  ingest(*store, pack_of(young)).value();
  keep({}, true);
  BOOST_TEST(packs(*store) == 1u);
  keep(3 * megabyte);
  BOOST_TEST(readable(young) == 2u);
  BOOST_TEST(readable(old_ones) == 0u);
}

BOOST_AUTO_TEST_CASE(readers_see_nothing_of_it) {
  const std::vector<oid> ids = blobs(0, 150);
  std::vector<std::string> contents;
  for (const oid& id : ids)
    contents.push_back(git_content(id));
  const std::vector<std::string> arriving{pack_of(blobs(0, 50)), pack_of(blobs(20, 110)), pack_of(blobs(30, 120))};
  auto store = open();
  auto other = open(); // as another process has it: nobody tells it of changes
  for (const std::string& pack : {pack_of(all()), arriving[0], arriving[1], arriving[2]})
    ingest(*store, pack).value();
  other->refresh();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0, missed = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t)
    readers.emplace_back([&, t] {
      gitfs::object_store& mine = t % 2 == 0 ? *store : *other;
      while (!done)
        for (std::size_t i = 0; i < ids.size(); ++i) {
          const auto out = mine.read(ids[i]);
          wrong += out ? out.value().data() != contents[i] : out.error().code != ENOENT;
          missed += out ? 0 : 1;
        }
    });
  for (int round = 0; round < 15; ++round) {
    keep({}, true);
    for (const std::string& pack : arriving)
      wrong += !ingest(*store, pack);
  }
  BOOST_TEST(missed == 0); // merging loses nothing, not even for a moment
  for (int round = 0; round < 15; ++round) {
    age();
    use(*store, ids, 3600);
    keep(megabyte / 4);
    for (const std::string& pack : arriving)
      wrong += !ingest(*store, pack);
  }
  done = true;
  for (std::thread& each : readers)
    each.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(verify_store(store->folder()).value().findings.empty());
}

BOOST_AUTO_TEST_CASE(a_store_with_a_quota_keeps_it_by_itself) {
  auto store = gitfs::object_store::open(cache, key, 2 * megabyte).value();
  BOOST_TEST(noted_quota(cache).value() == 2 * megabyte);
  const std::vector<oid> ids = random_blobs(6, megabyte);
  for (const oid& id : ids)
    ingest(*store, pack_of({id})).value();
  age();
  // From the first object on it may do so at any moment; the count follows the deed.
  const auto evicted = [&] {
    for (const auto& [name, value] : store->counters())
      if (name == "store.evicted_objects")
        return value;
    return std::uint64_t{0};
  };
  BOOST_TEST(eventually([&] { return disk_use(cache) <= 2 * megabyte && evicted() >= 5u; }, 2 * patience),
             disk_use(cache) << " bytes, " << evicted() << " evicted");
}

BOOST_AUTO_TEST_CASE(a_damaged_pack_gives_back_what_is_sound) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  overwrite_in_pack(*store, blobs(149, 1)[0]);
  const std::size_t left = [&] {
    (void)store->read(blobs(149, 1)[0]); // meets it: the pack goes
    return readable(all());
  }();
  BOOST_TEST(left == 0u);
  const maintenance_report done = keep({});
  BOOST_TEST(done.salvaged > all().size() / 2);
  BOOST_TEST(readable(all()) == done.salvaged);
  BOOST_TEST(store->read(blobs(149, 1)[0]).error().code == ENOENT);
  BOOST_TEST(keep({}).salvaged == 0u);
  BOOST_TEST(verify_store(store->folder()).value().findings.empty());
}

BOOST_AUTO_TEST_CASE(what_is_sound_is_brought_back_before_the_quarantine_is_bounded) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  overwrite_in_pack(*store, blobs(149, 1)[0]);
  (void)store->read(blobs(149, 1)[0]);
  must_run("fallocate -l 70000000 quarantine/zz-later", store->folder()); // or the pack itself is as large
  const maintenance_report done = keep({});
  BOOST_TEST(done.salvaged > all().size() / 2);
  BOOST_TEST(disk_use(quarantine_folder(store->folder())) <= quarantine_bytes);
}

BOOST_AUTO_TEST_CASE(what_merging_finds_damaged_is_not_copied_again) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  overwrite_in_pack(*store, blobs(149, 1)[0]);
  ingest(*store, pack_of(random_blobs(100, 100))).value();
  BOOST_TEST(packs(*store) == 2u);
  keep({}, true);
  BOOST_TEST(packs(*store) == 1u);
  BOOST_TEST(!fs::is_empty(quarantine_folder(store->folder())));
  BOOST_TEST(keep({}).salvaged == 0u);
  BOOST_TEST(packs(*store) == 1u);
  BOOST_TEST(readable(all()) > all().size() / 2);
}

// Else all that is kept of a cache could be there twice for a while, and its objects in memory.
BOOST_AUTO_TEST_CASE(packs_are_written_anew_one_by_one) {
  std::vector<std::vector<oid>> ids;
  auto store = open();
  for (int i = 0; i < 3; ++i) {
    ids.push_back(random_blobs(120, 10'000));
    ingest(*store, pack_of(ids.back())).value();
  }
  age();
  for (const auto& each : ids)
    use(*store, {each.begin(), each.begin() + 60}, 100);
  const std::uint64_t before = disk_use(cache);
  std::uint64_t most = 0;
  store_watcher watcher;
  watcher.added = [&](const fs::path&) { most = std::max(most, disk_use(cache)); };
  const fs::path folder = store->folder();
  BOOST_TEST(evict({&folder, 1}, 1'700'000, std::time(nullptr), true, watcher).value().objects > 150u);
  BOOST_TEST(most < before + megabyte, most << " after " << before);
  for (const auto& each : ids)
    BOOST_TEST(readable({each.begin(), each.begin() + 60}) == 60u);
}

BOOST_AUTO_TEST_CASE(whoever_can_let_go_of_room_is_asked_before_objects_go) {
  const fs::path folder = open()->folder();
  std::atomic<std::uint64_t> asked = 0;
  const room_giver giver{cache, [&](std::uint64_t bytes, room_giver::room) { asked = bytes; }};
  cache_keeper keeper{cache};
  keeper.join(&asked, {.folder = folder, .quota = megabyte});
  keeper.disk().failed({EDQUOT, "over the quota"}); // the disk has room: nobody knows how much is wanted
  BOOST_TEST(eventually([&] { return asked == ~std::uint64_t{0}; }));
  asked = 0;
  const std::uint64_t much = std::uint64_t{1} << 60;
  keeper.disk().keep_free(much);
  BOOST_TEST(!keeper.disk().has_room());
  BOOST_TEST(eventually([&] { return asked > much / 4 && asked < 2 * much; }));
  keeper.leave(&asked);
}

// Nobody tells of the want of room again before the next write, which may be minutes later.
BOOST_AUTO_TEST_CASE(a_want_of_room_is_remembered_until_what_is_here_is_old_enough_to_go) {
  auto store = open();
  ingest(*store, pack_of(random_blobs(120, 20'000))).value();
  cache_keeper keeper{cache};
  keeper.join(&keeper, {.folder = store->folder(), .quota = std::uint64_t{1} << 40});
  keeper.disk().failed({EDQUOT, "over the quota"});
  BOOST_TEST(eventually([&] { return keeper.counters().evicted_objects != 0u; }, 2 * patience));
  keeper.leave(&keeper);
}

BOOST_AUTO_TEST_CASE(a_keeper_survives_what_is_thrown) {
  const fs::path folder = open()->folder();
  fs::create_symlink("quarantine", quarantine_folder(folder)); // to itself: whoever follows it fails
  BOOST_TEST((keep({}).after != 0u));
  std::atomic<int> ticks = 0;
  cache_keeper keeper{cache};
  keeper.join(&ticks, {.folder = folder, .quota = megabyte, .tick = [&] {
                         if (++ticks == 1)
                           throw std::bad_alloc{};
                       }});
  BOOST_TEST(eventually([&] {
    keeper.arrived(megabyte);
    return ticks > 1 && keeper.counters().cache_bytes != 0;
  }));
}

BOOST_AUTO_TEST_CASE(the_quarantine_is_bounded) {
  auto store = open();
  const fs::path away = quarantine_folder(store->folder());
  must_run("mkdir quarantine; head -c 1000 /dev/urandom > quarantine/some", store->folder());
  keep({});
  BOOST_TEST(fs::exists(away / "some"));
  must_run("for i in 1 2 3; do head -c 30000000 /dev/zero > quarantine/$i; sleep 0.05; done", store->folder());
  BOOST_TEST(keep({}).leftover_bytes >= 30'000'000u);
  BOOST_TEST(!fs::exists(away / "1"));
  BOOST_TEST(fs::exists(away / "3"));
  keep(megabyte);
  BOOST_TEST(fs::is_empty(away));
}

BOOST_AUTO_TEST_CASE(what_killed_processes_left_is_removed) {
  auto store = open();
  must_run("mkdir objects/incoming-abcdef; head -c 100000 /dev/urandom > objects/incoming-abcdef/pack_x; head -c 9 "
           "/dev/urandom > objects/pack/pack-x.pack",
           store->folder());
  BOOST_TEST(keep({}).leftover_bytes >= 100'000u);
  BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
}

BOOST_AUTO_TEST_CASE(one_at_a_time) {
  open();
  const folder_lock held = maintenance_lock(cache, true);
  BOOST_TEST(maintain(cache, {}, {}).error().code == EBUSY);
}

BOOST_AUTO_TEST_CASE(where_nothing_can_be_locked_it_says_so) {
  open();
  fs::create_symlink("maintenance.lock", cache / "maintenance.lock"); // to itself
  BOOST_TEST(maintain(cache, {}, {}).error().code == ELOOP);
  BOOST_TEST(maintain(cache, {.wait = true}, {}).error().code == ELOOP);
}

BOOST_AUTO_TEST_CASE(what_is_not_a_cache_is_refused) {
  BOOST_TEST(maintain(dir / "nothing", {}, {}).error().code == ENOENT);
  must_run("mkdir full; touch full/precious", dir.path());
  BOOST_TEST(maintain(dir / "full", {}, {}).error().code == ENOTSUP);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

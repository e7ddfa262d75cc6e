#include "backend/git/sha1.hpp"
#include "backend/os/file_lock.hpp"
#include "backend/store/disk/lost_object.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/object_store.hpp"
#include "backend/store/table/size_table.hpp"
#include "backend/store/upkeep/store_verify.hpp"
#include "test/backend/support/store_fixture.hpp"
#include "test/support/background.hpp"
#include "test/support/broken_disk.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/outcome.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <optional>
#include <sys/stat.h>
#include <thread>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(object_store, store_fixture)

BOOST_AUTO_TEST_CASE(a_small_pack_becomes_loose_objects) {
  auto store = open();
  const std::vector<oid> ids = blobs(0, 5);
  BOOST_TEST(!store->contains(ids[0]));
  BOOST_TEST(store->read(ids[0]).error().code == ENOENT);
  BOOST_TEST(ingest(*store, pack_of(ids)).value() == 5u);
  for (const oid& id : ids)
    BOOST_TEST(content(*store, id) == git_content(id));
  BOOST_TEST(packs(*store) == 0u);
  BOOST_TEST(must_run_raw("git cat-file -p " + ids[3].hex(), store->folder()) == git_content(ids[3]));
  check(*store);
}

BOOST_AUTO_TEST_CASE(a_large_pack_is_kept) {
  auto store = open();
  const std::string pack = pack_of(all());
  BOOST_TEST(ingest(*store, pack).value() == all().size());
  BOOST_TEST(packs(*store) == 1u);
  for (const oid& id : all())
    BOOST_TEST(store->contains(id));
  BOOST_TEST(content(*store, blobs(7, 1)[0]) == git_content(blobs(7, 1)[0]));
  BOOST_TEST((store->read(head()).value().type() == object_type::commit));
  BOOST_TEST(ingest(*store, pack).value() == all().size()); // the same again changes nothing
  BOOST_TEST(packs(*store) == 1u);
  check(*store);
  BOOST_TEST(verify_store(store->folder()).value().objects == all().size());
}

// To deflate them anew would cost more than all else that is done with them.
BOOST_AUTO_TEST_CASE(few_objects_that_are_large_stay_a_pack) {
  auto store = open();
  const oid large = id_of(must_run("head -c 1048577 /dev/zero | git hash-object -w --stdin", dir / "repo"));
  const oid fits = id_of(must_run("head -c 1048576 /dev/zero | git hash-object -w --stdin", dir / "repo"));
  ingest(*store, pack_of({fits})).value();
  BOOST_TEST(packs(*store) == 0u);
  ingest(*store, pack_of({large})).value();
  BOOST_TEST(packs(*store) == 1u);
  BOOST_TEST(content(*store, large) == git_content(large));
  check(*store);
}

BOOST_AUTO_TEST_CASE(it_is_there_after_opening_again) {
  const std::vector<oid> ids = blobs(0, 3);
  ingest(*open(), pack_of(ids)).value();
  auto store = open();
  BOOST_TEST(content(*store, ids[2]) == git_content(ids[2]));
  BOOST_TEST(open("http://other.example/r")->contains(ids[2]) == false);
}

BOOST_AUTO_TEST_CASE(the_sizes_of_a_tree_are_kept_together_once_all_are_known) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  const std::vector<oid> ids = blobs(0, 20);
  const oid tree = id_of(std::string(40, '7'));
  std::vector<std::uint64_t> sizes(ids.size()), again(ids.size());
  store->sizes_in(tree, ids, sizes);
  for (std::size_t i = 0; i < ids.size(); ++i)
    BOOST_TEST(sizes[i] == git_content(ids[i]).size());
  std::vector<oid> more = ids; // one of them is not here
  more.push_back(tree);
  const oid other = id_of(std::string(40, '8'));
  std::vector<std::uint64_t> some(more.size());
  store->sizes_in(other, more, some);
  BOOST_TEST(some.front() == sizes.front());
  BOOST_TEST(some.back() == unknown_size);
  const fs::path file = size_file(store->folder());
  store.reset();
  BOOST_TEST(size_table::open(file)->get_tree(tree, ids, again));
  BOOST_TEST(again == sizes, boost::test_tools::per_element());
  BOOST_TEST(!size_table::open(file)->get_tree(other, more, some));
  std::fill(again.begin(), again.end(), 0);
  open()->sizes_in(tree, ids, again);
  BOOST_TEST(again == sizes, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_pack_is_legal) {
  auto store = open();
  const std::string empty = pack_of({});
  BOOST_REQUIRE(empty.size() == 32u);
  BOOST_TEST(ingest(*store, empty).value() == 0u);
  std::string forged = empty;
  forged.back() ^= 1;
  BOOST_TEST(ingest(*store, forged).error().code == EIO);
  BOOST_TEST(ingest(*store, "").error().code == EIO);
}

BOOST_AUTO_TEST_CASE(sizes) {
  auto store = open();
  const std::vector<oid> ids = blobs(0, 4);
  ingest(*store, pack_of({ids[0], ids[1]})).value();
  const std::pair<oid, std::uint64_t> told{ids[2], std::uint64_t{5} << 40};
  store->remember_sizes({&told, 1});
  std::vector<std::uint64_t> out(4);
  store->sizes(ids, out);
  BOOST_TEST(out[0] == git_content(ids[0]).size());
  BOOST_TEST(out[1] == git_content(ids[1]).size());
  BOOST_TEST(out[2] == told.second);
  BOOST_TEST(out[3] == unknown_size);
  ingest(*store, pack_of(all())).value();
  store->sizes(ids, out);
  BOOST_TEST(out[3] == git_content(ids[3]).size());
  store.reset();
  // The sizes outlive the objects.
  must_run("rm -rf */objects/?? */objects/pack/*", dir / "cache");
  store = open();
  store->sizes(ids, out);
  BOOST_TEST(out[0] == git_content(ids[0]).size());
  BOOST_TEST(out[3] == git_content(ids[3]).size());
  BOOST_TEST(!store->contains(ids[3]));
}

BOOST_AUTO_TEST_CASE(a_size_table_of_garbage_is_a_miss) {
  const std::vector<oid> ids = blobs(0, 1);
  ingest(*open(), pack_of(ids)).value();
  must_run("head -c 100000 /dev/urandom > */sizes.table", dir / "cache");
  auto store = open();
  std::uint64_t size = 0;
  store->sizes(ids, {&size, 1});
  BOOST_TEST(size == git_content(ids[0]).size());
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused_and_leaves_nothing) {
  auto store = open();
  const std::string pack = pack_of(blobs(0, 3));
  for (std::size_t length = 0; length < pack.size(); length += length < 40 || length + 40 > pack.size() ? 1 : 7) {
    const auto out = ingest(*store, pack.substr(0, length));
    BOOST_REQUIRE_MESSAGE(!out, "taken at " << length);
    BOOST_TEST(out.error().code == EIO);
  }
  BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
  BOOST_TEST(!store->contains(blobs(0, 1)[0]));
  BOOST_TEST(ingest(*store, pack).value() == 3u);
}

BOOST_AUTO_TEST_CASE(every_flipped_byte_is_refused) {
  auto store = open();
  const std::string pack = pack_of(blobs(0, 2));
  for (std::size_t at = 0; at < pack.size(); at += 3) {
    std::string bad = pack;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    const auto out = ingest(*store, bad);
    BOOST_REQUIRE_MESSAGE(!out, "taken with byte " << at << " changed");
    BOOST_TEST(out.error().code == EIO);
  }
  BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
  BOOST_TEST(!store->contains(blobs(0, 1)[0]));
}

BOOST_AUTO_TEST_CASE(hostile_packs) {
  auto store = open();
  const std::string pack = pack_of(blobs(0, 2));
  const std::string huge_count = std::string{"PACK\0\0\0\2\xff\xff\xff\xff", 12} + pack.substr(12);
  const std::string many = std::string{"PACK\0\0\0\2\x03\xff\xff\xff", 12} + pack.substr(12);
  const std::string version = std::string{"PACK\0\0\0\x09", 8} + pack.substr(8);
  for (const std::string& bad : {pack + "x", pack + pack, huge_count, many, version, std::string(100'000, 'x'),
                                 std::string(5'000, '\0'), "PACK" + std::string(3'000'000, '\xff')})
    BOOST_TEST(ingest(*store, bad).error().code == EIO);
  BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
}

BOOST_AUTO_TEST_CASE(a_thin_pack_is_completed_by_what_is_here) {
  must_run("seq 5000 > big && git add big && git commit -qm 1 && echo >> big && git commit -qam 2", dir / "repo");
  const std::string thin =
      must_run_raw("printf '%s\\n%s\\n' HEAD ^HEAD~1 | git pack-objects --revs --thin --stdout -q", dir / "repo");
  auto store = open();
  BOOST_TEST(ingest(*store, thin).error().code == ESTALE);
  BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
  const oid before = id_of(must_run("git rev-parse HEAD~1:big", dir / "repo"));
  const oid now = id_of(must_run("git rev-parse HEAD:big", dir / "repo"));
  const oid tree_before = id_of(must_run("git rev-parse HEAD~1^{tree}", dir / "repo"));
  BOOST_REQUIRE(ingest(*store, pack_of({before, tree_before})));
  const auto taken = ingest(*store, thin);
  BOOST_REQUIRE(taken);
  BOOST_TEST(taken.value() == 3U); // commit, tree, blob
  BOOST_TEST(content(*store, now) == git_content(now));
  check(*store);
}

BOOST_AUTO_TEST_CASE(a_sink_that_is_dropped_leaves_nothing) {
  auto store = open();
  const std::string pack = pack_of(all());
  {
    auto sink = store->new_pack(pack_use::keep).value();
    BOOST_TEST(sink->append(pack).has_value());
  }
  BOOST_TEST(leftovers(*store).empty(), leftovers(*store));
  BOOST_TEST(!store->contains(head()));
}

BOOST_AUTO_TEST_CASE(a_pack_larger_than_what_is_taken_page_by_page) {
  must_run("head -c 9000000 /dev/urandom > large && git add large && git commit -qm large", dir / "repo");
  const oid large = id_of(must_run("git rev-parse HEAD:large", dir / "repo"));
  auto store = open();
  BOOST_TEST(ingest(*store, pack_of({large})).value() == 1u);
  BOOST_TEST(content(*store, large).size() == 9'000'000u);
  check(*store);
}

BOOST_AUTO_TEST_CASE(a_sink_outlives_its_store) {
  auto store = open();
  auto sink = store->new_pack(pack_use::keep).value();
  store.reset();
  BOOST_TEST(sink->append(pack_of(blobs(0, 2))).has_value());
  BOOST_TEST(sink->commit().value() == 2u);
  sink.reset();
  BOOST_TEST(open()->contains(blobs(0, 1)[0]));
}

BOOST_AUTO_TEST_CASE(a_damaged_loose_object_is_set_aside_and_comes_again) {
  const std::vector<oid> ids = blobs(0, 2);
  const std::string good = pack_of(ids), hex = ids[0].hex();
  for (const char* damage : {": > $f", "cp $other $f", "head -c 20 $f > x; mv x $f", "head -c 300 /dev/urandom > $f"}) {
    auto store = open();
    ingest(*store, good).value();
    const std::string path = "objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
    const std::string other = "objects/" + ids[1].hex().substr(0, 2) + "/" + ids[1].hex().substr(2);
    must_run("f=" + path + " other=" + other + "; chmod u+w $f; " + damage, store->folder());
    BOOST_TEST(store->read(ids[0]).error().code == ENOENT, "after " << damage);
    BOOST_TEST(!store->contains(ids[0]));
    BOOST_TEST(fs::exists(store->folder() / "quarantine" / hex));
    BOOST_TEST(content(*store, ids[1]) == git_content(ids[1]));
    ingest(*store, good).value();
    BOOST_TEST(content(*store, ids[0]) == git_content(ids[0]));
    check(*store);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_pack_is_set_aside_and_comes_again) {
  auto store = open();
  const std::string good = pack_of(all());
  ingest(*store, good).value();
  const oid victim = blobs(0, 1)[0];
  BOOST_TEST(content(*store, victim) == git_content(victim));
  overwrite_in_pack(*store, victim);
  store->trim(); // what is in memory of it is sound, and can be read on
  BOOST_TEST(store->read(victim).error().code == ENOENT);
  BOOST_TEST(!store->contains(victim));
  BOOST_TEST(packs(*store) == 0u);
  ingest(*store, good).value();
  BOOST_TEST(content(*store, victim) == git_content(victim));
  check(*store);
  overwrite_in_pack(*store, victim);
  BOOST_TEST(verify_store(store->folder()).value().damaged == 1u);
  store->refresh(); // as whoever asks an upstream does
  BOOST_TEST(store->read(victim).error().code == ENOENT);
}

// As a power failure leaves files that were not on the disk yet.
BOOST_AUTO_TEST_CASE(a_pack_without_its_end_is_set_aside_and_comes_again) {
  for (const char* damage : {"truncate -s 0 $p.pack", "truncate -s 2000 $p.pack",
                             "dd if=/dev/zero of=$p.pack bs=1 count=3000 "
                             "conv=notrunc status=none",
                             "truncate -s 0 $p.idx", "truncate -s 1500 $p.idx",
                             "dd if=/dev/zero of=$p.idx bs=1 count=2500 conv=notrunc status=none"}) {

    const std::string mine = "http://git.example.org/" + std::to_string(std::hash<std::string>{}(damage));
    const std::string pack = pack_of(all()); // made anew it may have another name
    ingest(*open(mine), pack).value();
    const fs::path folder = open(mine)->folder();
    must_run("p=$(ls objects/pack/*.idx); p=${p%.idx}; chmod u+w $p.*; " + std::string{damage}, folder);
    auto store = open(mine);
    std::size_t missed = 0;
    for (const oid& id : all()) {
      const auto one = store->read(id);
      missed += one ? 0 : 1;
      BOOST_TEST((one || one.error().code == ENOENT), damage << ": " << one.error().message);
    }
    BOOST_TEST(missed > 0u, damage);
    ingest(*store, pack).value();
    for (const oid& id : blobs(0, 5))
      BOOST_TEST(content(*store, id) == git_content(id), damage);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_index_is_set_aside_when_something_is_looked_for) {
  ingest(*open(), pack_of(all())).value();
  must_run("cd */objects/pack; chmod u+w *.idx; python3 -c \"import glob; p = glob.glob('*.idx')[0]; "
           "d = bytearray(open(p, 'rb').read()); d[len(d) // 2] ^= 4; open(p, 'wb').write(d)\"",
           dir / "cache");
  const captured_log log;
  auto store = open();
  BOOST_TEST(!store->contains(head()));
  BOOST_TEST(store->read(head()).error().code == ENOENT);
  BOOST_TEST(packs(*store) == 0U);
  BOOST_TEST(must_run("ls quarantine/*.pack | wc -l", store->folder()) == "1");
  BOOST_TEST(holds(log.text(), "its checksum is wrong"), log.text());
  ingest(*store, pack_of(all())).value();
  for (const oid& id : all())
    BOOST_TEST(store->read(id).has_value());
  check(*store);
}

// A reader in a mapping would be ended by SIGBUS.
BOOST_AUTO_TEST_CASE(a_pack_is_cut_while_it_is_read) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  BOOST_TEST(store->read(head()).has_value());
  must_run("chmod u+w objects/pack/*.pack; truncate -s 100 objects/pack/*.pack", store->folder());
  for (const oid& id : all()) {
    const auto one = store->read(id);
    BOOST_TEST((one || one.error().code == ENOENT), reason_of(one));
  }
  ingest(*store, pack_of(all())).value();
  for (const oid& id : all())
    BOOST_TEST(store->read(id).has_value());
}

BOOST_AUTO_TEST_CASE(what_the_disk_does_not_give_is_fetched_again) {
  for (const std::string& pack : {pack_of(all()), pack_of(blobs(0, 5))}) { // a pack, and loose objects
    const oid victim = blobs(0, 1)[0];
    auto store = open("http://git.example.org/" + std::to_string(pack.size()));
    ingest(*store, pack).value();
    BOOST_TEST(store->contains(victim));
    int code = 0;
    BOOST_REQUIRE(with_broken_disk([&] {
      const auto out = store->read(victim);
      code = out ? 0 : out.error().code;
    }));
    BOOST_TEST(code == ENOENT);
    BOOST_TEST(!store->contains(victim));
    ingest(*store, pack_of(blobs(0, 6))).value();
    BOOST_TEST(content(*store, victim) == git_content(victim));
  }
}

// Between the two files of a pack that goes, none of the same name may come.
BOOST_AUTO_TEST_CASE(a_damaged_pack_goes_while_nobody_installs_one) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  overwrite_in_pack(*store, blobs(149, 1)[0]);
  std::optional<file_lock> installing{std::in_place, store_lock(store->folder()), file_lock::mode::shared, true};
  const oid victim = blobs(149, 1)[0];
  bool found = true; // no Boost.Test in another thread: its log is not safe for that
  std::thread reader{[&] { found = store->read(victim).has_value(); }};
  pause_for(std::chrono::milliseconds{300});
  BOOST_TEST(packs(*store) == 1u);
  installing.reset();
  reader.join();
  BOOST_TEST(!found);
  BOOST_TEST(packs(*store) == 0u);
}

BOOST_AUTO_TEST_CASE(a_sound_copy_beside_the_damaged_one_is_found) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  const oid victim = blobs(0, 1)[0];
  must_run("git -C " + (dir / "repo").string() + " cat-file blob " + victim.hex() + " > x; rm -f objects/"
               + victim.hex().substr(0, 2) + "/" + victim.hex().substr(2)
               + "; mv objects/pack p; mkdir objects/pack; git hash-object -w x; rm -rf objects/pack; mv p "
                 "objects/pack; rm x",
           store->folder());
  overwrite_in_pack(*store, victim);
  BOOST_TEST(content(*store, victim) == git_content(victim));
}

BOOST_AUTO_TEST_CASE(what_is_not_ours_is_left_alone) {
  fs::create_directory(dir / "full");
  must_run("echo precious > full/file", dir.path());
  const auto refused = gitfs::object_store::open(dir / "full", "k");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == EEXIST);
  BOOST_TEST(must_run("ls -A full", dir.path()) == "file");

  auto store = open();
  const fs::path folder = store->folder();
  store.reset();
  must_run("rm gitfs.lock config", folder);
  const auto other = gitfs::object_store::open(dir / "cache", key);
  BOOST_REQUIRE(!other);
  BOOST_TEST(other.error().code == EEXIST);
}

BOOST_AUTO_TEST_CASE(damaged_marks_of_a_store_are_mended) {
  const std::vector<oid> ids = blobs(0, 2);
  ingest(*open(), pack_of(ids)).value();
  for (const char* damage : {"rm */config", "echo '[' > */config", "head -c 300 /dev/urandom > */config", ": > */HEAD",
                             "sed -i s/bare/rare/ */config", "rm CACHEDIR.TAG", "echo x > CACHEDIR.TAG"}) {
    must_run(damage, dir / "cache");
    auto store = open();
    BOOST_TEST(content(*store, ids[1]) == git_content(ids[1]), "after " << damage);
    BOOST_TEST(must_run("git config gitfs.upstream", store->folder()) == key);
    BOOST_TEST(must_run("cat CACHEDIR.TAG", dir / "cache").find("gitfs-actor") != std::string::npos);
    check(*store);
  }
}

BOOST_AUTO_TEST_CASE(folders_are_private_and_named_for_people) {
  auto store = open("https://git.example.org/group/project.git");
  BOOST_TEST(store->folder().filename().string().starts_with("git.example.org-group-project-"));
  for (const fs::path& folder : {store->folder(), store->folder().parent_path()}) {
    struct stat info;
    BOOST_REQUIRE(::stat(folder.c_str(), &info) == 0);
    BOOST_TEST((info.st_mode & 0777) == 0700u);
  }
  for (const std::string& odd :
       {std::string{}, std::string{"../../x"}, std::string(3000, 'u'), std::string{"a\n\"b\\\xff"}}) {
    auto one = open(odd);
    BOOST_TEST(one->folder().parent_path() == store->folder().parent_path());
    must_run("git config gitfs.upstream && git fsck", one->folder());
  }
}

BOOST_AUTO_TEST_CASE(readers_and_packs_at_once) {
  auto store = open();
  const std::vector<oid> ids = blobs(0, 60);
  std::mutex mutex;
  std::string wrong; // what was, first
  const auto expect = [&](bool right, const char* what, const std::string& why = {}) {
    const std::lock_guard lock{mutex};
    if (!right && wrong.empty())
      wrong = std::string{what} + ": " + why;
  };
  std::atomic<bool> done = false;
  std::vector<std::string> contents, arriving;
  for (const oid& id : ids) {
    contents.push_back(git_content(id));
    arriving.push_back(pack_of({id}));
  }
  const std::string everything = pack_of(all());
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      std::vector<std::uint64_t> sizes(ids.size());
      while (!done)
        for (std::size_t i = 0; i < ids.size(); ++i) {
          const auto out = store->read(ids[i]);
          if (out)
            expect(out.value().data() == contents[i], "other contents");
          else
            expect(out.error().code == ENOENT, "an error", out.error().message);
          store->sizes(ids, sizes);
          expect(sizes[i] == unknown_size || sizes[i] == contents[i].size(), "another size");
          store->refresh();
        }
    });
  for (std::size_t t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < arriving.size(); i += 2)
        expect(ingest(*store, arriving[i]) && store->contains(ids[i]), "not there after it came");
      expect(ingest(*store, everything) && store->contains(all().back()), "a pack is not there after it came");
    });
  threads[3].join();
  threads[4].join();
  done = true;
  for (int t = 0; t < 3; ++t)
    threads[static_cast<std::size_t>(t)].join();
  BOOST_TEST(wrong == "");
  check(*store);
}

// A read that had missed it asked twice whether it is here, and took what had come between the two for damaged.
BOOST_AUTO_TEST_CASE(what_comes_while_somebody_misses_it_is_there) {
  const captured_log log;
  auto store = open();
  for (const oid& id : blobs(0, 60)) {
    const std::string pack = pack_of({id});
    std::atomic<bool> begun = false;
    std::thread reader{[&] {
      while (!store->read(id))
        begun = true;
    }};
    while (!begun)
      std::this_thread::yield();
    const bool came = ingest(*store, pack).has_value(), is_here = store->contains(id);
    if (!came)
      ingest(*open(), pack).value(); // so that the reader ends
    reader.join();
    BOOST_TEST(came);
    BOOST_REQUIRE_MESSAGE(is_here, id.hex());
  }
  BOOST_TEST(log.text().find("not where it should be") == std::string::npos, log.text());
}

BOOST_AUTO_TEST_CASE(a_miss_is_told_from_an_object_that_is_lost) {
  const auto no = [](int code) { return result<int>{error{code, "no"}}; };
  const auto lost = [&](result<int> first, std::vector<bool> said, std::vector<int> read) {
    std::size_t asked = 0, looked = 0;
    const bool out = is_lost(
        first, [&] { return said.at(asked++); },
        [&] { return read.at(looked) == 0 ? result<int>{1} : no(read.at(looked++)); });
    return std::pair{out, first ? 0 : first.error().code};
  };
  BOOST_TEST((lost(1, {}, {}) == std::pair{false, 0}));
  BOOST_TEST((lost(no(EMFILE), {}, {}) == std::pair{false, EMFILE}));
  BOOST_TEST((lost(no(ENOENT), {false, true}, {ENOENT}) == std::pair{false, ENOENT})); // it came after the question
  BOOST_TEST((lost(no(ENOENT), {true}, {0}) == std::pair{false, 0}));                  // it came before that
  BOOST_TEST((lost(no(ENOENT), {true, false}, {ENOENT}) == std::pair{false, ENOENT})); // it went again
  BOOST_TEST((lost(no(ENOENT), {true, true}, {ENOENT, EIO}) == std::pair{false, EIO}));
  BOOST_TEST((lost(no(ENOENT), {true, true, true}, {ENOENT, ENOENT, ENOENT}) == std::pair{true, ENOENT}));
}

BOOST_AUTO_TEST_CASE(what_the_disk_does_not_take_is_held) {
  auto store = open();
  ingest(*store, pack_of(blobs(0, 2))).value();
  must_run("rm -rf objects && echo >objects", store->folder());
  for (const std::vector<oid>& some : {blobs(5, 3), all()}) { // both kinds: loose objects, and a pack
    BOOST_TEST(ingest(*store, pack_of(some)).value() == some.size());
    for (const oid& id : some) {
      BOOST_TEST(store->contains(id));
      const auto read = store->read(id);
      BOOST_REQUIRE(read);
      if (read.value().type() == object_type::blob)
        BOOST_TEST(read.value().data() == git_content(id));
    }
    std::vector<std::uint64_t> sizes(2);
    store->sizes(blobs(5, 2), sizes);
    BOOST_TEST(sizes[0] == git_content(blobs(5, 1)[0]).size());
  }
  BOOST_TEST(ingest(*store, pack_of(all()).substr(0, 2000)).error().code == EIO);
  BOOST_TEST(store->read(id_of(std::string(40, '7'))).error().code == ENOENT);
}

BOOST_AUTO_TEST_CASE(what_was_held_is_written_when_the_disk_is_back) {
  auto opened = gitfs::object_store::open(dir / "cache", "http://git.example.org/kept.git", std::uint64_t{1} << 30);
  BOOST_REQUIRE(opened);
  const auto store = std::move(opened).value();
  const auto held = [&] {
    for (const auto& [name, value] : store->counters())
      if (name == "store.held_bytes")
        return value;
    return ~std::uint64_t{0};
  };
  must_run("mv objects away && echo >objects", store->folder());
  for (const std::vector<oid>& some : {blobs(5, 3), all(), blobs(100, 2)})
    BOOST_TEST(ingest(*store, pack_of(some)).value() == some.size());
  BOOST_TEST(held() != 0U);
  must_run("rm objects && mv away objects", store->folder());
  BOOST_TEST(eventually([&] { return held() == 0; })); // the keeper looks every few seconds
  BOOST_TEST(packs(*store) == 1U);
  for (const oid& id : all())
    BOOST_TEST(store->read(id).has_value());
  BOOST_TEST(content(*open("http://git.example.org/kept.git"), blobs(6, 1)[0]) == git_content(blobs(6, 1)[0]));
  check(*store);
}

BOOST_AUTO_TEST_CASE(a_folder_that_was_removed_is_made_again) {
  auto store = open();
  ingest(*store, pack_of(blobs(0, 2))).value();
  fs::remove_all(dir / "cache");
  BOOST_TEST(!store->contains(blobs(0, 1)[0]));
  ingest(*store, pack_of(all())).value();
  BOOST_TEST(packs(*store) == 1u);
  BOOST_TEST(content(*store, blobs(0, 1)[0]) == git_content(blobs(0, 1)[0]));
  ingest(*store, pack_of(blobs(0, 2))).value();
  store.reset();
  BOOST_TEST(content(*open(), blobs(3, 1)[0]) == git_content(blobs(3, 1)[0]));
}

BOOST_AUTO_TEST_CASE(with_and_without_git_at_its_end_it_is_one_store) {
  const std::string url = "http://git.example.org/team/project";
  const fs::path folder = open(url)->folder();
  for (const char* end : {".git", "/", ".git/"})
    BOOST_TEST(open(url + end)->folder() == folder);
  BOOST_TEST(open("http://git.example.org/team/project2.git")->folder() != folder);
  BOOST_TEST(open("http://git.example.org/team/.git")->folder() != open("http://git.example.org/team")->folder());
  BOOST_TEST(store_key(folder) == url); // that of who made it
  // One by the name that an older version gave it is used as it is.
  const std::string other = "http://git.example.org/team/older";
  const std::string name = store_name(other);
  const fs::path as_before =
      dir / "cache"
      / (name.substr(0, name.size() - 20) + sha1{}.update(other + ".git").finish().hex().substr(0, 16) + ".git");
  fs::rename(open(other + ".git")->folder(), as_before);
  BOOST_TEST(open(other)->folder() == as_before);
  BOOST_TEST(open(other + ".git")->folder() == as_before);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

#include "backend/store/upkeep/store_maintenance.hpp"
#include "backend/store/upkeep/store_removal.hpp"
#include "backend/store/upkeep/store_verify.hpp"

#include "backend/store/disk/store_folder.hpp"
#include "backend/store/object_store.hpp"
#include "backend/store/upkeep/cache_info.hpp"
#include "test/backend/support/store_fixture.hpp"
#include "test/support/one_thread.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace gitfs::test {

namespace store_verify {

namespace {

struct verify_fixture : store_fixture {
  static verify_report verify(const gitfs::object_store& store) { return verify_store(store.folder()).value(); }

  static std::string bytes(const fs::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  static void flip(const fs::path& file, std::size_t at) {
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    std::fstream io{file, std::ios::binary | std::ios::in | std::ios::out};
    io.seekg(static_cast<std::streamoff>(at));
    const char was = static_cast<char>(io.get());
    io.seekp(static_cast<std::streamoff>(at));
    io.put(static_cast<char>(was ^ 0x20));
    BOOST_REQUIRE(io.good());
  }
};

} // namespace

} // namespace store_verify

BOOST_FIXTURE_TEST_SUITE(store_verify, store_verify::verify_fixture)

BOOST_AUTO_TEST_CASE(what_is_sound_stays_as_it_is) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  ingest(*store, pack_of(blobs(0, 7))).value();
  const std::pair<oid, std::uint64_t> told{oid{}, 5};
  store->remember_sizes({&told, 1});
  const verify_report report = verify(*store);
  BOOST_TEST(report.findings.empty());
  BOOST_TEST(report.objects == all().size() + 7);
  BOOST_TEST(report.damaged == 0u);
  BOOST_TEST(report.sizes == 151u);
  BOOST_TEST(!fs::exists(quarantine_folder(store->folder())));
}

// Wherever the byte is: nothing of it is believed afterwards, and all the rest is still there.
BOOST_AUTO_TEST_CASE(every_flipped_byte_of_a_pack_and_of_its_index_is_found, *of_one_thread()) {
  const std::string good = pack_of(all());
  for (const char* suffix : {".pack", ".idx"}) {
    std::size_t at = 0, salvaged = 0;
    for (std::size_t round = 0;; at += round++ < 14 ? 1 : 397) {
      auto store = open("http://git.example.org/" + std::to_string(at) + suffix);
      ingest(*store, good).value();
      const fs::path pack = store->folder() / "objects" / "pack"
                            / must_run("cd objects/pack && ls *" + std::string{suffix}, store->folder());
      const std::size_t size = fs::file_size(pack);
      if (at >= size)
        break;
      flip(pack, at);
      const verify_report report = verify(*store);
      BOOST_TEST(report.findings.size() == 1u, suffix << " at " << at);
      store = open("http://git.example.org/" + std::to_string(at) + suffix);
      for (const oid& id : all())
        salvaged += store->read(id) ? 1 : 0;
      BOOST_TEST(verify(*store).findings.empty());
      must_run("git cat-file --batch-all-objects --batch-check", store->folder());
      fs::remove_all(store->folder());
    }
    // An index with a wrong byte says nothing for certain; of a pack most can be saved.
    BOOST_TEST((salvaged != 0) == (std::string{".pack"} == suffix));
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_byte_of_a_loose_object_is_found) {
  auto store = open();
  const std::vector<oid> ids = blobs(0, 3);
  ingest(*store, pack_of(ids)).value();
  const std::string hex = ids[1].hex();
  const fs::path file = store->folder() / "objects" / hex.substr(0, 2) / hex.substr(2);
  flip(file, fs::file_size(file) / 2);
  const verify_report report = verify(*store);
  BOOST_REQUIRE(report.findings.size() == 1u);
  BOOST_TEST(report.findings[0].find(hex.substr(2)) != std::string::npos);
  BOOST_TEST(report.objects == 2u);
  BOOST_TEST(store->read(ids[1]).error().code == ENOENT);
  BOOST_TEST(fs::exists(quarantine_folder(store->folder()) / hex));
  BOOST_TEST(verify(*store).findings.empty());
}

BOOST_AUTO_TEST_CASE(a_flipped_byte_of_a_size_is_found) {
  const std::pair<oid, std::uint64_t> told{oid{}, 0x1122334455667788};
  auto store = open();
  store->remember_sizes({&told, 1});
  const fs::path folder = store->folder();
  store.reset();
  const std::size_t at = bytes(size_file(folder)).find("\x88\x77\x66\x55\x44\x33\x22\x11");
  BOOST_REQUIRE(at != std::string::npos);
  flip(size_file(folder), at);
  BOOST_TEST(verify_store(folder).value().findings.size() == 1u);
  BOOST_TEST(verify_store(folder).value().findings.empty());
  store = open();
  std::uint64_t size = 0;
  store->sizes({&told.first, 1}, {&size, 1});
  BOOST_TEST(size == unknown_size);
}

BOOST_AUTO_TEST_CASE(a_wrong_size_is_corrected) {
  auto store = open();
  const std::vector<oid> ids = blobs(0, 1);
  ingest(*store, pack_of(ids)).value();
  const std::pair<oid, std::uint64_t> wrong{ids[0], 5};
  store->remember_sizes({&wrong, 1});
  BOOST_TEST(verify(*store).findings.size() == 1u);
  std::uint64_t size = 0;
  store->sizes(ids, {&size, 1});
  BOOST_TEST(size == git_content(ids[0]).size());
}

BOOST_AUTO_TEST_CASE(a_size_table_of_garbage_is_found) {
  fs::path folder = open()->folder();
  must_run("head -c 100000 /dev/urandom > sizes.table", folder);
  BOOST_TEST(verify_store(folder).value().findings.size() == 1u);
  BOOST_TEST(verify_store(folder).value().findings.empty());
}

BOOST_AUTO_TEST_CASE(a_damaged_config_is_found) {
  const fs::path folder = open()->folder();
  must_run("echo '[' > config", folder);
  BOOST_TEST(verify_store(folder).value().findings.size() == 1u);
  open();
  BOOST_TEST(verify_store(folder).value().findings.empty());
}

BOOST_AUTO_TEST_CASE(info) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  ingest(*store, pack_of(blobs(0, 2))).value();
  ingest(*open("http://git.example.org/another"), pack_of(blobs(0, 2))).value();
  open("http://git.example.org/failed"); // never held anything
  const auto stores = cache_info(dir / "cache").value();
  BOOST_REQUIRE(stores.size() == 2u);
  const store_info& one = stores[stores[0].source == key ? 0 : 1];
  BOOST_TEST(one.source == key);
  BOOST_TEST(one.path == store->folder());
  BOOST_TEST(one.objects == all().size() + 2);
  BOOST_TEST(one.packs == 1u);
  BOOST_TEST(one.loose == 2u);
  BOOST_TEST(one.bytes > 0u);
  BOOST_TEST(one.last_use > 0);
  BOOST_TEST(cache_info(dir / "nothing").error().code == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_store_that_never_held_anything_goes_when_nobody_uses_it) {
  const auto used = open();
  ingest(*used, pack_of(all())).value();
  const fs::path failed = open("http://git.example.org/failed")->folder();
  const auto waiting = open("http://git.example.org/waiting");
  BOOST_TEST(maintain(dir / "cache", {}, {}).has_value());
  BOOST_TEST(!fs::exists(failed));
  BOOST_TEST(fs::exists(waiting->folder()));
  BOOST_TEST(fs::exists(used->folder()));
}

BOOST_AUTO_TEST_CASE(one_repository_can_be_removed) {
  auto store = open();
  ingest(*store, pack_of(all())).value();
  const auto other = open("http://git.example.org/another.git");
  ingest(*other, pack_of(all())).value();
  const fs::path folder = store->folder();
  BOOST_TEST(remove_store(dir / "cache", key, false).error().code == EBUSY);
  BOOST_TEST(fs::exists(folder));
  store.reset();
  BOOST_TEST(remove_store(dir / "cache", key, false).value() > 1000u);
  BOOST_TEST(!fs::exists(folder));
  BOOST_TEST(remove_store(dir / "cache", key, false).error().code == ENOENT);
  // Without ".git", and while it is used.
  BOOST_TEST(remove_store(dir / "cache", "http://git.example.org/another", true).value() > 1000u);
  BOOST_TEST(cache_info(dir / "cache").value().empty());
  ingest(*other, pack_of(all())).value();
  BOOST_TEST(content(*other, blobs(3, 1)[0]) == git_content(blobs(3, 1)[0]));
}

BOOST_AUTO_TEST_CASE(tables_of_an_older_version_go_after_a_while) {
  const auto store = open();
  ingest(*store, pack_of(all())).value();
  must_run("for each in sizes.mdb sizes.mdb-lock mesa; do echo old >$each; done; touch -d '10 days ago' sizes.mdb",
           store->folder());
  BOOST_TEST(maintain(dir / "cache", {}, {}).has_value());
  BOOST_TEST(!fs::exists(store->folder() / "sizes.mdb"));
  BOOST_TEST(!fs::exists(store->folder() / "sizes.mdb-lock"));
  BOOST_TEST(fs::exists(store->folder() / "mesa"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

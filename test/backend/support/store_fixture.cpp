#include "test/backend/support/store_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace gitfs::test {

std::string must_run_raw(const std::string& script, const fs::path& cwd) {
  const command_result out = run(script, cwd);
  BOOST_REQUIRE_MESSAGE(out.status == 0, script << ": " << out.output);
  return out.output;
}

oid id_of(const std::string& hex) {
  const auto id = oid::from_hex(hex);
  BOOST_REQUIRE_MESSAGE(id, "not an object id: " << hex);
  return *id;
}

result<std::uint32_t> ingest(gitfs::object_store& store, const std::string& pack) {
  GITFS_TRY(sink, store.new_pack(pack_use::keep));
  for (std::size_t at = 0, step = 1; at < pack.size(); at += step, step = std::min<std::size_t>(step * 3, 65'537)) {
    GITFS_TRYV(sink->append(std::string_view{pack}.substr(at, step)));
  }
  return sink->commit();
}

store_fixture::store_fixture() {
  must_run(
      "git init -q -b main repo && cd repo && for i in $(seq 0 149); do seq $i $((i + 60)) > f$i; done && git add . "
      "&& git commit -qm many",
      dir.path());
  std::istringstream ids{must_run(
      "for i in $(seq 0 149); do echo HEAD:f$i; done | git cat-file --batch-check='%(objectname)'", dir / "repo")};
  for (std::string hex; ids >> hex;)
    files_.push_back(id_of(hex));
  std::istringstream every{must_run("git rev-list --objects HEAD | cut -c1-40", dir / "repo")};
  for (std::string hex; every >> hex;)
    all_.push_back(id_of(hex));
  head_ = id_of(must_run("git rev-parse HEAD", dir / "repo"));
}

std::vector<oid> store_fixture::blobs(std::size_t first, std::size_t count) const {
  const auto begin = files_.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::string store_fixture::pack_of(const std::vector<oid>& ids) const {
  std::string list;
  for (const oid& id : ids)
    list += id.hex() + "\n";
  return must_run_raw("printf '" + list + "' | git pack-objects --stdout -q", dir / "repo");
}

std::string store_fixture::git_content(const oid& id) const {
  return must_run_raw("git cat-file -p " + id.hex(), dir / "repo");
}

std::shared_ptr<gitfs::object_store> store_fixture::open(const std::string& of) {
  auto out = gitfs::object_store::open(dir / "cache", of);
  if (!out)
    BOOST_FAIL("not opened: " << out.error().message);
  return out.value();
}

std::string store_fixture::content(gitfs::object_store& store, const oid& id) {
  const auto out = store.read(id);
  if (!out)
    BOOST_FAIL("not read: " << out.error().message);
  return std::string{out.value().data()};
}

std::size_t store_fixture::packs(const gitfs::object_store& store) {
  std::size_t out = 0;
  for (const auto& entry : fs::directory_iterator{store.folder() / "objects" / "pack"})
    out += entry.path().extension() == ".pack" ? 1 : 0;
  return out;
}

std::string store_fixture::leftovers(const gitfs::object_store& store) {
  return must_run("find objects \\( -name 'incoming-*' -o -name 'tmp_*' -o -name 'pack_git2*' \\) -print; "
                  "for p in objects/pack/*.pack; do [ ! -e \"$p\" ] || [ -e \"${p%.pack}.idx\" ] || echo \"$p\"; done",
                  store.folder());
}

void store_fixture::check(const gitfs::object_store& store) {
  const command_result fsck = run("git fsck --full --no-dangling", store.folder());
  BOOST_TEST(fsck.status == 0, fsck.output);
  BOOST_TEST(leftovers(store).empty(), leftovers(store));
}

void store_fixture::overwrite_in_pack(const gitfs::object_store& store, const oid& id) {
  const std::string offset =
      must_run("git show-index < objects/pack/*.idx | grep " + id.hex() + " | cut -d' ' -f1", store.folder());
  const std::string pack = must_run("chmod u+w objects/pack/*.pack; ls objects/pack/*.pack", store.folder());
  std::fstream file{store.folder() / pack, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(std::stol(offset) + 10);
  file.write("\xa5\x5a\xa5\x5a\xa5", 5);
  BOOST_REQUIRE(file.good());
}

} // namespace gitfs::test

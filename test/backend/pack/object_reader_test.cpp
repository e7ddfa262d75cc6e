// Objects of real repositories, in every way in which git stores them.
#include "backend/pack/object_reader.hpp"

#include "backend/git/sha1.hpp"
#include "backend/pack/alternates.hpp"
#include "backend/pack/inflate.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/pack/pack_index.hpp"
#include "test/backend/pack/pack_files.hpp"
#include "test/support/broken_disk.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/outcome.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ostream>
#include <thread>

namespace gitfs::test {

namespace object_reader {

namespace {

struct storage {
  const char *name, *script;
  friend std::ostream& operator<<(std::ostream& out, const storage& one) { return out << one.name; }
};

// With `p` for the only pack.
const storage storages[] = {
    {"loose objects", "true"},
    {"whole objects", "git repack -adfq --depth=0"},
    {"deltas by offset", "git repack -adfq --depth=50 --window=100"},
    {"deep deltas", "git repack -adfq --depth=4000 --window=250"},
    {"deltas by name", "git -c repack.useDeltaBaseOffset=false repack -adfq"},
    {"an index of version 1", "git -c pack.indexVersion=1 repack -adfq"},
    {"offsets of 64 bits",
     "git repack -adfq; cd .git/objects/pack; p=$(ls *.pack); chmod u+w *; git index-pack --index-version=2,0x80 $p"},
    {"a pack of version 3", R"(git repack -adfq; cd .git/objects/pack; python3 - <<'END'
import glob, hashlib, os
path = glob.glob('*.pack')[0]
data = bytearray(open(path, 'rb').read())
data[7] = 3
data[-20:] = hashlib.sha1(data[:-20]).digest()
for each in glob.glob('*'): os.unlink(each)
open('pack-three.pack', 'wb').write(data)
END
git index-pack pack-three.pack)"},
    {"many packs", "git rev-list --objects --all | cut -c1-40 | split -n l/40 - part. && for f in part.*; do "
                   "git pack-objects -q .git/objects/pack/pack <$f >/dev/null; done; rm part.*; git prune-packed"},
    {"an index over several packs",
     "git repack -dq && git commit -q --allow-empty -m more && git repack -dq && git multi-pack-index write"},
    {"an alternate", "git repack -adfq && git clone -q --shared . ../other && mv .git/objects ../objects && "
                     "mkdir -p .git/objects/info && echo ../../../objects >.git/objects/info/alternates"},
};

/// What a process may take: files that are open, bytes of indexes in memory, bytes of bases.
struct bounds {
  std::size_t files;
  std::uint64_t indexes, bases;
  friend std::ostream& operator<<(std::ostream& out, const bounds& one) {
    return out << one.files << " files, " << one.indexes << " bytes of indexes";
  }
};

const bounds all_bounds[] = {{0, 1 << 24, 1 << 24}, {1, 0, 0}, {3, 20'000, 2'000}};

constexpr std::string_view delta_of_nothing{"\0\0", 2}; // base and result are empty

/// A pack of these entries, with an index, as somebody would make it who means harm.
class forged_pack {
public:
  void add(const oid& id, const entry_header& header, std::string_view contents) {
    entries_.push_back({id, 0, pack_header_size + bytes_.size()});
    bytes_ += header.text();
    bytes_ += deflated({}, contents);
  }
  void write(const std::filesystem::path& folder) const {
    std::string pack = pack_header(static_cast<std::uint32_t>(entries_.size())) + bytes_;
    const oid checksum = sha1{}.update(pack).finish();
    pack += raw_name(checksum);
    std::filesystem::create_directories(folder);
    write_file(folder / "pack-x.pack", pack);
    write_file(folder / "pack-x.idx", make_index(entries_, checksum));
  }

private:
  std::string bytes_;
  std::vector<index_entry> entries_;
};

oid numbered(std::uint8_t number) {
  oid out;
  out.bytes.fill(number);
  return out;
}

} // namespace

} // namespace object_reader

BOOST_AUTO_TEST_SUITE(object_reader)

BOOST_DATA_TEST_CASE(every_object, boost::unit_test::data::make(storages) * boost::unit_test::data::make(all_bounds),
                     how, within) {
  git_objects files;
  const auto all = files.all();
  files.git(how.script);
  const auto shared = resources(within.files, within.indexes, within.bases);
  const auto reader = files.open({.shared = shared});
  std::size_t wrong = 0;
  for (const listed_object& each : all) {
    const auto header = reader->header(each.id);
    wrong += reader->contains(each.id) && header && type_name(header.value().type) == each.type
                     && header.value().size == each.size
                 ? 0
                 : 1;
    const auto out = reader->read(each.id);
    BOOST_REQUIRE_MESSAGE(out, each.type << " " << each.id.hex() << ": " << reason_of(out));
    wrong += type_name(out.value().type()) == each.type && out.value().data().size() == each.size ? 0 : 1;
    const auto found = reader->find(id_prefix{each.id, 40});
    wrong += found && found.value() == each.id ? 0 : 1;
  }
  for (std::size_t i = all.size(); i-- > 0;) // the other way round other bases are kept
    wrong += reader->read(all[i].id) ? 0 : 1;
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(shared->indexes.taken <= within.indexes);
  BOOST_TEST(shared->bases.bytes() <= within.bases);
  BOOST_TEST((within.files == 0 || shared->files.open_now() <= within.files));
  oid none = all.front().id;
  none.bytes.back() ^= 1U;
  BOOST_TEST(!reader->contains(none));
  BOOST_TEST(reader->read(none).error().code == ENOENT);
  BOOST_TEST(!reader->header(none));
  BOOST_TEST(reader->find(id_prefix{none, 40}).error().code == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_prefix_is_of_one_object_or_of_several) {
  git_objects files;
  const auto all = files.all();
  for (const char* script : {"true", "git repack -adq"}) {
    files.git(script);
    const auto reader = files.open();
    for (std::size_t digits = 2; digits <= 8; ++digits)
      for (const listed_object& each : all) {
        const std::string begin = each.id.hex().substr(0, digits);
        const auto same = std::count_if(all.begin(), all.end(),
                                        [&](const listed_object& o) { return o.id.hex().starts_with(begin); });
        const auto found = reader->find(id_prefix{each.id, digits});
        if (same == 1)
          BOOST_TEST((found && found.value() == each.id), begin);
        else
          BOOST_TEST((!found && found.error().code == EEXIST), begin);
      }
  }
}

BOOST_AUTO_TEST_CASE(what_comes_and_goes_is_seen) {
  git_objects files;
  files.git("git repack -adq");
  const auto reader = files.open();
  const auto all = files.all();
  BOOST_TEST(reader->read(all.front().id).has_value());
  files.git("git commit -q --allow-empty -m more && git repack -adq"); // the pack that was read from is gone
  for (const listed_object& each : all)
    BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
  BOOST_TEST(reader->refresh_if_changed());
  const auto more = oid::from_hex(files.git("git rev-parse HEAD")).value();
  BOOST_TEST(reader->read(more).has_value());
  files.git("git commit -q --allow-empty -m 'yet more' && git repack -dq");
  const auto yet = oid::from_hex(files.git("git rev-parse HEAD")).value();
  BOOST_TEST(reader->refresh_if_changed());
  BOOST_TEST(reader->read(yet).has_value());
  BOOST_TEST(reader->packs() == 2U);
}

// A store asks the system only for loose objects that may be there.
BOOST_AUTO_TEST_CASE(what_others_wrote_is_read_at_once_and_known_after_a_look) {
  git_objects files;
  files.git("git repack -adq"); // no folder of loose objects stays
  const auto told = files.open({.loose_are_told = true}), asking = files.open();
  const auto more = oid::from_hex(files.git("git commit -q --allow-empty -m more && git rev-parse HEAD")).value();
  BOOST_TEST(asking->contains(more));
  BOOST_TEST(!told->contains(more));
  BOOST_TEST(!told->header(more));
  BOOST_TEST(told->read(more).has_value());
  told->look_for_loose();
  BOOST_TEST(told->contains(more));
  BOOST_TEST(told->header(more).has_value());
  BOOST_TEST(files.open({.loose_are_told = true})->contains(more));
}

// git touches a pack that has an object which it would write otherwise.
BOOST_AUTO_TEST_CASE(packs_that_are_touched_or_copied) {
  git_objects files;
  const auto all = files.all();
  files.git("git repack -adq && git commit -q --allow-empty -m more && git repack -dq");
  for (const std::uint64_t index_bytes : {1 << 24, 0}) {
    const auto reader = files.open({.shared = resources(1, index_bytes, 0)});
    for (const char* change :
         {"touch .git/objects/pack/*.pack", "cd .git/objects/pack; for f in *; do cp $f ../x; mv -f ../x $f; done"}) {
      for (const listed_object& each : all)
        BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
      files.git(change);
    }
    for (const listed_object& each : all)
      BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
  }
}

// Packs of one name that are not the same: as one is fetched again after it was damaged.
BOOST_AUTO_TEST_CASE(a_pack_that_takes_the_name_of_another) {
  git_objects files;
  files.git("git repack -adq");
  const auto all = files.all();
  const auto reader = files.open();
  for (const listed_object& each : all)
    BOOST_TEST(reader->read(each.id).has_value());
  const auto pack = files.only(".pack"), index = files.only(".idx");
  files.git("git repack -adfq --depth=0 && cd .git/objects/pack && for s in pack idx; do [ -e " + pack.stem().string()
            + ".$s ] || mv *.$s " + pack.stem().string() + ".$s; done");
  BOOST_TEST(std::filesystem::exists(index));
  reader->refresh();
  for (const listed_object& each : all)
    BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
}

BOOST_AUTO_TEST_CASE(a_disk_that_fails_is_an_error_while_it_fails) {
  git_objects files;
  const auto all = files.all();
  for (const bool packed : {false, true})
    for (const bool index_first : {false, true}) {
      if (packed)
        files.git("git repack -adq");
      const auto reader = files.open({.shared = resources(0, 1 << 24, 0)});
      if (index_first)
        BOOST_TEST(reader->contains(all.front().id));
      std::size_t wrong = 0; // no Boost.Test in another thread
      BOOST_REQUIRE(with_broken_disk([&] {
        for (const listed_object& each : all) {
          const auto out = reader->read(each.id);
          wrong += !out && out.error().code == EIO ? 0 : 1;
          wrong += reader->header(each.id) ? 1 : 0;
        }
      }));
      BOOST_TEST(wrong == 0U);
      if (packed && !index_first)
        std::this_thread::sleep_for(std::chrono::milliseconds{1100}); // an index is tried again after a second
      for (const listed_object& each : all)
        BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
    }
}

BOOST_AUTO_TEST_CASE(where_all_can_be_fetched_again_a_disk_that_fails_is_a_miss) {
  git_objects files;
  files.git("git repack -adq");
  const auto all = files.all();
  int aside = 0;
  const auto reader = files.open({.disk_errors_are_misses = true, .put_aside = [&](const auto&, const error& why) {
                                    aside += why.code == EIO ? 1 : 100;
                                  }});
  BOOST_TEST(reader->read(all.front().id).has_value());
  BOOST_REQUIRE(with_broken_disk([&] { (void)reader->read(all.back().id); }));
  BOOST_TEST(aside == 1);
  BOOST_TEST(!reader->contains(all.front().id));
  BOOST_TEST(reader->read(all.back().id).error().code == ENOENT);
  reader->refresh(); // the same pack: it stays aside
  BOOST_TEST(!reader->contains(all.front().id));
  BOOST_TEST(aside == 1);
}

BOOST_AUTO_TEST_CASE(a_pack_that_is_still_being_copied_there) {
  git_objects files;
  files.git("git repack -adq");
  const auto all = files.all();
  const std::string whole = file_bytes(files.only(".pack"));
  write_file(files.only(".pack"), whole.substr(0, whole.size() / 2));
  const captured_log quiet;
  const auto reader = files.open();
  BOOST_TEST(reader->read(all.front().id).error().code == ENOENT);
  write_file(files.only(".pack"), whole);
  reader->refresh();
  for (const listed_object& each : all)
    BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
}

// libgit2 ended here by SIGBUS: it had the pack mapped.
BOOST_AUTO_TEST_CASE(a_pack_that_is_cut_while_it_is_open) {
  git_objects files;
  files.git("git repack -adq");
  const auto all = files.all();
  const auto reader = files.open();
  BOOST_TEST(reader->read(all.front().id).has_value());
  std::filesystem::permissions(files.only(".pack"), std::filesystem::perms::owner_all);
  std::filesystem::resize_file(files.only(".pack"), 200);
  std::size_t missed = 0;
  for (const listed_object& each : all) {
    const auto out = reader->read(each.id);
    missed += out ? 0 : 1;
    BOOST_TEST((out || out.error().code == EBADMSG || out.error().code == ENOENT), reason_of(out));
  }
  BOOST_TEST(missed > 0U);
}

BOOST_AUTO_TEST_CASE(lost_alternates_are_named) {
  git_objects files;
  files.git("git repack -adfq && git clone -q --shared . ../other");
  const auto all = files.all();
  std::filesystem::rename(files.dir / "r/.git/objects", files.dir / "moved");
  const captured_log log;
  const auto reader = gitfs::object_reader::open(files.dir / "other/.git/objects").value();
  BOOST_REQUIRE(reader->lost().size() == 1U);
  BOOST_TEST(holds(log.text(), files.objects.string()), log.text());
  const auto missed = reader->read(all.front().id);
  BOOST_REQUIRE(!missed);
  BOOST_TEST(holds(missed.error().message, files.objects.string()), missed.error().message);
}

BOOST_AUTO_TEST_CASE(quoted_alternates) {
  const struct {
    const char *written, *meant;
  } rows[] = {{R"("plain")", "plain"},         {R"("with space")", "with space"}, {R"("a\"b\\c")", "a\"b\\c"},
              {R"("tab\tnl\n")", "tab\tnl\n"}, {R"("\303\266")", "\303\266"},     {R"("")", ""}};
  for (const auto& row : rows)
    BOOST_TEST(unquoted(row.written).value() == row.meant, row.written);
  for (const char* none : {"plain", "\"open", R"("a"b")", R"("\q")", R"("\)", R"("\")", R"("\777")"})
    BOOST_TEST(!unquoted(none), none);

  git_objects files;
  const auto all = files.all();
  files.git(
      "git repack -adfq && d=$(printf '../a \"\\tb\\303\\266') && mkdir -p \"$d\" && mv .git/objects/pack \"$d\" && "
      "rm -rf .git/objects/?? && printf '# a comment\\n\"../../../a \\\\\"\\\\tb\\\\303\\\\266\"\\n' "
      ">.git/objects/info/alternates");
  const auto reader = files.open();
  for (const listed_object& each : all)
    BOOST_TEST(reader->read(each.id).has_value(), each.id.hex());
  BOOST_TEST(files.git("git cat-file --batch-check </dev/null; git rev-parse HEAD^{tree}").size() == 40U); // git agrees
}

BOOST_AUTO_TEST_CASE(deltas_in_a_circle_and_of_nothing) {
  temp_dir dir;
  const oid a = numbered(1), b = numbered(2), c = numbered(3);
  forged_pack pack;
  pack.add(a, {ref_delta, delta_of_nothing.size(), 0, b}, delta_of_nothing);
  pack.add(b, {ref_delta, delta_of_nothing.size(), 0, a}, delta_of_nothing);
  pack.add(c, {ref_delta, delta_of_nothing.size(), 0, c}, delta_of_nothing);
  pack.add(numbered(4), {ref_delta, delta_of_nothing.size(), 0, numbered(9)}, delta_of_nothing); // of what is not here
  pack.add(numbered(5), {ofs_delta, delta_of_nothing.size(), 1U << 30, {}}, delta_of_nothing);
  pack.add(numbered(6), {ofs_delta, delta_of_nothing.size(), 7, {}}, delta_of_nothing);
  pack.write(dir / "objects/pack");
  const auto reader = gitfs::object_reader::open(dir / "objects").value();
  for (std::uint8_t i = 1; i <= 6; ++i) {
    BOOST_TEST(reader->read(numbered(i)).error().code == EBADMSG, int{i});
    BOOST_TEST(!reader->header(numbered(i)), int{i});
  }
}

BOOST_AUTO_TEST_CASE(sizes_that_cannot_be) {
  temp_dir dir;
  forged_pack pack;
  const auto blob = static_cast<unsigned>(object_type::blob);
  const std::string far_too_long{"\0\x80\x80\x80\x80\x80\x80\x01", 8}; // a delta of nothing that makes 4 TB
  pack.add(numbered(1), {blob, std::uint64_t{1} << 50}, "x");
  pack.add(numbered(2), {blob, 2'000}, "x");
  pack.add(numbered(3), {blob, 0}, "");
  pack.add(numbered(4), {ref_delta, far_too_long.size(), 0, numbered(3)}, far_too_long);
  pack.write(dir / "objects/pack");
  const auto reader = gitfs::object_reader::open(dir / "objects").value();
  BOOST_TEST(reader->read(numbered(1)).error().code == EBADMSG);
  BOOST_TEST(reader->read(numbered(2)).error().code == EBADMSG);
  BOOST_TEST(reader->read(numbered(3)).error().code == EBADMSG); // an empty blob has another hash
  const auto huge = reader->read(numbered(4));
  BOOST_REQUIRE(!huge);
  BOOST_TEST(huge.error().code == EFBIG, huge.error().message);
}

BOOST_AUTO_TEST_CASE(a_chain_without_end_is_refused) {
  temp_dir dir;
  forged_pack pack;
  pack.add(oid{}, {static_cast<unsigned>(object_type::blob), 0}, "");
  std::vector<oid> ids(1);
  const std::uint64_t base_length =
      entry_header{static_cast<unsigned>(object_type::blob), 0}.text().size() + deflated({}, "").size();
  const std::uint64_t step = entry_header{ofs_delta, 2, 12, {}}.text().size() + deflated({}, delta_of_nothing).size();
  for (std::uint32_t i = 1; i <= 5000; ++i) {
    oid id;
    id.bytes[0] = static_cast<std::uint8_t>(i >> 8U);
    id.bytes[1] = static_cast<std::uint8_t>(i);
    pack.add(id, {ofs_delta, delta_of_nothing.size(), i == 1 ? base_length : step, {}}, delta_of_nothing);
    ids.push_back(id);
  }
  pack.write(dir / "objects/pack");
  const auto reader = gitfs::object_reader::open(dir / "objects").value();
  BOOST_TEST(!reader->header(ids[4500]));
  BOOST_TEST(reader->header(ids[4000]).value().size == 0U);
  const auto deep = reader->read(ids[4999]);
  BOOST_REQUIRE(!deep);
  BOOST_TEST(holds(deep.error().message, "absurdly many"), deep.error().message);
}

BOOST_AUTO_TEST_CASE(written_loose_objects_are_those_of_git) {
  temp_dir dir;
  must_run("git init -q .", dir.path());
  const std::filesystem::path objects = dir / ".git/objects";
  for (const std::string& text :
       {std::string{}, std::string{"x"}, std::string(3'000'000, 'y'), file_bytes("/proc/self/exe")}) {
    const object blob{object_type::blob, nullptr, text};
    const oid id = name_of(object_type::blob, text);
    BOOST_REQUIRE(write_loose(objects, dir / "fresh", id, blob));
    BOOST_TEST(read_loose(objects, id).value().data() == text);
    BOOST_TEST(read_loose_header(objects, id).value().size == text.size());
  }
  BOOST_TEST(run("git fsck --full --strict", dir.path()).status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

// Bits of packs, indexes and loose objects that are not what they were: what comes out is right, or it is not there.
#include "test/backend/pack/pack_files.hpp"
#include "test/support/captured_log.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

namespace gitfs::test {

namespace damaged_files {

namespace {

struct looked {
  std::size_t right = 0, absent = 0;
  std::string wrong; // the first that is neither
};

/// Reads everything in every way. What `read` gives has the hash of its name, so it is right.
looked look_at_all(const git_objects& files, const std::vector<listed_object>& all, std::uint64_t index_bytes) {
  looked out;
  const auto reader = files.open({.shared = resources(0, index_bytes, 1 << 20)});
  std::atomic<bool> stop{false};
  for (const listed_object& each : all) {
    reader->contains(each.id);
    (void)reader->header(each.id);
    (void)reader->find(id_prefix{each.id, 7});
    const auto one = reader->read(each.id);
    if (one && one.value().data().size() == each.size && type_name(one.value().type()) == each.type)
      ++out.right;
    else if (!one && (one.error().code == ENOENT || one.error().code == EBADMSG))
      ++out.absent;
    else if (out.wrong.empty())
      out.wrong = each.id.hex() + (one ? " is another" : ": " + one.error().message);
    if (each.type != "blob" || each.size < 100)
      continue;
    auto file = unlinked_file::make(files.dir.path());
    const auto copied = reader->copy(each.id, {file.value(), files.dir.path(), stop});
    if (!copied && copied.error().code != ENOENT && copied.error().code != EBADMSG && copied.error().code != EIO)
      out.wrong = each.id.hex() + ": " + copied.error().message;
  }
  return out;
}

struct kind {
  const char *name, *script, *file;
  std::uint64_t index_bytes;
  friend std::ostream& operator<<(std::ostream& out, const kind& one) { return out << one.name; }
};

const kind kinds[] = {
    {"an index in memory", "git repack -adfq", "pack/*.idx", 1 << 24},
    {"an index on disk", "git repack -adfq", "pack/*.idx", 0},
    {"an index of version 1", "git -c pack.indexVersion=1 repack -adfq", "pack/*.idx", 0},
    {"an index with offsets of 64 bits",
     "git repack -adfq; cd .git/objects/pack; chmod u+w *; git index-pack --index-version=2,0x80 *.pack", "pack/*.idx",
     0},
    {"a pack with deltas by offset", "git repack -adfq --depth=50", "pack/*.pack", 1 << 24},
    {"a pack with deltas by name", "git -c repack.useDeltaBaseOffset=false repack -adfq", "pack/*.pack", 1 << 24},
    {"a loose object", "true", "[0-9a-f][0-9a-f]/*", 0},
};

} // namespace

} // namespace damaged_files

BOOST_AUTO_TEST_SUITE(damaged_files)

BOOST_DATA_TEST_CASE(a_flipped_bit_of_any_byte, boost::unit_test::data::make(kinds), of) {
  git_objects files{5};
  const auto all = files.all();
  files.git(of.script);
  const std::filesystem::path victim =
      files.objects / files.git("cd .git/objects && ls " + std::string{of.file} + " | head -1");
  const std::string sound = file_bytes(victim);
  const captured_log quiet;
  std::mt19937 random{20'260}; // the same in each run
  std::size_t absent = 0;
  for (std::size_t at = 0; at < sound.size(); at += 1 + random() % 15) {
    std::string bytes = sound;
    const unsigned bit = random() % 8;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
    write_file(victim, bytes);
    const looked out = look_at_all(files, all, of.index_bytes);
    BOOST_REQUIRE_MESSAGE(out.wrong.empty(), "bit " << bit << " of byte " << at << ": " << out.wrong);
    absent += out.absent;
  }
  BOOST_TEST(absent > 0U);
  write_file(victim, sound);
  BOOST_TEST(look_at_all(files, all, of.index_bytes).right == all.size());
}

BOOST_DATA_TEST_CASE(cut_anywhere_and_random_bytes, boost::unit_test::data::make(kinds), of) {
  git_objects files{5};
  const auto all = files.all();
  files.git(of.script);
  const std::filesystem::path victim =
      files.objects / files.git("cd .git/objects && ls " + std::string{of.file} + " | head -1");
  const std::string sound = file_bytes(victim);
  const captured_log quiet;
  std::mt19937 random{20'261};
  for (int round = 0; round < 60; ++round) {
    std::string bytes = sound;
    const std::size_t at = random() % bytes.size(), length = 1 + random() % 400;
    switch (round % 4) {
    case 0:
      bytes.resize(at);
      break;
    case 1:
      for (std::size_t i = at; i < std::min(at + length, bytes.size()); ++i)
        bytes[i] = static_cast<char>(random());
      break;
    case 2:
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), '\0'); // as a power failure leaves it
      break;
    default:
      bytes.insert(at, bytes.substr(random() % bytes.size(), length));
    }
    write_file(victim, bytes);
    const looked out = look_at_all(files, all, of.index_bytes);
    BOOST_REQUIRE_MESSAGE(out.wrong.empty(), "round " << round << ": " << out.wrong);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_index_costs_one_line_and_what_is_in_its_pack) {
  git_objects files{5};
  files.git("git repack -adfq");
  const auto all = files.all();
  std::string bytes = file_bytes(files.only(".idx"));
  bytes[bytes.size() - 60] = static_cast<char>(bytes[bytes.size() - 60] ^ 1); // in an offset
  write_file(files.only(".idx"), bytes);
  const captured_log log;
  const auto reader = files.open();
  for (const listed_object& each : all) {
    const auto missed = reader->read(each.id);
    BOOST_REQUIRE(!missed);
    BOOST_TEST(missed.error().code == ENOENT);
    BOOST_TEST(holds(missed.error().message, "cannot be read"), missed.error().message);
  }
  const std::string text = log.text();
  BOOST_TEST(holds(text, "its checksum is wrong"), text);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 1, text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

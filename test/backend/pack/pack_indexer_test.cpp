// The indexer beside git's own, and with packs that nobody should send.
#include "backend/pack/pack_delta.hpp"
#include "backend/pack/pack_index.hpp"
#include "backend/pack/pack_indexer.hpp"
#include "config/unique_fd.hpp"
#include "test/support/command.hpp"
#include "test/support/rounds.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <fstream>
#include <random>
#include <sstream>
#include <unistd.h>
#include <zlib.h>

namespace gitfs::test {

namespace pack_indexer {

namespace {

namespace fs = std::filesystem;

/// Does what pack_ingest does: writes, then indexes.
class arriving {
public:
  explicit arriving(const temp_dir& dir, prefetched_blobs* fresh = nullptr)
    : file_(::open((dir / "arriving").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)),
      bytes_(file_.get()),
      indexer(bytes_, fresh) {}
  arriving(const arriving&) = delete;
  arriving& operator=(const arriving&) = delete;

  result<void> take(std::string_view pack, std::size_t step) {
    for (std::size_t at = 0; at < pack.size(); at += step) {
      const std::string_view piece = pack.substr(at, step);
      BOOST_REQUIRE(::write(file_.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
      GITFS_TRYV(indexer.append(piece));
    }
    return indexer.finish();
  }

private:
  const unique_fd file_;
  gitfs::pack_bytes bytes_;

public:
  gitfs::pack_indexer indexer;
};

std::string bytes_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Files that are deltas of each other, of every type, empty ones, and one that is hashed in pieces.
struct packed_repository {
  temp_dir dir;

  packed_repository() {
    must_run("git init -q -b main r && cd r && git config gc.auto 0 && for i in $(seq 40); do "
             "seq $((i * 3)) 2000 > f$i; done && : > empty && mkdir -p a/b && echo deep > a/b/c && ln -s f1 link && "
             "git add . && git commit -qm one && echo more >> f1 && git commit -qam two && git tag -m tagged v1 && "
             "openssl enc -aes-128-ctr -K 00 -iv 00 -in /dev/zero 2>/dev/null | head -c 9000000 > large && "
             "git add . && git commit -qm three",
             dir.path());
  }

  /// The pack of every object, and git's own index of it.
  std::pair<std::string, std::string> packed(const std::string& options) const {
    must_run("rm -f p-* && git rev-list --all --objects | cut -c1-40 | git pack-objects -q " + options + " p",
             dir / "r");
    return {bytes_of(dir / "r" / must_run("ls p-*.pack", dir / "r")),
            bytes_of(dir / "r" / must_run("ls p-*.idx", dir / "r"))};
  }
};

std::string deflated(const std::string& bytes) {
  uLongf length = compressBound(bytes.size());
  std::string out(length, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &length, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(length);
  return out;
}

std::string entry(unsigned kind, const std::string& bytes, const std::string& base = {}) {
  std::size_t size = bytes.size();
  std::string out(1, static_cast<char>(kind << 4U | (size & 15U)));
  for (size >>= 4U; size != 0; size >>= 7U) {
    out.back() = static_cast<char>(out.back() | '\x80');
    out += static_cast<char>(size & 0x7fU);
  }
  return out + base + deflated(bytes);
}

std::string sealed(std::string pack) {
  const oid sum = sha1{}.update(pack).finish();
  return pack.append(reinterpret_cast<const char*>(sum.bytes.data()), oid::raw_size);
}

std::string pack_of(const std::vector<std::string>& entries) {
  std::string out{"PACK\0\0\0\2\0\0\0", 11};
  out += static_cast<char>(entries.size());
  for (const auto& each : entries)
    out += each;
  return sealed(out);
}

std::string raw(const oid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), oid::raw_size};
}

constexpr unsigned blob_kind = 3, offset_kind = 6, name_kind = 7;

// A delta that puts one letter before all of its base of 5 bytes.
std::string prefixing(char letter, char base_size = 5) {
  return {base_size, static_cast<char>(base_size + 1), 1, letter, '\x90', base_size};
}

} // namespace

} // namespace pack_indexer

BOOST_FIXTURE_TEST_SUITE(pack_indexer, pack_indexer::packed_repository)

BOOST_AUTO_TEST_CASE(makes_the_index_that_git_makes) {
  for (const char* options : {"--delta-base-offset", "", "--window=0", "--depth=3 --delta-base-offset"}) {
    const auto [pack, index] = packed(options);
    for (const std::size_t step : {pack.size(), std::size_t{65536}, std::size_t{4097}}) {
      arriving one{dir};
      BOOST_REQUIRE(one.take(pack, step));
      BOOST_TEST(make_index(one.indexer.objects(), one.indexer.checksum()) == index, options << " by " << step);
    }
  }
}

BOOST_AUTO_TEST_CASE(comes_byte_by_byte) {
  must_run("git reset -q --hard HEAD~1", dir / "r"); // without the large file
  const auto [pack, index] = packed("--delta-base-offset");
  arriving one{dir};
  BOOST_REQUIRE(one.take(pack, 1));
  BOOST_TEST(make_index(one.indexer.objects(), one.indexer.checksum()) == index);
}

BOOST_AUTO_TEST_CASE(gives_every_content_again) {
  const auto [pack, index] = packed("--delta-base-offset");
  arriving one{dir};
  BOOST_REQUIRE(one.take(pack, 10'000));
  const auto& objects = one.indexer.objects();
  for (pack_position i = static_cast<pack_position>(objects.size());
       i-- > 0;) { // backwards: bases have to be found again
    const auto contents = one.indexer.content(i);
    BOOST_REQUIRE(contents);
    BOOST_TEST(name_of(contents.value().type(), contents.value().data()).hex() == objects[i].id.hex());
    BOOST_TEST(contents.value().data().size() == one.indexer.size_of(i));
    BOOST_TEST((contents.value().type() == one.indexer.type_of(i)));
  }
}

BOOST_AUTO_TEST_CASE(hands_over_the_blobs_and_large_ones_in_files) {
  const auto [pack, index] = packed("--delta-base-offset");
  const auto budget = std::make_shared<memory_budget>(64U << 20);
  prefetched_blobs fresh{budget, dir.path()};
  arriving one{dir, &fresh};
  BOOST_REQUIRE(one.take(pack, 100'000));
  std::size_t blobs = 0, files = 0;
  for (pack_position i = 0; i < one.indexer.objects().size(); ++i) {
    const index_entry& object = one.indexer.objects()[i];
    const auto blob = fresh.take(object.id);
    BOOST_TEST(blob.has_value() == (one.indexer.type_of(i) == object_type::blob && one.indexer.size_of(i) < 9'000'000));
    if (blob) {
      ++blobs;
      BOOST_TEST(name_of(object_type::blob, blob->data()).hex() == object.id.hex());
    }
    const auto file = fresh.take_file(object.id);
    BOOST_TEST(file.has_value() == (one.indexer.type_of(i) == object_type::blob && !blob));
    if (file) {
      std::string bytes(one.indexer.size_of(i), '\0');
      BOOST_TEST(file->size() == bytes.size());
      BOOST_REQUIRE(file->read(bytes.data(), bytes.size(), 0));
      BOOST_TEST(name_of(object_type::blob, bytes).hex() == object.id.hex());
      ++files;
    }
  }
  BOOST_TEST(files != 0U);
  BOOST_TEST(blobs == 44U); // f1 twice
  BOOST_TEST(budget->empty());
}

BOOST_AUTO_TEST_CASE(a_base_may_come_after_its_delta) {
  const oid base = name_of(object_type::blob, "hello"), middle = name_of(object_type::blob, "ahello");
  const std::string pack = pack_of({
      entry(name_kind, prefixing('b', 6), raw(middle)), // "bahello"
      entry(offset_kind, prefixing('c', 7),
            std::string(1, static_cast<char>(entry(name_kind, prefixing('b', 6), raw(middle)).size()))),
      entry(name_kind, prefixing('a'), raw(base)),
      entry(blob_kind, "hello"),
  });
  arriving one{dir};
  BOOST_REQUIRE(one.take(pack, 13));
  BOOST_TEST(one.indexer.objects()[0].id.hex() == name_of(object_type::blob, "bahello").hex());
  BOOST_TEST(one.indexer.objects()[1].id.hex() == name_of(object_type::blob, "cbahello").hex());
  BOOST_TEST(one.indexer.objects()[2].id.hex() == middle.hex());
  BOOST_TEST(one.indexer.objects()[3].id.hex() == base.hex());
}

BOOST_AUTO_TEST_CASE(what_nobody_should_send) {
  const oid base = name_of(object_type::blob, "hello");
  const std::string hello = entry(blob_kind, "hello");
  const auto back = [](std::size_t distance) { return std::string(1, static_cast<char>(distance)); };
  const std::string cases[] = {
      pack_of({hello, entry(offset_kind, prefixing('a'), back(hello.size() - 1))}),             // between objects
      pack_of({hello, entry(offset_kind, prefixing('a'), back(100))}),                          // before the pack
      pack_of({hello, entry(offset_kind, prefixing('a'), back(0))}),                            // itself
      pack_of({entry(name_kind, prefixing('a'), raw(base))}),                                   // thin
      pack_of({hello, entry(offset_kind, prefixing('a', 6), back(hello.size()))}),              // of another base
      pack_of({hello, entry(offset_kind, std::string{"\5\6\0", 3}, back(hello.size()))}),       // instruction 0
      pack_of({hello, entry(offset_kind, std::string{"\5\6\x91\3\5", 5}, back(hello.size()))}), // copies past the end
      pack_of({hello, entry(offset_kind, std::string{"\5\2\x90\5", 4}, back(hello.size()))}),   // makes too much
      pack_of({hello, entry(offset_kind, std::string{"\5\x7f\x90\5", 4}, back(hello.size()))}), // and too little
      pack_of({hello, entry(offset_kind, std::string{"\5\xff\xff\xff\xff\xff\x7f\x90\5", 9}, back(hello.size()))}),
      pack_of({hello, entry(offset_kind, std::string{"\5\6\4abc", 6}, back(hello.size()))}), // inserts past its end
      pack_of({hello, entry(offset_kind, "", back(hello.size()))}),
      pack_of({entry(0, "hello")}),
      pack_of({entry(5, "hello")}),
      pack_of({"\x3f" + deflated("hello")}),                                         // longer than it is
      pack_of({"\x33" + deflated("hello")}),                                         // shorter
      pack_of({"\xbf\xff\xff\xff\xff\xff\xff\xff\x7f" + deflated("hello")}),         // a size beyond reason
      pack_of({std::string{"\xb5\x80\x80\x80\x04", 5} + deflated("hello")}),         // a large blob that is none
      pack_of({std::string{"\xa5\x80\x80\x80\x80\x80\x01", 7} + deflated("hello")}), // a tree of a terabyte
  };
  for (const std::string& pack : cases)
    for (const std::size_t step : {std::size_t{5}, pack.size()}) {
      arriving one{dir};
      const auto taken = one.take(pack, step);
      BOOST_REQUIRE_MESSAGE(!taken, "case " << &pack - cases << " was taken");
      BOOST_TEST(taken.error().code == EIO);
    }
}

// Whatever stands in it: it ends, and with an error, or with objects that are what their names say.
BOOST_AUTO_TEST_CASE(damaged_in_any_way_with_a_right_checksum) {
  must_run("git reset -q --hard HEAD~1", dir / "r");
  const std::string good = packed("--delta-base-offset").first;
  std::mt19937 random{1};
  for (unsigned round = 0; round < rounds(3000); ++round) {
    std::string bad = good.substr(0, good.size() - oid::raw_size);
    for (unsigned changes = random() % 3; changes < 3; ++changes)
      bad[12 + random() % (bad.size() - 12)] = static_cast<char>(random());
    if (random() % 4 == 0)
      bad.resize(12 + random() % (bad.size() - 12));
    arriving one{dir};
    if (!one.take(sealed(bad), 1 + random() % 8192))
      continue;
    for (pack_position i = 0; i < one.indexer.objects().size(); ++i) {
      const auto contents = one.indexer.content(i);
      BOOST_REQUIRE(contents);
      BOOST_TEST(name_of(contents.value().type(), contents.value().data()).hex() == one.indexer.objects()[i].id.hex());
    }
  }
}

BOOST_AUTO_TEST_CASE(offsets_beyond_two_gigabytes) {
  std::vector<index_entry> objects(3);
  const std::uint64_t offsets[] = {12, 0x7fffffff, 0x123456789a};
  for (std::size_t i = 0; i < 3; ++i) {
    objects[i].id = name_of(object_type::blob, std::to_string(i));
    objects[i].offset = offsets[i];
    std::ofstream{dir / "expected", std::ios::app} << offsets[i] << ' ' << objects[i].id.hex() << '\n';
  }
  std::ofstream{dir / "x.idx", std::ios::binary} << make_index(objects, oid{});
  BOOST_TEST(must_run("git show-index --object-format=sha1 < x.idx | cut -d' ' -f1,2 | sort", dir.path())
             == must_run("sort expected", dir.path()));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

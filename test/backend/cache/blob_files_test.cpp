#include "backend/cache/blob_files.hpp"

#include "backend/git/object.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <new>
#include <thread>
#include <vector>

namespace gitfs::test {

namespace blob_files {

namespace {

constexpr std::size_t size = 100'000;

// Counts how often blobs are inflated; a blob is its number, again and again.
class numbered_db final : public object_db {
public:
  std::atomic<int> copies{0};

  result<object> read(const oid&) override { return fail(EIO, "a large blob is never whole in memory"); }
  result<void> copy(const oid& id, const blob_target& to) override {
    ++copies;
    if (id.bytes[0] == 0)
      return fail(ENOENT, "not here");
    if (id.bytes[0] == 255 && copies == 1)
      throw std::bad_alloc{};
    if (to.stop)
      return fail(ECANCELED, "stopped");
    return to.file.write(std::string(size, static_cast<char>(id.bytes[0])), 0);
  }
  bool contains(const oid&) override { return true; }
  void sizes(std::span<const oid>, std::span<std::uint64_t>) override {}
};

oid number(std::uint8_t n) {
  oid out;
  out.bytes[0] = n;
  return out;
}

struct small_blob_files {
  numbered_db db;
  memory_budget budget{1 << 20};
  temp_dir dir;
  gitfs::blob_files files{db, budget, dir / "not/yet/made", 10 * size};

  std::uint64_t used() const { return budget.used(memory_budget::kind::blob_files); }
};

} // namespace

} // namespace blob_files

BOOST_FIXTURE_TEST_SUITE(blob_files, blob_files::small_blob_files)

BOOST_AUTO_TEST_CASE(a_blob_is_inflated_once) {
  BOOST_TEST(files.find(number(1)) == nullptr);
  for (int i = 0; i < 3; ++i) {
    auto blob = files.load(number(1));
    BOOST_REQUIRE(blob);
    BOOST_TEST(blob.value()->size() == size);
    std::string part(10, '\0');
    BOOST_REQUIRE(blob.value()->file().read(part.data(), part.size(), size - 10));
    BOOST_TEST(part == std::string(10, '\1'));
    BOOST_TEST(!blob.value()->file().read(part.data(), part.size(), size - 5)); // it ends before
  }
  BOOST_TEST(db.copies == 1);
  BOOST_TEST(std::filesystem::is_empty(dir / "not/yet/made"));
}

BOOST_AUTO_TEST_CASE(the_least_recently_used_goes_first_and_who_reads_it_goes_on) {
  const auto first = files.load(number(1)).value();
  for (std::uint8_t n = 2; n <= 10; ++n) {
    BOOST_REQUIRE(files.load(number(n)));
    BOOST_TEST(files.find(number(2)) != nullptr); // used again and again
  }
  BOOST_TEST(used() == 10 * size);
  BOOST_REQUIRE(files.load(number(11)));
  BOOST_TEST(used() == 10 * size);
  BOOST_TEST(files.find(number(1)) == nullptr);
  BOOST_TEST(files.find(number(2)) != nullptr);
  std::string part(3, '\0');
  BOOST_REQUIRE(first->file().read(part.data(), part.size(), 0));
  BOOST_TEST(part == "\1\1\1");
  files.clear();
  BOOST_TEST(used() == 0U);
}

BOOST_AUTO_TEST_CASE(four_stay_however_large_they_are) {
  gitfs::blob_files tiny{db, budget, dir.path(), 1};
  for (std::uint8_t n = 1; n <= 5; ++n)
    BOOST_REQUIRE(tiny.load(number(n)));
  BOOST_TEST(tiny.find(number(1)) == nullptr);
  for (std::uint8_t n = 2; n <= 5; ++n)
    BOOST_TEST(tiny.find(number(n)) != nullptr);
}

BOOST_AUTO_TEST_CASE(those_without_a_reader_go_when_their_disk_is_tight) {
  using namespace std::chrono_literals;
  const auto held = files.load(number(1)).value();
  for (std::uint8_t n = 2; n <= 5; ++n)
    BOOST_REQUIRE(files.load(number(n)));
  room_giver::ask(dir.path(), ~std::uint64_t{0}); // all were read just now, and a reader between two pieces holds none
  BOOST_TEST(used() == 5 * size);
  files.let_go(size + 1, 0s); // 2 and 3, though the four most recent stay if there is room
  BOOST_TEST(used() == 3 * size);
  BOOST_TEST(files.find(number(1)) == held);
  BOOST_TEST(files.find(number(2)) == nullptr);
  BOOST_TEST(files.find(number(4)) != nullptr);
  room_giver::ask_for_memory(~std::uint64_t{0}); // whoever asks for that fails without, so none is spared for a reader
  BOOST_TEST(used() == size);
  BOOST_TEST(files.find(number(1)) == held);
}

BOOST_AUTO_TEST_CASE(whose_disk_is_another_is_not_asked) {
  std::uint64_t asked = 0;
  const room_giver here{dir.path(), [&](std::uint64_t bytes, room_giver::room) { asked += bytes; }};
  const room_giver elsewhere{"/proc", [&](std::uint64_t, room_giver::room) { asked += 1'000'000; }};
  const room_giver nowhere{dir / "not/made", [&](std::uint64_t, room_giver::room) { asked += 1'000'000; }};
  room_giver::ask(dir.path(), 5);
  room_giver::ask(dir / "missing", 7);
  BOOST_TEST(asked == 5U);
}

BOOST_AUTO_TEST_CASE(of_many_who_want_the_same_one_works) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { good += files.load(number(7)) ? 1 : 0; });
  for (std::thread& each : threads)
    each.join();
  BOOST_TEST(good == 8);
  BOOST_TEST(db.copies == 1);
}

BOOST_AUTO_TEST_CASE(an_error_is_passed_on_and_not_remembered) {
  BOOST_TEST(files.load(number(0)).error().code == ENOENT);
  BOOST_TEST(files.load(number(0)).error().code == ENOENT);
  BOOST_TEST(db.copies == 2);
  BOOST_TEST(used() == 0U);
  gitfs::blob_files nowhere{db, budget, "/proc/no/such", size};
  BOOST_TEST(nowhere.load(number(1)).has_value()); // among files for temporary data, then
  files.stop();
  BOOST_TEST(files.load(number(1)).error().code == ECANCELED);
}

BOOST_AUTO_TEST_CASE(after_an_exception_the_next_one_works) {
  BOOST_CHECK_THROW(files.load(number(255)).value(), std::bad_alloc);
  BOOST_TEST(files.load(number(255)).has_value()); // and does not wait for the first for ever
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

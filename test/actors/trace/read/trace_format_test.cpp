// The bytes of traces: what is written is read again, what is cut is read up to there, and what is damaged is refused.
#include "actors/trace/read/trace_reader.hpp"

#include "test/support/outcome.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(trace_format)

namespace {

using namespace gitfs::trace;

std::string file_head() {
  char head[file_header_size];
  put_file_header(head, {1'700'000'000'000'000'000U, 42});
  return {head, sizeof head};
}

struct block {
  std::string bytes = std::string(block_size, '\0');
  block_writer writer{bytes.data()};

  std::string done() {
    char head[block_header_size];
    put_block_header(head, writer.first_order(), writer.first_time(),
                     std::string_view{bytes}.substr(block_header_size, writer.used()));
    return std::string{head, sizeof head} + bytes.substr(block_header_size, writer.used());
  }
};

void put_message(block_writer& to, std::uint64_t order, std::uint64_t cause) {
  encoder e = to.begin(static_cast<std::uint32_t>(kind::forget_op), order, order * 1000);
  e.number(cause == 0 ? 0 : order - cause);
  e.number(static_cast<std::uint64_t>(actor_kind::directory));
  e.fixed(0xfedcba9876543210U);
  e.number(77); // wait
  e.number(5);
  e.number(300);
  to.end(e);
}

void put_handled(block_writer& to, std::uint64_t order, std::uint64_t duration) {
  encoder e = to.begin(static_cast<std::uint32_t>(kind::handled), order, order * 1000 + duration);
  e.number(duration);
  to.end(e);
}

// Two threads' blocks, whose orders interleave.
std::string small_trace() {
  block first;
  block second;
  put_message(first.writer, 1, 0);
  put_message(first.writer, 4, 1);
  put_handled(first.writer, 4, 250);
  put_handled(first.writer, 1, 9'000'000'000);
  put_message(second.writer, 3, 1);
  put_message(second.writer, 2, 1);
  return file_head() + first.done() + second.done();
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_written_is_read_in_order) {
  const std::string bytes = small_trace();
  const auto read = read_bytes(bytes);
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  const contents& in = read.value();
  BOOST_TEST(!in.torn);
  BOOST_TEST(in.header.process == 42U);
  BOOST_TEST(in.header.started == 1'700'000'000'000'000'000U);
  BOOST_REQUIRE(in.records.size() == 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const record& r = in.records[i];
    BOOST_TEST(r.order == i + 1);
    BOOST_TEST(r.time == (i + 1) * 1000);
    BOOST_TEST(r.cause == (i == 0 ? 0U : 1U));
    BOOST_TEST((r.actor == actor_key{actor_kind::directory, 0xfedcba9876543210U}));
    BOOST_TEST(r.wait == 77U);
    BOOST_TEST(number_in(r, "child") == 5U);
    BOOST_TEST(number_in(r, "count") == 300U);
  }
  BOOST_TEST(in.records[0].duration == 9'000'000'000U);
  BOOST_TEST(in.records[3].duration == 250U);
  BOOST_TEST(in.records[1].duration == record::no_duration);
}

BOOST_AUTO_TEST_CASE(every_kind_of_field) {
  block b;
  const oid tree = *oid::from_hex("0123456789abcdef0123456789abcdef01234567");
  encoder e = b.writer.begin(static_cast<std::uint32_t>(kind::spawned), ~std::uint64_t{0}, ~std::uint64_t{0} - 1);
  e.number(0);
  e.fixed(~std::uint64_t{0});
  e.fixed(1);
  e.text(std::string(3000, 'x')); // cut
  e.id(tree);
  b.writer.end(e);
  const std::string bytes = file_head() + b.done();
  const auto read = read_bytes(bytes);
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  BOOST_REQUIRE(read.value().records.size() == 1U);
  const auto fields = fields_of(read.value().records[0]);
  BOOST_REQUIRE(fields.size() == 4U);
  BOOST_TEST(fields[0].number == ~std::uint64_t{0});
  BOOST_TEST(fields[1].number == 1U);
  BOOST_TEST(fields[2].text == std::string(longest_text, 'x'));
  BOOST_TEST((fields[3].id == tree));
}

// A later version of the program may write what this one does not know.
BOOST_AUTO_TEST_CASE(unknown_kinds_and_further_fields_are_passed_over) {
  block b;
  encoder e = b.writer.begin(60, 1, 1);
  e.number(0);
  e.text("of a later version");
  b.writer.end(e);
  e = b.writer.begin(static_cast<std::uint32_t>(kind::interrupted), 2, 2);
  e.number(1);
  e.number(99);
  e.text("a further field");
  b.writer.end(e);
  const std::string bytes = file_head() + b.done();
  const auto read = read_bytes(bytes);
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  BOOST_REQUIRE(read.value().records.size() == 2U);
  BOOST_TEST(fields_of(read.value().records[0]).empty());
  BOOST_TEST(number_in(read.value().records[1], "request") == 99U);
  BOOST_TEST(read.value().records[1].cause == 1U);
}

BOOST_AUTO_TEST_CASE(a_cut_trace_is_read_up_to_there_and_says_so) {
  const std::string bytes = small_trace();
  std::size_t ends = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto read = read_bytes(std::string_view{bytes}.substr(0, length));
    if (length < file_header_size) {
      BOOST_TEST(!read, length);
      continue;
    }
    BOOST_REQUIRE_MESSAGE(read, length << ": " << reason_of(read));
    ends += read.value().torn ? 0 : 1;
    BOOST_TEST((read.value().records.empty() || read.value().records.size() == 2U), length);
  }
  BOOST_TEST(ends == 2U); // behind the header, and behind the first block
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_seen) {
  const std::string sound = small_trace();
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    std::string bytes = sound;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    const auto read = read_bytes(bytes);
    BOOST_TEST(!read, bit);
    if (!read)
      BOOST_TEST(!read.error().message.empty());
  }
}

BOOST_AUTO_TEST_CASE(another_version_is_named) {
  std::string bytes = small_trace();
  bytes[8] = 9;
  const auto read = read_bytes(bytes);
  BOOST_REQUIRE(!read);
  BOOST_TEST(read.error().message.find("version 9") != std::string::npos, read.error().message);
}

BOOST_AUTO_TEST_CASE(random_bytes_are_refused) {
  std::mt19937_64 random{4242};
  for (unsigned round = 0; round < rounds(2000); ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random());
    BOOST_TEST(!read_bytes(bytes));
    if (!bytes.empty())
      BOOST_TEST(!read_bytes(file_head() + std::string(block_header_size, 'x') + bytes));
    // A sound block of nonsense: no crash, whatever it is taken for.
    char head[block_header_size];
    put_block_header(head, random(), random(), bytes);
    const std::string file = file_head() + std::string{head, sizeof head} + bytes;
    if (const auto read = read_bytes(file))
      for (const record& each : read.value().records)
        fields_of(each);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

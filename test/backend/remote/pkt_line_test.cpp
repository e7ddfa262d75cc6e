#include "backend/remote/pkt_line.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <random>

namespace gitfs::test {

namespace bdata = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(pkt_line)

BOOST_AUTO_TEST_CASE(encodes) {
  std::string out;
  append_pkt(out, "a\n");
  append_delim(out);
  append_pkt(out, "");
  append_flush(out);
  BOOST_TEST(out == "0006a\n000100040000");
  out.clear();
  append_pkt(out, std::string(pkt_max - 4, 'x'));
  BOOST_TEST(out.substr(0, 4) == "fff0");
}

BOOST_AUTO_TEST_CASE(decodes_in_pieces_of_any_size) {
  const std::string stream = "0006a\n00010004fff0" + std::string(pkt_max - 4, 'x') + "00020000";
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{4096}, stream.size()}) {
    pkt_decoder decoder;
    std::string seen;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      decoder.feed(std::string_view{stream}.substr(at, step));
      for (;;) {
        const auto packet = decoder.next();
        BOOST_REQUIRE(packet);
        if (!packet.value())
          break;
        seen += std::to_string(static_cast<int>(packet.value()->type)) + ":"
                + std::to_string(packet.value()->payload.size()) + " ";
      }
    }
    BOOST_TEST(seen == "0:2 2:0 0:0 0:65516 3:0 1:0 ");
    BOOST_TEST(!decoder.has_rest());
  }
}

BOOST_AUTO_TEST_CASE(a_packet_that_comes_whole_is_not_copied) {
  const std::string first = "0006a\n0006b\n00", second = "06c\n0005d";
  pkt_decoder decoder;
  decoder.feed(first);
  BOOST_TEST(decoder.next().value()->payload.data() == first.data() + 4);
  BOOST_TEST(decoder.next().value()->payload.data() == first.data() + 10);
  BOOST_TEST(!decoder.next().value());
  decoder.feed(second);
  BOOST_TEST(decoder.next().value()->payload == "c\n");
  BOOST_TEST(decoder.next().value()->payload.data() == second.data() + 8);
  BOOST_TEST(!decoder.next().value());
}

BOOST_DATA_TEST_CASE(refuses_what_is_no_pkt_line,
                     bdata::make({"0003", "fff1", "ffff", "00g0", "<htm", "-001", "+001", " 001", "0x10"}), bytes) {
  pkt_decoder decoder;
  decoder.feed(bytes);
  const auto packet = decoder.next();
  BOOST_REQUIRE(!packet);
  BOOST_TEST(packet.error().code == EILSEQ);
}

BOOST_AUTO_TEST_CASE(survives_random_bytes) {
  std::mt19937 random{1};
  for (unsigned round = 0; round < rounds(2000); ++round) {
    pkt_decoder decoder;
    for (int piece = 0; piece < 5; ++piece) {
      std::string bytes(random() % 40, '\0');
      for (char& c : bytes)
        c = round % 2 == 0 ? static_cast<char>(random()) : "0123456789abcdef"[random() % 16];
      decoder.feed(bytes);
      for (;;) {
        const auto packet = decoder.next();
        if (!packet || !packet.value())
          break;
        BOOST_TEST(packet.value()->payload.size() <= pkt_max);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(strips_one_newline) {
  BOOST_TEST(pkt_text("a\n\n") == "a\n");
  BOOST_TEST(pkt_text("a") == "a");
  BOOST_TEST(pkt_text("") == "");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

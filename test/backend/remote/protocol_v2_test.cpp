#include "backend/remote/fetch_response.hpp"
#include "backend/remote/protocol_v2.hpp"
#include "test/support/outcome.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <random>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(protocol_v2)

namespace bdata = boost::unit_test::data;

namespace {

const std::string id_a(40, 'a'), id_b(40, 'b');

std::string lines(const std::vector<std::string>& texts, bool flush = true) {
  std::string out;
  for (const std::string& each : texts)
    each == "|" ? append_delim(out) : append_pkt(out, each);
  if (flush)
    append_flush(out);
  return out;
}

const std::string git_2_39 =
    lines({"version 2\n", "agent=git/2.39.5\n", "ls-refs=unborn\n", "fetch=shallow wait-for-done filter\n",
           "server-option\n", "object-format=sha1\n", "object-info\n"});
const std::string github = lines({"version 2\n", "agent=git/github-1\n", "ls-refs=unborn\n",
                                  "fetch=shallow wait-for-done filter\n", "server-option\n", "object-format=sha1\n"});

struct bad_advertisement {
  std::string body;
  int code;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const bad_advertisement& c) {
  return out << c.says;
}

const bad_advertisement bad_advertisements[] = {
    {lines({"# service=git-upload-pack\n"}) + lines({id_a + " HEAD" + std::string(1, '\0') + "multi_ack\n"}), ENOTSUP,
     "version 0 or 1"},
    {lines({"version 1\n", id_a + " HEAD\n"}), ENOTSUP, "version 0 or 1"},
    {id_a + "\trefs/heads/main\n", ENOTSUP, "dumb"},
    {"<!DOCTYPE html>", ENOTSUP, "dumb"},
    {lines({"version 2\n", "ls-refs\n", "fetch\n", "object-format=sha256\n"}), ENOTSUP,
     "SHA-256 repositories are not supported yet"},
    {lines({"version 2\n", "fetch\n"}), ENOTSUP, "ls-refs"},
    {lines({"version 2\n", "ls-refs\n", "fetch\n"}, false), EPROTO, "cut off"},
    {"", EPROTO, "cut off"},
    {git_2_39.substr(0, 30), EPROTO, "cut off"},
    {"0000", EIO, "malformed"},
    {lines({"hello\n"}), EIO, "not a git capability advertisement"},
    {lines({"ERR access denied by policy\n"}), EIO, "access denied by policy"},
};

std::string fetch_answer(const std::string& pack, std::size_t piece) {
  std::string out = lines({"shallow-info\n", "shallow " + id_a + "\n", "|", "packfile\n", "\002progress\n"}, false);
  for (std::size_t at = 0; at < pack.size(); at += piece)
    append_pkt(out, "\001" + pack.substr(at, piece));
  append_pkt(out, "\001"); // keep-alive
  append_flush(out);
  return out;
}

result<void> feed_all(const std::string& bytes) {
  fetch_response response{[](std::string_view) -> result<void> { return success(); }};
  return response.feed(bytes);
}

} // namespace

BOOST_AUTO_TEST_CASE(reads_what_a_server_can) {
  for (const std::string& preamble : {std::string{}, lines({"# service=git-upload-pack\n"})}) {
    const auto out = parse_capabilities(preamble + git_2_39);
    BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
    const capabilities& can = out.value();
    BOOST_TEST(can.agent == "git/2.39.5");
    BOOST_TEST(can.object_format == "sha1");
    BOOST_TEST((can.ls_refs && can.ls_refs_unborn && can.fetch && can.fetch_shallow && can.fetch_filter
                && can.fetch_wait_for_done && can.server_option && can.object_info));
  }
  const auto hub = parse_capabilities(github);
  BOOST_REQUIRE(hub);
  BOOST_TEST(!hub.value().object_info);
  const auto bare = parse_capabilities(lines({"version 2\n", "ls-refs\n", "fetch\n"}));
  BOOST_REQUIRE(bare);
  BOOST_TEST((!bare.value().fetch_filter && !bare.value().fetch_shallow && !bare.value().ls_refs_unborn));
}

BOOST_DATA_TEST_CASE(says_why_a_server_will_not_do, bdata::make(bad_advertisements), c) {
  const auto out = parse_capabilities(c.body);
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == c.code);
  BOOST_TEST(out.error().message.find(c.says) != std::string::npos, out.error().message);
}

BOOST_AUTO_TEST_CASE(sends_only_capabilities_that_the_server_has) {
  const auto can = parse_capabilities(git_2_39).value();
  const std::string prefixes[] = {"HEAD"};
  BOOST_TEST(compose_ls_refs(prefixes, nullptr)
             == lines({"command=ls-refs\n", "|", "peel\n", "symrefs\n", "ref-prefix HEAD\n"}));
  BOOST_TEST(compose_ls_refs(prefixes, &can)
             == lines({"command=ls-refs\n", "agent=git/gitfs-actor\n", "object-format=sha1\n", "|", "peel\n",
                       "symrefs\n", "unborn\n", "ref-prefix HEAD\n"}));
}

BOOST_AUTO_TEST_CASE(composes_fetch_and_object_info) {
  const capabilities can;
  const oid a = *oid::from_hex(id_a), b = *oid::from_hex(id_b);
  const auto fetch = [&](fetch_need need, const char* filter) {
    return compose_fetch({.wants = {a, b}, .need = need}, filter, can);
  };
  const std::vector<std::string> wants = {"want " + id_a + "\n", "want " + id_b + "\n", "done\n"};
  const auto expected = [&](std::vector<std::string> extra) {
    std::vector<std::string> all = {"command=fetch\n", "|", "no-progress\n", "ofs-delta\n"};
    all.insert(all.end(), extra.begin(), extra.end());
    all.insert(all.end(), wants.begin(), wants.end());
    return lines(all);
  };
  BOOST_TEST(fetch(fetch_need::blobs, "") == expected({}));
  BOOST_TEST(fetch(fetch_need::trees, "tree:0") == expected({"filter tree:0\n"}));
  BOOST_TEST(fetch(fetch_need::snapshot, "") == expected({"deepen 1\n"}));
  BOOST_TEST(fetch(fetch_need::commit, "tree:1") == expected({"deepen 1\n", "filter tree:1\n"}));
  BOOST_TEST(fetch(fetch_need::all_trees, "blob:none") == expected({"deepen 1\n", "filter blob:none\n"}));
  BOOST_TEST(compose_fetch({.wants = {a}, .need = fetch_need::commit, .haves = {b}}, "tree:1", can)
             == lines({"command=fetch\n", "|", "no-progress\n", "ofs-delta\n", "thin-pack\n", "shallow " + id_b + "\n",
                       "deepen 1\n", "filter tree:1\n", "want " + id_a + "\n", "have " + id_b + "\n", "done\n"}));
  BOOST_TEST(compose_fetch({.wants = {a}, .need = fetch_need::trees, .haves = {b}}, "tree:0", can)
             == compose_fetch({.wants = {a}, .need = fetch_need::trees}, "tree:0", can)); // of wanted objects alone
  const oid ids[] = {a, b};
  BOOST_TEST(compose_object_info(ids)
             == lines({"command=object-info\n", "|", "size\n", "oid " + id_a + "\n", "oid " + id_b + "\n"}));
}

BOOST_AUTO_TEST_CASE(reads_refs) {
  const std::string body =
      lines({id_a + " HEAD symref-target:refs/heads/main\n", id_b + " refs/tags/v1 peeled:" + id_a + "\n",
             "unborn refs/x symref-target:refs/heads/y\n"});
  for (const std::size_t step : {std::size_t{1}, body.size()}) {
    ls_refs_response response;
    for (std::size_t at = 0; at < body.size(); at += step)
      BOOST_REQUIRE(response.feed(body.substr(at, step)));
    BOOST_TEST(response.complete());
    BOOST_REQUIRE(response.refs().size() == 3);
    BOOST_TEST(response.refs()[0].name == "HEAD");
    BOOST_TEST(response.refs()[0].symref_target == "refs/heads/main");
    BOOST_TEST(response.refs()[1].id.hex() == id_b);
    BOOST_TEST(response.refs()[1].peeled.value().hex() == id_a);
    BOOST_TEST(response.refs()[2].unborn);
  }
}

BOOST_DATA_TEST_CASE(refuses_malformed_refs,
                     bdata::make({std::string{"abc refs/heads/x\n"}, id_a + "\n", id_a + " refs/tags/v peeled:12\n"}),
                     line) {
  ls_refs_response response;
  const auto out = response.feed(lines({line}));
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EIO);
}

BOOST_AUTO_TEST_CASE(reads_sizes_of_those_there_are) {
  object_info_response response;
  BOOST_REQUIRE(response.feed(lines({"size\n", id_a + " 12345678901\n", id_b + " \n"})));
  BOOST_TEST(response.complete());
  BOOST_REQUIRE(response.sizes().size() == 1);
  BOOST_TEST(response.sizes()[0].first.hex() == id_a);
  BOOST_TEST(response.sizes()[0].second == 12345678901u);
  for (const std::string& bad :
       {id_a + " 12x\n", id_a + " -1\n", id_a + " 99999999999999999999999\n", std::string{"x 1\n"}})
    BOOST_TEST(!object_info_response{}.feed(lines({"size\n", bad})), bad);
  BOOST_TEST(!object_info_response{}.feed(lines({"type\n"})));
}

BOOST_AUTO_TEST_CASE(gives_the_pack_in_pieces_of_any_size) {
  std::string pack;
  for (int i = 0; i < 3000; ++i)
    pack += static_cast<char>(i * 7);
  const std::string body = fetch_answer(pack, 1000);
  for (const std::size_t step : {std::size_t{1}, std::size_t{777}, body.size()}) {
    std::string seen;
    fetch_response response{[&](std::string_view bytes) -> result<void> {
      seen += bytes;
      return success();
    }};
    for (std::size_t at = 0; at < body.size(); at += step) {
      BOOST_TEST(!response.complete());
      BOOST_REQUIRE(response.feed(std::string_view{body}.substr(at, step)));
    }
    BOOST_TEST(response.complete());
    BOOST_TEST((seen == pack));
  }
}

BOOST_AUTO_TEST_CASE(every_cut_is_incomplete_but_no_error) {
  const std::string body = fetch_answer("PACK and more", 5);
  for (std::size_t length = 0; length < body.size(); ++length) {
    fetch_response response{[](std::string_view) -> result<void> { return success(); }};
    BOOST_REQUIRE(response.feed(body.substr(0, length)));
    BOOST_TEST(!response.complete());
  }
}

BOOST_AUTO_TEST_CASE(passes_on_what_the_server_says) {
  const auto band_3 = feed_all(lines({"packfile\n", "\003fatal: out of \033[1mmemory\n"}));
  BOOST_REQUIRE(!band_3);
  BOOST_TEST(band_3.error().code == EIO);
  BOOST_TEST(band_3.error().message == "the server says: fatal: out of  [1mmemory");
  for (const auto& section : {std::vector<std::string>{}, {"shallow-info\n"}, {"packfile\n"}}) {
    auto all = section;
    all.push_back("ERR upload-pack: not our ref " + id_b);
    const auto not_ours = feed_all(lines(all));
    BOOST_REQUIRE(!not_ours);
    BOOST_TEST(not_ours.error().code == ENOENT);
    BOOST_TEST(not_ours.error().message.find(id_b) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(refuses_malformed_fetch_answers) {
  for (const std::string& body :
       {std::string{"0000"}, lines({"shallow-info\n"}), lines({"surprise\n"}), lines({"packfile\n", "\004x"}),
        lines({"packfile\n", ""}), lines({"packfile\n", "|"}), lines({"packfile\n"}) + lines({"more"})}) {
    const auto out = feed_all(body);
    BOOST_REQUIRE_MESSAGE(!out, body);
    BOOST_TEST(out.error().code == EIO);
  }
  BOOST_TEST(bool(feed_all(lines({"packfile\n"}) + "0002")));
}

BOOST_AUTO_TEST_CASE(an_error_of_the_receiver_ends_the_parse) {
  int calls = 0;
  fetch_response response{[&](std::string_view) -> result<void> {
    ++calls;
    return fail(ENOSPC, "full");
  }};
  const auto out = response.feed(fetch_answer("0123456789", 2));
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == ENOSPC);
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(survives_damaged_answers) {
  std::mt19937 random{7};
  const std::string bodies[] = {fetch_answer("PACK 0123456789", 4), git_2_39,
                                lines({id_a + " HEAD symref-target:refs/heads/main\n"}),
                                lines({"size\n", id_a + " 12\n"})};
  for (unsigned round = 0; round < rounds(4000); ++round) {
    std::string body = bodies[static_cast<std::size_t>(round) % std::size(bodies)];
    for (unsigned i = 0; i < 1 + random() % 3; ++i)
      body[random() % body.size()] = static_cast<char>(random());
    // whatever comes out, nothing may crash or read beyond its bytes (sanitizers tell)
    (void)feed_all(body);
    (void)parse_capabilities(body);
    (void)ls_refs_response{}.feed(body);
    (void)object_info_response{}.feed(body);
  }
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

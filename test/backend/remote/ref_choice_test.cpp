#include "backend/remote/ref_choice.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(ref_choice)

namespace bdata = boost::unit_test::data;

namespace {

oid id(char digit) {
  return *oid::from_hex(std::string(40, digit));
}

advertised_ref ref(std::string name, char digit) {
  advertised_ref out;
  out.name = std::move(name);
  out.id = id(digit);
  return out;
}

std::vector<advertised_ref> server() {
  std::vector<advertised_ref> out = {ref("HEAD", '1'),
                                     ref("refs/heads/main", '1'),
                                     ref("refs/heads/both", '2'),
                                     ref("refs/tags/both", '3'),
                                     ref("refs/tags/v1.0", '4'),
                                     ref("refs/heads/feature/x", '6'),
                                     ref("refs/tags/feature", '7')};
  out[0].symref_target = "refs/heads/main";
  out[4].peeled = id('5');
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(chooses_as_git_does) {
  const auto refs = server();
  const struct {
    const char *given, *name;
    char commit;
  } cases[] = {{"", "refs/heads/main", '1'},           {"HEAD", "refs/heads/main", '1'},
               {"main", "refs/heads/main", '1'},       {"both", "refs/heads/both", '2'},
               {"tags/both", "refs/tags/both", '3'},   {"refs/tags/both", "refs/tags/both", '3'},
               {"heads/both", "refs/heads/both", '2'}, {"refs/heads/both", "refs/heads/both", '2'},
               {"v1.0", "refs/tags/v1.0", '5'},        {"feature/x", "refs/heads/feature/x", '6'}};
  for (const auto& c : cases) {
    const auto out = choose_ref(c.given, refs);
    BOOST_REQUIRE_MESSAGE(out.has_value(), c.given);
    BOOST_TEST(out->name == c.name);
    BOOST_TEST(out->commit.hex() == id(c.commit).hex());
  }
  BOOST_TEST(!choose_ref("feat", refs).has_value());
}

BOOST_AUTO_TEST_CASE(of_a_branch_and_a_tag_the_passed_over_one_is_told) {
  const auto refs = server();
  BOOST_TEST(choose_ref("both", refs)->namesake == "refs/tags/both");
  for (const char* given : {"main", "heads/both", "tags/both", "refs/heads/both", "refs/tags/both", "v1.0", ""})
    BOOST_TEST(choose_ref(given, refs)->namesake == "", given);
}

// Counted, not timed: 4 times as many refs take 4 times as many steps.
BOOST_AUTO_TEST_CASE(the_work_for_a_missing_name_grows_with_the_refs_alone) {
  const auto steps_of = [](std::size_t count, const std::string& name) {
    std::vector<advertised_ref> refs;
    for (std::size_t i = 0; i < count; ++i)
      refs.push_back(ref("refs/heads/feature/topic-" + std::to_string(1'000'000 + i), '1'));
    std::size_t steps = 0;
    const error out = no_such_ref(name, refs, &steps);
    BOOST_TEST(out.code == ENOENT);
    return steps;
  };
  for (const char* name :
       {"feature", "feature/topic-10000000", "featrue/topic-1000001", "mian", "zzzzzzzzzzzzzzzzzzzzzz"}) {
    const std::size_t few = steps_of(1'000, name), many = steps_of(4'000, name);
    BOOST_TEST(few <= 1'000U * 500U, name << ": " << few);
    BOOST_TEST(many <= few * 9 / 2, name << ": " << few << " and " << many);
  }
}

BOOST_AUTO_TEST_CASE(of_many_near_names_the_nearest_are_told) {
  std::vector<advertised_ref> refs;
  for (int i = 0; i < 50'000; ++i)
    refs.push_back(ref("refs/heads/release-" + std::to_string(10'000 + i), '1'));
  refs.push_back(ref("refs/tags/release-10000", '1')); // of one name two refs
  const error out = no_such_ref("release", refs);
  BOOST_TEST(
      out.message.find("did you mean: release-10000, release-10001, release-10002, release-10003, release-10004, "
                       "… (50000 in all)?")
          != std::string::npos,
      out.message);
  BOOST_TEST(no_such_ref("relaese-59999", refs).message.find("did you mean: release-59999, ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_detached_head_is_called_head) {
  const advertised_ref refs[] = {ref("HEAD", '9')};
  BOOST_TEST(choose_ref("", refs)->name == "HEAD");
}

BOOST_AUTO_TEST_CASE(an_unborn_head_is_no_commit) {
  advertised_ref head = ref("HEAD", '0');
  head.unborn = true;
  head.symref_target = "refs/heads/main";
  const advertised_ref refs[] = {head};
  BOOST_TEST(!choose_ref("", refs).has_value());
  BOOST_TEST(no_such_ref("", refs).message.find("empty") != std::string::npos);
}

BOOST_DATA_TEST_CASE(refuses_what_is_not_a_name,
                     bdata::make({"main~3", "HEAD^", "a..b", "main@{1}", "a b", "a\nb", ":/fix", "-x", "main:path",
                                  "@"}),
                     name) {
  const auto out = check_ref_name(name);
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EINVAL);
}

BOOST_AUTO_TEST_CASE(explains_a_missing_ref) {
  const auto says = [](const std::string& name, const std::string& part, int code = ENOENT) {
    const error out = no_such_ref(name, server());
    BOOST_TEST(out.code == code);
    BOOST_TEST(out.message.find(part) != std::string::npos, out.message);
  };
  says("mian", "did you mean: main?");
  says("v1", "v1.0");
  says("refs/heads/mein", "main");
  says("zzzzzz", "its branches are: main, both, feature/x");
  says("abcdef1", "give all 40 digits", EINVAL);
  says("abcdef", "7 digits are the least", EINVAL);
}

BOOST_AUTO_TEST_CASE(takes_the_beginning_of_a_commit_that_is_listed) {
  std::vector<advertised_ref> refs{ref("refs/heads/a", '1'), ref("refs/heads/b", '1'), ref("refs/heads/c", 'a')};
  const auto chosen = [&](const std::string& name) { return choose_listed_commit(name, refs); };
  const auto one = chosen("1111111");
  BOOST_REQUIRE((one && one.value()));
  BOOST_TEST(one.value()->commit.hex() == id('1').hex());
  BOOST_TEST(one.value()->name == "");
  BOOST_TEST((chosen("AAAAAAAA").value()->commit == id('a')));
  BOOST_TEST(!chosen("111111").value());  // too short
  BOOST_TEST(!chosen("2222222").value()); // unknown
  BOOST_TEST(!chosen("main").value());
  std::string other = id('1').hex();
  other.back() = '2';
  refs.push_back(ref("refs/tags/t", '3'));
  refs.back().peeled = oid::from_hex(other); // a tag counts as the commit that it names
  const auto several = chosen("1111111");
  BOOST_REQUIRE(!several);
  BOOST_TEST(several.error().code == EINVAL);
  BOOST_TEST(several.error().message.find(other) != std::string::npos, several.error().message);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

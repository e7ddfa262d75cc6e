// Files that are named by path and pattern: what is found, and in how many rounds of missing trees.
#include "actors/fetch/path_selection.hpp"
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

namespace gitfs::test {

namespace path_selection {

namespace {

using selection = gitfs::path_selection;
using outcome = selection::outcome;

// a/{x.c,.hidden.c,sub/{y.c,z.h}}, b/{x.c,link}, [id].js, top.c, away -> a
struct selection_fixture {
  memory_db db;
  const oid yc = db.blob("y"), xc = db.blob("x"), other = db.blob("o"), hidden = db.blob("h"), zh = db.blob("z");
  const oid id = db.blob("i"), top = db.blob("t"), link = db.blob("a");
  const oid sub = db.tree({{"y.c", entry_kind::file, yc}, {"z.h", entry_kind::file, zh}});
  const oid a = db.tree({{".hidden.c", entry_kind::file, hidden},
                         {"sub", entry_kind::directory, sub},
                         {"x.c", entry_kind::executable, xc}});
  const oid b = db.tree({{"link", entry_kind::symlink, link}, {"x.c", entry_kind::file, other}});
  const oid root = db.tree({{"[id].js", entry_kind::file, id},
                            {"a", entry_kind::directory, a},
                            {"away", entry_kind::symlink, link},
                            {"b", entry_kind::directory, b},
                            {"top.c", entry_kind::file, top}});
  std::size_t rounds = 0;

  // Shows what is missing, a level after the other.
  selection find(std::vector<std::string> paths) {
    selection out{root, std::move(paths)};
    for (rounds = 0;; ++rounds) {
      while (out.step(db, 1)) {
      }
      const auto missing = out.missing();
      if (missing.empty())
        return out;
      for (const oid& each : missing)
        db.show(each);
      out.came(0);
    }
  }
  static std::multiset<oid> files(const selection& of) {
    std::multiset<oid> out;
    for (const auto& [id, path] : of.files())
      out.insert(id);
    return out;
  }
};

} // namespace

} // namespace path_selection

BOOST_FIXTURE_TEST_SUITE(path_selection, path_selection::selection_fixture)

using path_selection::outcome;
using ids = std::multiset<oid>;

BOOST_AUTO_TEST_CASE(a_round_for_each_level) {
  for (const oid& each : {a, b, sub})
    db.hide(each);
  const auto found = find({"a/sub/y.c", "a/sub/z.h", "b/x.c", "a/x.c", "top.c"});
  BOOST_TEST(rounds == 2U); // a and b, then sub
  BOOST_TEST((files(found) == ids{yc, zh, other, xc, top}));
}

BOOST_AUTO_TEST_CASE(patterns_are_those_of_git) {
  BOOST_TEST((files(find({"*/x.c"})) == ids{xc, other}));
  BOOST_TEST((files(find({"**/*.c"})) == ids{xc, hidden, yc, other, top}));
  BOOST_TEST((files(find({"a/**"})) == ids{xc, hidden, yc, zh}));
  BOOST_TEST((files(find({"a/**/y.c"})) == ids{yc}));
  BOOST_TEST((files(find({"a/*.c", "a/x.?"})) == ids{xc, hidden})); // each once
  BOOST_TEST((files(find({"[a]/x.c"})) == ids{xc}));
  BOOST_TEST((files(find({"[id].js"})) == ids{id})); // there is one that is called so
  BOOST_TEST((files(find({"s*"})) == ids{}));
  BOOST_TEST((files(find({"a/s*"})) == ids{yc, zh})); // all that is below a folder
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_told_apart) {
  const auto found = find({"a", "", "a/no", "no/x", "top.c/x", "away/x.c", "b/link", "*.none", "a/x.c"});
  const std::vector<outcome> expected{outcome::folder, outcome::folder, outcome::absent,
                                      outcome::absent, outcome::failed, outcome::link,
                                      outcome::link,   outcome::absent, outcome::file};
  for (std::size_t i = 0; i < expected.size(); ++i)
    BOOST_TEST((found.outcome_of(i) == expected[i]), i);
  BOOST_TEST(found.code_of(4) == ENOTDIR);
  BOOST_TEST(found.files().empty()); // a/x.c comes with a
}

BOOST_AUTO_TEST_CASE(a_tree_that_never_comes_fails_what_is_below_it) {
  db.hide(a);
  gitfs::path_selection found{root, {"a/x.c", "b/x.c"}};
  while (found.step(db, 1)) {
  }
  BOOST_TEST((found.missing() == std::vector<oid>{a}));
  found.came(EHOSTDOWN);
  while (found.step(db, 1)) {
  }
  BOOST_TEST(found.missing().empty());
  BOOST_TEST(found.code_of(0) == EHOSTDOWN);
  BOOST_TEST((files(found) == ids{other}));
}

BOOST_AUTO_TEST_CASE(a_tree_that_holds_itself_many_times_ends) {
  oid at = sub;
  for (int level = 0; level < 40; ++level) { // 2^40 folders
    std::vector<memory_db::entry> both{{"l", entry_kind::directory, at}, {"r", entry_kind::directory, at}};
    at = db.tree(both);
  }
  gitfs::path_selection found{at, {"**/y.c", "**"}};
  std::size_t steps = 0;
  while (found.step(db, 1))
    ++steps;
  BOOST_TEST(steps < 1000U);
  BOOST_TEST(!found.files().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

#include "backend/git/commit.hpp"
#include "backend/git/tree.hpp"
#include "backend/store/local_repository.hpp"
#include "test/support/command.hpp"
#include "test/support/environment.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gitfs::test {

namespace local_repository {

using gitfs::test::as_root;
using gitfs::test::must_run;
using gitfs::test::temp_dir;

namespace {

oid id_of(const std::string& hex) {
  const auto id = oid::from_hex(hex);
  BOOST_REQUIRE_MESSAGE(id, "not an object id: " << hex);
  return *id;
}

bool git_is_at_least(int major, int minor) {
  const std::string version = must_run("git --version | grep -oE '[0-9]+[.][0-9]+' | head -n 1");
  const std::size_t dot = version.find('.');
  return std::pair{std::stoi(version), std::stoi(version.substr(dot + 1))} >= std::pair{major, minor};
}

/// A work tree "repo" with two commits, a branch and two kinds of tag.
struct fixture {
  temp_dir dir;

  fixture() {
    must_run("git init -q -b main repo && cd repo && echo one > file && mkdir sub && echo two > sub/deep && git add . "
             "&& git commit -qm first && git tag light && git tag -a -m t annotated && git branch side "
             "&& echo three > file && git commit -qam second && git update-ref refs/remotes/origin/far HEAD~1",
             dir.path());
  }

  std::string git(const std::string& arguments) { return must_run("git -C repo " + arguments, dir.path()); }

  std::shared_ptr<gitfs::local_repository> open(const std::string& name = "repo") {
    auto out = gitfs::local_repository::open(dir / name);
    if (!out)
      BOOST_FAIL("not opened: " << out.error().message);
    return out.value();
  }

  resolved_ref resolved(const std::string& ref) {
    auto out = open()->resolve(ref);
    if (!out)
      BOOST_FAIL("not resolved: " << out.error().message);
    return out.value();
  }

  error open_error(const std::string& name) {
    auto out = gitfs::local_repository::open(dir / name);
    BOOST_REQUIRE(!out);
    return out.error();
  }

  std::string text(gitfs::local_repository& repository, const std::string& revision) {
    auto out = repository.read(id_of(git("rev-parse " + revision)));
    if (!out)
      BOOST_FAIL("not read: " << out.error().message);
    return std::string{out.value().data()};
  }
};

} // namespace

} // namespace local_repository

BOOST_FIXTURE_TEST_SUITE(local_repository, local_repository::fixture)

BOOST_AUTO_TEST_CASE(refs_of_every_kind) {
  const std::string first = git("rev-parse HEAD~1"), second = git("rev-parse HEAD");
  struct row {
    std::string ref, commit, name;
  };
  for (const row& r :
       {row{"", second, "refs/heads/main"}, row{"HEAD", second, "refs/heads/main"},
        row{"main", second, "refs/heads/main"}, row{"side", first, "refs/heads/side"},
        row{"light", first, "refs/tags/light"}, row{"annotated", first, "refs/tags/annotated"},
        row{"refs/tags/annotated", first, "refs/tags/annotated"}, row{"origin/far", first, "refs/remotes/origin/far"},
        row{"HEAD~1", first, ""}, row{"annotated^{commit}", first, ""}, row{second, second, ""},
        row{second.substr(0, 12), second, ""}}) {
    const resolved_ref out = resolved(r.ref);
    BOOST_TEST(out.commit.hex() == r.commit, "wrong commit for '" << r.ref << "'");
    BOOST_TEST(out.name == r.name);
  }
  git("checkout -q --detach HEAD~1");
  BOOST_TEST(resolved("").name == "HEAD");
  BOOST_TEST(resolved("").commit.hex() == first);
}

BOOST_AUTO_TEST_CASE(refs_that_are_none) {
  BOOST_TEST(open()->resolve("nonesuch").error().code == ENOENT);
  BOOST_TEST(open()->resolve(std::string(40, 'd')).error().code == ENOENT);
  BOOST_TEST(open()->resolve("HEAD:file").error().code == EINVAL);
  BOOST_TEST(open()->resolve("HEAD^{nonsense").error().code == EINVAL);
}

BOOST_AUTO_TEST_CASE(a_branch_comes_before_a_tag_of_its_name) {
  git("tag main HEAD~1");
  git("branch light HEAD");
  const std::string first = git("rev-parse HEAD~1"), second = git("rev-parse HEAD");
  BOOST_TEST(resolved("main").commit.hex() == second);
  BOOST_TEST(resolved("main").name == "refs/heads/main");
  BOOST_TEST(resolved("main").namesake == "refs/tags/main");
  BOOST_TEST(resolved("refs/tags/main").commit.hex() == first);
  BOOST_TEST(resolved("tags/light").commit.hex() == first);
  BOOST_TEST(resolved("side").namesake == "");
  BOOST_TEST(resolved("light~0").commit.hex() == git("rev-parse light~0 2>/dev/null")); // there git takes the tag
}

BOOST_AUTO_TEST_CASE(commits_that_libgit2_refuses) {
  const std::string tree = git("rev-parse HEAD^{tree}"), parent = git("rev-parse HEAD");
  const std::string person = "A <a@b> 1 +0000", late = "A <a@b> 18446744073709548016 +0100";
  const std::string begin = "tree " + tree + "\nparent " + parent + "\n";
  const std::vector<std::string> commits{begin + "author " + late + "\ncommitter " + person + "\n\nm\n",
                                         begin + "author " + person + "\ncommitter " + late + "\n\nm\n",
                                         begin + "author " + person + "\n\nm\n",
                                         begin + "committer " + person + "\n\nm\n",
                                         begin + "\nm\n",
                                         begin + "author \ncommitter \n\nm\n",
                                         begin + "author\ncommitter\n",
                                         "tree " + tree + "\ntree " + tree + "\nauthor " + person + "\ncommitter "
                                             + person + "\n\nm\n"};
  for (std::size_t i = 0; i < commits.size(); ++i) {
    std::ofstream{dir / "raw", std::ios::binary} << commits[i];
    const std::string id = must_run("git -C repo hash-object -t commit --literally -w --stdin < raw", dir.path());
    git("update-ref refs/heads/odd " + id);
    std::ofstream{dir / "raw", std::ios::binary} << "object " + id + "\ntype commit\ntag odd\n\nno tagger\n";
    git("update-ref refs/tags/odd-tag "
        + must_run("git -C repo hash-object -t tag --literally -w --stdin < raw", dir.path()));
    for (const std::string& name : {std::string{"odd"}, id, id.substr(0, 12), std::string{"odd-tag"},
                                    std::string{"odd^{commit}"}, std::string{"odd^0"}}) {
      const auto out = open()->resolve(name);
      BOOST_REQUIRE_MESSAGE(out, "commit " << i << " by " << name << ": " << reason_of(out));
      BOOST_TEST(out.value().commit.hex() == id);
      const auto parsed = parse_commit(open()->read(out.value().commit).value().data());
      BOOST_TEST(parsed.value().tree.hex() == tree);
    }
    if (commits[i].starts_with(begin))
      BOOST_TEST(resolved("odd~1").commit.hex() == parent);
  }
  // On the current branch, as git up to 2.45 wrote one for --date='1970-01-01T00:00:00+0100'.
  std::ofstream{dir / "raw", std::ios::binary} << commits.front();
  git("update-ref HEAD " + must_run("git -C repo hash-object -t commit --literally -w --stdin < raw", dir.path()));
  BOOST_TEST(resolved("").commit.hex() == git("rev-parse HEAD"));
  BOOST_TEST(resolved("HEAD~1").commit.hex() == parent);
}

BOOST_AUTO_TEST_CASE(expressions_are_gits) {
  must_run("git checkout -q -b topic HEAD~1 && echo t > t && git add t && git commit -qm t && git checkout -q main && "
           "git merge "
           "-q -m merged topic",
           dir / "repo");
  for (const char* name : {"HEAD^2", "HEAD^2~1", "HEAD~2", "main^1^1", "main^^", "main~", "annotated^{}^{commit}",
                           "HEAD^0", "main^2^{commit}~1", "HEAD~0"})
    BOOST_TEST(resolved(name).commit.hex() == git(std::string{"rev-parse "} + name), name);
  for (const char* name : {"HEAD^3", "HEAD~9", "HEAD~99999999999"})
    BOOST_TEST(!open()->resolve(name).has_value(), name);
}

BOOST_AUTO_TEST_CASE(objects_loose_and_packed) {
  for (const bool packed : {false, true}) {
    if (packed)
      git("gc -q --prune=now");
    auto repository = open();
    BOOST_TEST(text(*repository, "HEAD:file") == "three\n");
    const oid commit = resolved("").commit, tree = parse_commit(repository->read(commit).value().data()).value().tree;
    const parsed_tree root = parse_tree(repository->read(tree).value().data()).value();
    BOOST_REQUIRE(root.entries.size() == 2u);
    BOOST_TEST(root.entries[1].name == "sub");
    const oid none = id_of(std::string(40, 'd'));
    const std::vector<oid> ids{root.entries[0].id, none};
    std::vector<std::uint64_t> sizes(2);
    repository->sizes(ids, sizes);
    BOOST_TEST(sizes[0] == 6u);
    BOOST_TEST(sizes[1] == unknown_size);
    BOOST_TEST(repository->contains(root.entries[0].id));
    BOOST_TEST(!repository->contains(none));
    BOOST_TEST(repository->read(none).error().code == ENOENT);
  }
}

BOOST_AUTO_TEST_CASE(repositories_of_every_shape) {
  must_run("git clone -q --bare repo bare.git && git clone -q --shared repo shared && git -C repo worktree add -q "
           "../linked side "
           "&& git -c protocol.file.allow=always -C shared submodule --quiet add ../repo inner",
           dir.path());
  for (const char* name : {"bare.git", "shared", "linked", "repo/.git", "shared/inner"}) {
    auto repository = open(name);
    BOOST_TEST(text(*repository, "HEAD:sub/deep") == "two\n", "in " << name);
  }
  BOOST_TEST(open("linked")->resolve("").value().name == "refs/heads/side");
}

BOOST_AUTO_TEST_CASE(a_repack_beside_it) {
  auto repository = open();
  const std::string blob = git("rev-parse HEAD:file");
  BOOST_TEST(repository->read(id_of(blob)).has_value());
  git("gc -q --prune=now");
  BOOST_TEST(text(*repository, "HEAD:file") == "three\n");
  must_run("echo four > file && git commit -qam third && git repack -qad", dir / "repo");
  BOOST_TEST(text(*repository, "HEAD:file") == "four\n");
  BOOST_TEST(text(*repository, "HEAD:sub/deep") == "two\n");
}

BOOST_AUTO_TEST_CASE(what_is_no_repository) {
  must_run(
      "mkdir plain; echo x > plain/f; touch file; git init -q -b main empty; git init -q --object-format=sha256 sha256",
      dir.path());
  BOOST_TEST(open_error("nowhere").code == ENOENT);
  BOOST_TEST(open_error("plain").code == EINVAL);
  BOOST_TEST(open_error("repo/sub").code == EINVAL); // parents are not searched
  BOOST_TEST(open_error("sha256").code == ENOTSUP);
  BOOST_TEST(open_error("sha256").message.find("SHA-1") != std::string::npos, open_error("sha256").message);
  must_run("cd sha256 && mkdir plain && git commit -q --allow-empty -m x && git worktree add -q ../linked256 && git "
           "clone -q --bare . "
           "../bare256",
           dir.path());
  for (const char* name : {"sha256/.git", "linked256", "bare256"}) {
    BOOST_TEST(open_error(name).code == ENOTSUP, name);
    BOOST_TEST(open_error(name).message.find("SHA-1") != std::string::npos, open_error(name).message);
  }
  BOOST_TEST(open_error("sha256/plain").code == EINVAL);
  const auto empty = open("empty")->resolve("");
  BOOST_REQUIRE(!empty);
  BOOST_TEST(empty.error().code == ENOENT);
  BOOST_TEST(empty.error().message.find("no commit") != std::string::npos, empty.error().message);
}

// git 2.39 does not know all of them, so it is asked before.
BOOST_AUTO_TEST_CASE(formats_that_do_not_matter_to_a_reader) {
  const oid file = id_of(git("rev-parse HEAD:file"));
  git("config core.repositoryFormatVersion 1");
  git("config extensions.partialClone origin");
  git("config extensions.worktreeConfig true");
  BOOST_TEST(text(*open(), "HEAD:file") == "three\n");
  for (const char* harmless : {"noop-v1 true", "noop true", "relativeWorktrees true", "preciousObjects true",
                               "refStorage files", "objectFormat sha1"}) {
    must_run("git config --file repo/.git/config extensions." + std::string{harmless}, dir.path());
    const auto read = open()->read(file);
    BOOST_TEST((read && read.value().data() == "three\n"), harmless);
  }
  must_run("git config --file repo/.git/config extensions.refStorage reftable", dir.path());
  BOOST_TEST(open_error("repo").code == ENOTSUP);
  BOOST_TEST(open_error("repo").message.find("reftable") != std::string::npos, open_error("repo").message);
  must_run("git config --file repo/.git/config extensions.refStorage files && "
           "git config --file repo/.git/config extensions.nobodyKnows true",
           dir.path());
  BOOST_TEST(open_error("repo").code == ENOTSUP);
}

BOOST_AUTO_TEST_CASE(linked_worktrees_by_relative_paths) {
  const oid deep = id_of(git("rev-parse side:sub/deep"));
  git("worktree add -q ../linked side");
  must_run("echo 'gitdir: ../repo/.git/worktrees/linked' >linked/.git && "
           "echo ../../../../linked/.git >repo/.git/worktrees/linked/gitdir",
           dir.path());
  git("config core.repositoryFormatVersion 1");
  git("config extensions.relativeWorktrees true");
  BOOST_TEST(open("linked")->read(deep).value().data() == "two\n");
  BOOST_TEST(open("linked")->resolve("").value().name == "refs/heads/side");
}

BOOST_AUTO_TEST_CASE(a_repository_of_someone_else) {
  must_run(as_root("chown -R 12345 repo"), dir.path());
  const error refused = open_error("repo");
  must_run(as_root("chown -R " + std::to_string(::geteuid()) + " repo"), dir.path()); // so that it can be removed
  BOOST_TEST(refused.code == EACCES);
  BOOST_TEST(refused.message.find("safe.directory") != std::string::npos, refused.message);
}

// Held to what git does of the same repository and configuration.
BOOST_AUTO_TEST_CASE(a_repository_of_someone_else_is_trusted_as_git_trusts_it) {
  const std::string path = (dir / "repo").string();
  const scoped_env global{"GIT_CONFIG_GLOBAL", (dir / "config").c_str()}, system{"GIT_CONFIG_SYSTEM", "/dev/null"};
  const scoped_env sudo{"SUDO_UID", nullptr};
  const auto git_takes = [&](const std::string& more) {
    return run("export GIT_CONFIG_GLOBAL=" + (dir / "config").string() + "; " + more + "git -C repo rev-parse HEAD",
               dir.path())
               .status
           == 0;
  };
  const auto we_take = [&] { return gitfs::local_repository::open(path).has_value(); };
  must_run(as_root("chown -R 12345 repo"), dir.path());
  must_run("ln -s repo link", dir.path());
  const bool normalizes = git_is_at_least(2, 47); // older gits compare entries as text
  struct row {
    std::string value;
    bool taken, normalized = false;
  };
  for (const row& r :
       {row{"*", true}, row{path, true}, row{(dir / "other").string(), false}, row{path + "/.git/x", false},
        row{"repo", false}, row{path + "x", false}, row{"/nothing/there/../*", false}, row{path + "/", true, true},
        row{(dir / ".." / dir.path().filename() / "repo").string(), true, true},
        row{(dir / "link").string(), true, true}, row{(dir / "*").string(), true, true},
        row{(dir / "repo/../*").string(), true, true}, row{"/*", true, true}}) {
    std::ofstream{dir / "config"} << "[safe]\n\tdirectory = " + r.value + "\n";
    BOOST_TEST(we_take() == r.taken, r.value);
    if (normalizes || !r.normalized)
      BOOST_TEST(git_takes("") == r.taken, r.value);
  }
  for (const char* values : {"\tdirectory = *\n\tdirectory =\n", "\tdirectory =\n\tdirectory = *\n"}) {
    std::ofstream{dir / "config"} << "[safe]\n" << values;
    BOOST_TEST(we_take() == git_takes(""), values);
  }
  {
    std::ofstream{dir / "config"} << "[safe]\n\tdirectory = .\n";
    BOOST_TEST(!we_take());
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(path);
    BOOST_TEST(we_take());
    std::filesystem::current_path(before);
    BOOST_TEST((git_takes("") || !normalizes)); // which -C takes there
  }
  std::ofstream{dir / "config"} << "";
  {
    const scoped_env count{"GIT_CONFIG_COUNT", "1"}, key{"GIT_CONFIG_KEY_0", "safe.directory"};
    const scoped_env value{"GIT_CONFIG_VALUE_0", "*"};
    BOOST_TEST(we_take());
    BOOST_TEST(git_takes(""));
  }
  BOOST_TEST(!we_take());
  if (::geteuid() == 0) {
    const scoped_env caller{"SUDO_UID", "12345"};
    BOOST_TEST(we_take() == git_takes(""));
    BOOST_TEST(we_take());
  }
  // One of the parts is enough.
  for (const char* part : {"repo", "repo/.git"}) {
    must_run(as_root("chown -R " + std::to_string(::geteuid()) + " repo && chown 12345 " + part), dir.path());
    BOOST_TEST(!we_take(), part);
    BOOST_TEST(!git_takes(""), part);
  }
  must_run(as_root("chown -R " + std::to_string(::geteuid()) + " repo"), dir.path()); // so that it can be removed
  BOOST_TEST(we_take());
}

BOOST_AUTO_TEST_CASE(errors_name_the_repository_and_what_is_lost) {
  must_run("git clone -q --shared repo shared", dir.path());
  auto shared = open("shared");
  const oid blob = id_of(git("rev-parse HEAD:file"));
  BOOST_TEST(shared->read(blob).has_value());
  must_run("mv repo elsewhere", dir.path());
  const error lost = open("shared")->read(blob).error();
  BOOST_TEST(lost.code == ENOENT);
  BOOST_TEST(lost.message.find((dir / "repo").string()) != std::string::npos, lost.message);
  BOOST_TEST(lost.message.find((dir / "shared").string()) != std::string::npos, lost.message);
  const error unresolved = open("shared")->resolve("").error();
  BOOST_TEST(unresolved.message.find((dir / "repo").string()) != std::string::npos, unresolved.message);
  must_run("mv elsewhere repo", dir.path());
}

BOOST_AUTO_TEST_CASE(more_packs_than_descriptors) {
  must_run("git config gc.auto 0; for i in $(seq 80); do echo $i >many$i; git add . && git commit -qm $i && git repack "
           "-dq; done",
           dir / "repo");
  BOOST_TEST(std::stoi(git("count-objects -v | sed -n 's/packs: //p'")) >= 80);
  std::vector<oid> ids;
  for (int i = 1; i <= 80; ++i)
    ids.push_back(id_of(git("rev-parse HEAD:many" + std::to_string(i))));
  std::size_t open_now = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"})
    open_now += entry.path().empty() ? 0 : 1;
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{open_now + 12, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  std::string failure;
  {
    auto opened = gitfs::local_repository::open(dir / "repo");
    for (int round = 0; opened && round < 2; ++round)
      for (const oid& id : ids)
        if (const auto out = opened.value()->read(id); !out)
          failure = out.error().message;
    failure = opened ? failure : opened.error().message;
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  BOOST_TEST(failure == "");
}

BOOST_AUTO_TEST_CASE(a_damaged_object_is_not_shown) {
  const std::string blob = git("rev-parse HEAD:file"), other = git("rev-parse HEAD:sub/deep");
  const std::string objects = ".git/objects/";
  const auto path = [&](const std::string& hex) { return objects + hex.substr(0, 2) + "/" + hex.substr(2); };
  must_run("chmod u+w " + path(blob) + " && cp " + path(other) + " " + path(blob), dir / "repo");
  BOOST_TEST(open()->read(id_of(blob)).error().code == ENOENT);
  BOOST_TEST(open()->read(id_of(other)).has_value());
}

BOOST_AUTO_TEST_CASE(a_tree_that_git_would_not_write) {
  const std::string blob = git("rev-parse HEAD:file");
  std::ofstream raw{dir / "raw", std::ios::binary};
  const oid id = id_of(blob);
  for (const char* name : {"..", ".git", "a/b", "fine", "fine"})
    raw << "100644 " << name << '\0' << std::string(id.bytes.begin(), id.bytes.end());
  raw.close();
  const std::string hex = must_run("git -C repo hash-object -t tree --literally -w --stdin < raw", dir.path());
  auto repository = open();
  const parsed_tree parsed = parse_tree(repository->read(id_of(hex)).value().data()).value();
  BOOST_REQUIRE(parsed.entries.size() == 1u);
  BOOST_TEST(parsed.entries[0].name == "fine");
  BOOST_TEST(parsed.hidden == 4u);
}

BOOST_AUTO_TEST_CASE(many_threads_read_while_it_is_repacked) {
  must_run("for i in $(seq 200); do echo $i > f$i; done; git add . && git commit -qm many", dir / "repo");
  auto repository = open();
  std::vector<oid> ids;
  for (int i = 1; i <= 200; ++i)
    ids.push_back(id_of(git("rev-parse HEAD:f" + std::to_string(i))));
  std::atomic<int> failures = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t)
    readers.emplace_back([&, t] {
      for (int round = 0; round < 20; ++round)
        for (std::size_t i = 0; i < ids.size(); ++i) {
          const auto out = repository->read(ids[(i + static_cast<std::size_t>(t) * 50) % ids.size()]);
          failures += out ? 0 : 1;
        }
    });
  git("repack -qad");
  for (auto& one : readers)
    one.join();
  BOOST_TEST(failures == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

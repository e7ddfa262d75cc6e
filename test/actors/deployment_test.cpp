// A mount of many repositories: what is opened when, and what becomes of those who wait for it. With real actors,
// repositories and servers; only the kernel is played.
#include "actors/filesystem.hpp"
#include "actors/model/inode_number.hpp"
#include "actors/runtime/route.hpp"
#include "backend/open/git_repository.hpp"
#include "backend/remote/source.hpp"
#include "test/support/background.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <functional>
#include <future>
#include <new>
#include <optional>
#include <set>

namespace gitfs::test {

namespace deployment {

namespace {

struct outcome {
  int error = 0; ///< of an answer that is one, also ENOENT that the kernel may keep
  bool absent = false;
  node_entry node;
  node_attr attr;
  std::set<std::string> names;
  std::string text;
};

class sink final : public reply_sink {
public:
  explicit sink(std::uint64_t id) : id_(id) {}
  std::future<outcome> told() { return promise_.get_future(); }
  std::shared_ptr<std::promise<std::function<void()>>> parked = std::make_shared<std::promise<std::function<void()>>>();

  void error(int code) override {
    out_.error = code;
    end();
  }
  void absent() override {
    out_.absent = true;
    error(ENOENT);
  }
  bool entry(const node_entry& e) override {
    out_.node = e;
    return end();
  }
  void attr(const node_attr& a) override {
    out_.attr = a;
    end();
  }
  void link(std::string_view target) override { xattr(target); }
  void data(const object& blob, std::uint64_t, std::size_t) override { xattr(blob.data()); }
  void file(const blob_file&, std::uint64_t, std::size_t) override { error(EIO); }
  void xattr(std::string_view value) override {
    out_.text = value;
    end();
  }
  bool dirent(std::string_view name, const node_attr&, const node_entry*, std::uint64_t) override {
    out_.names.emplace(name);
    return true;
  }
  bool dirents_end() override { return end(); }
  std::uint64_t request_id() const override { return id_; }
  void on_interrupt(std::function<void()> f) override {
    if (!std::exchange(was_parked_, true))
      parked->set_value(std::move(f));
  }

private:
  bool end() {
    promise_.set_value(std::move(out_));
    return true;
  }

  const std::uint64_t id_;
  bool was_parked_ = false;
  outcome out_;
  std::promise<outcome> promise_;
};

struct requested {
  std::future<outcome> told;
  std::future<std::function<void()>> parked;

  outcome get() {
    BOOST_REQUIRE(told.wait_for(patience) == std::future_status::ready);
    return told.get();
  }
};

struct mounted {
  scratch_repository scratch{"mkdir sub; echo one > sub/file"};
  temp_dir cache;
  mount_options options;
  gitfs::deployment tree;
  deployment_parts parts;
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  std::unique_ptr<filesystem> files;

  mounted() {
    scratch.in_work("git tag v1");
    scratch.push();
    options.cache_dir = cache.path();
    configure(config);
    system.emplace(config);
  }
  void open() {
    options.tree = tree;
    auto opened = filesystem::open(options, *system, parts);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    files = std::move(opened.value());
  }
  std::string local() const { return scratch.bare().string(); }

  requested ask(node_address at, decltype(kernel_op::what) what) {
    static std::atomic<std::uint64_t> last{0};
    auto to = std::make_unique<sink>(++last);
    requested out{to->told(), to->parked->get_future()};
    send_to_directory(*files->context(), files->supervisor(), at.dir,
                      kernel_op{reply{std::move(to)}, at.child, std::move(what)}, nullptr);
    return out;
  }
  outcome look(node_address at, const std::string& name) { return ask(at, lookup_op{name}).get(); }
  /// Names on the way down; must be there.
  node_address walk(const std::vector<std::string>& names) {
    node_address at{root_slot, self_child};
    for (const std::string& each : names) {
      const outcome found = look(at, each);
      BOOST_REQUIRE_MESSAGE(found.error == 0, each + ": " + std::to_string(found.error));
      at = found.node.address;
    }
    return at;
  }
  std::set<std::string> list(node_address at) {
    outcome out = ask(at, readdir_op{0, true}).get();
    BOOST_TEST(out.error == 0);
    out.names.erase(".");
    out.names.erase("..");
    return out.names;
  }
  std::string text(node_address at) { return ask(at, read_op{0, 100}).get().text; }
  template <class List>
  static std::size_t count(const List& of) {
    std::size_t out = 0;
    of.each([&](const auto&) { ++out; });
    return out;
  }
};

using names = std::set<std::string>;

} // namespace

} // namespace deployment

BOOST_FIXTURE_TEST_SUITE(deployment, deployment::mounted)

BOOST_AUTO_TEST_CASE(what_is_configured_is_listed_without_a_request) {
  fault_server server{scratch.root()};
  tree.repositories = {{"team/a", server.url("scratch.git"), "", {}, {}}, {"b", "/no/such/place", "", {}, {}}};
  open();
  BOOST_TEST((list(walk({})) == names{"team", "b"}));
  BOOST_TEST((list(walk({"team"})) == names{"a"}));
  BOOST_TEST(look(walk({}), "none").absent);
  const auto root = ask(walk({"team", "a"}), getattr_op{}).get();
  BOOST_TEST(root.error == 0);
  BOOST_TEST(root.attr.time == files->context()->began);
  BOOST_TEST(server.connections() == 0U);
  BOOST_TEST(count(files->context()->repositories) == 0U);
}

BOOST_AUTO_TEST_CASE(who_enters_opens_it) {
  fault_server server{scratch.root()};
  tree.repositories = {{"team/a", server.url("scratch.git"), "v1", {}, {}}, {"b", local(), "", {}, {}}};
  open();
  for (const std::vector<std::string>& at : {std::vector<std::string>{"team", "a"}, {"b"}}) {
    const node_address root = walk(at);
    BOOST_TEST((list(root) == names{"sub"}));
    const node_address sub = look(root, "sub").node.address;
    const outcome file = look(sub, "file");
    BOOST_REQUIRE_EQUAL(file.error, 0);
    BOOST_TEST(text(file.node.address) == "one\n");
    BOOST_TEST(file.node.attr.time == file_time_of(std::stoll(scratch.in_work("git log -1 --format=%ct"))));
    BOOST_TEST(ask(root, getxattr_op{"user.gitfs.commit"}).get().text == scratch.in_work("git rev-parse HEAD"));
    BOOST_TEST(look(root, "none").absent);
  }
  BOOST_TEST(ask(walk({"team"}), getxattr_op{"user.gitfs.commit"}).get().error == ENODATA);
  BOOST_TEST(count(files->context()->mounted_refs) == 2U);
}

BOOST_AUTO_TEST_CASE(paths_make_inode_numbers) {
  tree.repositories = {{"a", local(), "", {}, {}}, {"b", local(), "", {}, {}}};
  open();
  const outcome a = look(walk({"a"}), "sub"), b = look(walk({"b"}), "sub");
  BOOST_TEST(a.node.attr.ino != b.node.attr.ino);
  BOOST_TEST(a.node.attr.ino
             == inode_number({child_key(root_key, "a"), "a"}, "sub", child_key(child_key(root_key, "a"), "sub")));
}

BOOST_AUTO_TEST_CASE(two_refs_of_one_repository_share_what_is_open) {
  scratch.commit("echo two > sub/file");
  scratch.push();
  fault_server server{scratch.root()};
  const std::string url = server.url("scratch.git");
  tree.repositories = {{"old", url, "v1", {}, {}}, {"new", url, "", {}, {}}};
  open();
  BOOST_TEST((list(walk({"old"})) == names{"sub"}));
  BOOST_TEST((list(walk({"new"})) == names{"sub"}));
  BOOST_TEST(text(walk({"old", "sub", "file"})) == "one\n");
  BOOST_TEST(text(walk({"new", "sub", "file"})) == "two\n");
  BOOST_TEST(count(files->context()->repositories) == 1U);
  BOOST_TEST(count(files->context()->mounted_refs) == 2U);
}

BOOST_AUTO_TEST_CASE(many_who_enter_at_once_make_one_snapshot) {
  fault_server server{scratch.root()};
  tree.repositories = {{"a", server.url("scratch.git"), "", {}, {}}};
  open();
  const node_address a = walk({"a"});
  std::vector<requested> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(i % 2 == 0 ? ask(a, lookup_op{"sub"}) : ask(a, readdir_op{0, true}));
  for (requested& each : all)
    BOOST_TEST(each.get().error == 0);
  BOOST_TEST(server.count("ls-refs") == 1U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_opened_fails_those_who_wait_and_the_next_ones_try_again) {
  fault_server server{scratch.root()};
  server.otherwise([](fault_exchange& x) { x.reply(404, {}, ""); });
  tree.repositories = {{"a", server.url("scratch.git"), "", {}, {}}, {"b", local(), "no-such-ref", {}, {}}};
  open();
  BOOST_TEST(look(walk({"b"}), "sub").error == ENOENT);
  BOOST_TEST(look(walk({"a"}), "sub").error == ENOENT);
  BOOST_TEST(!look(walk({"a"}), "sub").absent); // the kernel is to ask again
  server.otherwise([](fault_exchange& x) { x.pass(); });
  BOOST_TEST(eventually([&] { return look(walk({"a"}), "sub").error == 0; }));
  BOOST_TEST((list(walk({"a"})) == names{"sub"}));
}

BOOST_AUTO_TEST_CASE(who_gives_up_stops_the_opening_and_the_next_one_begins_anew) {
  fault_server server{scratch.root()};
  std::atomic<int> came{0}, closed{0};
  const auto hang = [&](fault_exchange& x) {
    ++came;
    closed += x.wait_for_close() ? 1 : 0;
    x.close();
  };
  server.otherwise(hang);
  tree.repositories = {{"a", server.url("scratch.git"), "", {}, {}}};
  open();
  requested waits = ask(walk({"a"}), lookup_op{"sub"});
  BOOST_REQUIRE(eventually([&] { return came != 0; })); // not only its connection, which may close before
  waits.parked.get()();
  BOOST_TEST(waits.get().error == EINTR);
  BOOST_TEST(eventually([&] { return closed != 0; }));
  server.otherwise([](fault_exchange& x) { x.pass(); });
  BOOST_TEST(look(walk({"a"}), "sub").error == 0);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_mount_answers_who_waits_for_a_repository) {
  fault_server server{scratch.root()};
  server.otherwise([](fault_exchange& x) {
    x.wait_for_close();
    x.close();
  });
  tree.repositories = {{"a", server.url("scratch.git"), "", {}, {}}};
  open();
  requested waits = ask(walk({"a"}), lookup_op{"sub"});
  BOOST_REQUIRE(eventually([&] { return server.connections() != 0; }));
  files->end();
  BOOST_TEST(waits.get().error == EIO);
}

BOOST_AUTO_TEST_CASE(one_repository_at_the_mountpoint_itself_is_a_plain_mount) {
  tree.repositories = {{"", local(), "v1", {}, {}}};
  open();
  BOOST_TEST((list(walk({})) == names{"sub"}));
  BOOST_TEST(files->describe().starts_with(local() + " refs/tags/v1 at "));

  tree.repositories.front().ref = "none";
  files.reset();
  options.tree = tree;
  BOOST_TEST(!filesystem::open(options, *system, parts)); // before the mount is ready
}

namespace {

/// Owners "one" and "two", each with what is in the folder.
class folder_forge final : public forge_tree {
public:
  folder_forge(mount_options options, std::filesystem::path folder)
    : options_(std::move(options)),
      folder_(std::move(folder)) {}

  result<forge_entry> lookup(std::span<const std::string> path, const std::string& name, std::stop_token) override {
    ++lookups;
    if (path.empty() && (name == "one" || name == "two"))
      return forge_entry{name};
    if (path.size() == 1 && std::filesystem::exists(folder_ / name))
      return forge_entry{name, true};
    return fail(ENOENT, "no " + name);
  }
  result<std::vector<forge_entry>> list(std::span<const std::string> path, std::stop_token) override {
    if (path.empty())
      return fail(ENOTSUP, "owners are not listed");
    return std::vector<forge_entry>{{"scratch.git", true}};
  }
  result<std::shared_ptr<repository>> open(std::span<const std::string> path) override {
    GITFS_TRY(from, parse_source((folder_ / path.back()).string()));
    return open_repository(from, options_, std::make_shared<memory_budget>(1 << 20));
  }
  const std::string& display() const override { return name_; }

  std::atomic<int> lookups{0};

private:
  const mount_options options_;
  const std::filesystem::path folder_;
  const std::string name_ = "a folder";
};

} // namespace

namespace {

/// Memory is short when its `failing`-th call comes; `calls` are those of all that were opened.
class short_of_memory final : public repository {
public:
  short_of_memory(std::shared_ptr<repository> real, int failing, std::atomic<int>& calls)
    : real_(std::move(real)),
      failing_(failing),
      calls_(calls) {}
  const std::shared_ptr<object_db>& objects() const override { return next().objects(); }
  const std::shared_ptr<upstream>& remote() const override { return next().remote(); }
  const std::string& display() const override { return next().display(); }
  result<snapshot_facts> resolve(const std::string& ref, const std::optional<oid>& have,
                                 std::stop_token stop) override {
    return real_->resolve(ref, have, std::move(stop));
  }

private:
  repository& next() const {
    if (++calls_ == failing_)
      throw std::bad_alloc{};
    return *real_;
  }

  const std::shared_ptr<repository> real_;
  const int failing_;
  std::atomic<int>& calls_;
};

class short_forge final : public forge_tree {
public:
  short_forge(std::shared_ptr<forge_tree> real, int failing) : real_(std::move(real)), failing_(failing) {}
  result<forge_entry> lookup(std::span<const std::string> path, const std::string& name,
                             std::stop_token stop) override {
    return real_->lookup(path, name, std::move(stop));
  }
  result<std::vector<forge_entry>> list(std::span<const std::string> path, std::stop_token stop) override {
    return real_->list(path, std::move(stop));
  }
  result<std::shared_ptr<repository>> open(std::span<const std::string> path) override {
    GITFS_TRY(opened, real_->open(path));
    return std::shared_ptr<repository>{std::make_shared<short_of_memory>(std::move(opened), failing_, calls_)};
  }
  const std::string& display() const override { return real_->display(); }

private:
  const std::shared_ptr<forge_tree> real_;
  const int failing_;
  std::atomic<int> calls_{0};
};

} // namespace

// Its objects, its server, and what it is called.
BOOST_DATA_TEST_CASE(memory_that_is_short_while_one_is_opened_fails_those_who_wait,
                     boost::unit_test::data::xrange(1, 4), failing) {
  const std::shared_ptr<forge_tree> host =
      std::make_shared<short_forge>(std::make_shared<folder_forge>(options, scratch.root()), failing);
  parts.make_forge = [&](const shown_forge&) { return host; };
  tree.forges = {{"hub", forge_kind::git, "https://hub/{owner}/{repo}", {}, {}, {}, {}}};
  open();
  const node_address at = walk({"hub", "one", "scratch.git"});
  BOOST_TEST(look(at, "sub").error == EIO);
  BOOST_REQUIRE(eventually([&] { return look(at, "sub").error == 0; }));
  BOOST_TEST(text(walk({"hub", "one", "scratch.git", "sub", "file"})) == "one\n");
}

BOOST_AUTO_TEST_CASE(what_is_in_a_host_appears_when_it_is_looked_up) {
  auto host = std::make_shared<folder_forge>(options, scratch.root());
  parts.make_forge = [&](const shown_forge&) { return std::shared_ptr<forge_tree>{host}; };
  tree.forges = {{"hub", forge_kind::git, "https://hub/{owner}/{repo}", {}, {}, {}, {}}};
  open();
  BOOST_TEST((list(walk({"hub"})) == names{}));
  const outcome nobody = look(walk({"hub"}), "nobody");
  BOOST_TEST(nobody.error == ENOENT);
  BOOST_TEST(!nobody.absent); // may be there later
  BOOST_TEST((list(walk({"hub", "one"})) == names{"scratch.git"}));
  BOOST_TEST((list(walk({"hub"})) == names{"one"}));
  BOOST_TEST(text(walk({"hub", "one", "scratch.git", "sub", "file"})) == "one\n");
  BOOST_TEST(text(walk({"hub", "one", "scratch.git@v1", "sub", "file"})) == "one\n");
  BOOST_TEST(look(walk({"hub", "one", "scratch.git@none"}), "sub").error == ENOENT);
  BOOST_TEST((list(walk({"hub", "one"})) == names{"scratch.git", "scratch.git@v1", "scratch.git@none"}));
  BOOST_TEST(count(files->context()->repositories) == 1U);
  const int before = host->lookups;
  walk({"hub", "one", "scratch.git", "sub"});
  BOOST_TEST(host->lookups == before); // the names are known
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

// A mount that follows a ref ends, whatever came before: looks, polls, refreshes, reloads and moves in every order. The
// test plays the kernel, the server, the worker threads and the scheduler, so that each order is the same each time.
#include "actors/catalog/catalog_actor.hpp"
#include "actors/catalog/mounting.hpp"
#include "actors/inode/supervisor.hpp"
#include "actors/runtime/catalog_messages.hpp"
#include "test/actors/support/played_system.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/actor_registry.hpp>
#include <caf/send.hpp>

#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

namespace ends {

namespace {

/// Runs a job when the test says so.
class queued_workers final : public worker_pool {
public:
  void run(std::function<void()> job, const std::string&) override { jobs.push_back(std::move(job)); }
  void run_one() {
    if (jobs.empty())
      return;
    const auto job = std::move(jobs.front());
    jobs.pop_front();
    job();
  }
  std::deque<std::function<void()>> jobs;
};

/// Its branch moves with each `push`.
class pushed_repository final : public repository {
public:
  pushed_repository(std::shared_ptr<memory_db> objects, std::shared_ptr<upstream> remote)
    : objects_(objects),
      remote_(std::move(remote)),
      db_(std::move(objects)) {
    push();
  }
  const std::shared_ptr<object_db>& objects() const override { return objects_; }
  const std::shared_ptr<upstream>& remote() const override { return remote_; }
  const std::string& display() const override { return display_; }
  result<snapshot_facts> resolve(const std::string&, const std::optional<oid>&, std::stop_token stop) override {
    if (stop.stop_requested())
      return fail(ECANCELED, "stopped");
    return facts;
  }
  void push() {
    const oid tree = db_->tree({{"file", entry_kind::file, db_->blob("text")}});
    facts = {commit_at(++number_), tree, number_, "refs/heads/main"};
  }
  snapshot_facts facts;

private:
  const std::shared_ptr<object_db> objects_;
  const std::shared_ptr<upstream> remote_;
  const std::shared_ptr<memory_db> db_;
  const std::string display_ = "a repository";
  std::int64_t number_ = 0;
};

struct followed : played_system {
  queued_workers workers;
  std::shared_ptr<pushed_repository> repository = std::make_shared<pushed_repository>(db, server);
  caf::actor catalog;
  refresh_number refreshes = 0;

  /// `mount --follow 30s https://...`, as filesystem makes it.
  followed() {
    context = std::make_shared<mount_context>(std::make_shared<memory_budget>(64 << 20), temp.path(), true);
    auto objects = add_repository(*context, 0, db);
    start_fetcher(*system, context, objects, server, 0);
    objects->from = repository;
    show_at_root(*context, add_mounted_ref(*system, context, 0, objects), repository->facts);
    catalog_actor::needs needs;
    needs.tree = tree("", std::chrono::seconds{30});
    needs.first = opened_first{objects, context->inodes.location_of(root_slot)->shown};
    needs.open = [this](const shown_repository&) { return result<std::shared_ptr<gitfs::repository>>{repository}; };
    needs.workers = &workers;
    catalog = system->spawn<catalog_actor>(context, std::move(needs));
    supervisor = system->spawn<supervisor_actor>(context, catalog);
    context->supervisor = supervisor;
  }
  static std::shared_ptr<const deployment> tree(const std::string& ref, std::chrono::milliseconds every) {
    return std::make_shared<const deployment>(
        deployment{{{"", "https://a/b", ref, {follow_mode::kind_type::polled, every}, {}}}, {}});
  }

  void look() { send({root_slot, self_child}, readdir_op{0, true}); }
  void poll() { scheduler().trigger_timeouts(); }
  void refresh() {
    caf::anon_send(catalog, refresh_refs{++refreshes, {}, [](int, const std::string&) {}});
  }
  void give_up() { caf::anon_send(catalog, cancel_refresh{refreshes}); }
  void reload() {
    const bool odd = ++reloads_ % 2 == 1;
    caf::anon_send(catalog, reload_tree{tree(odd ? "other" : "", std::chrono::seconds{odd ? 1 : 30}), {}, [](bool) {}});
  }
  void push() { repository->push(); }
  void work() { workers.run_one(); }
  void serve() {
    for (std::size_t i = 0; i < server->transfers.size(); ++i)
      server->answer(i, {});
  }

  /// As filesystem::end, and then as its worker threads end.
  void unmount() {
    end_actors(*context, supervisor, catalog);
    run();
    while (!workers.jobs.empty())
      work();
    run();
  }
  std::size_t left() { return system->registry().running(); }

private:
  int reloads_ = 0;
};

struct action {
  const char* name;
  void (followed::*take)();
};
constexpr action actions[] = {{"look", &followed::look},       {"poll", &followed::poll},
                              {"refresh", &followed::refresh}, {"give up", &followed::give_up},
                              {"reload", &followed::reload},   {"push", &followed::push},
                              {"work", &followed::work},       {"serve", &followed::serve}};

std::string text_of(std::span<const std::size_t> order) {
  std::string out;
  for (const std::size_t each : order)
    out += std::string{actions[each].name} + ", ";
  return out;
}

} // namespace

} // namespace ends

BOOST_AUTO_TEST_SUITE(ends)

using namespace ends;

BOOST_AUTO_TEST_CASE(before_anything_happens) {
  for (const bool began : {false, true}) {
    followed mount;
    if (began)
      mount.run();
    mount.unmount();
    BOOST_TEST(mount.left() == 0U);
  }
}

// Each order of three of them; with and without the messages of one having been taken before the next comes.
BOOST_AUTO_TEST_CASE(after_every_order_of_what_can_happen) {
  constexpr std::size_t kinds = std::size(actions);
  for (std::size_t order = 0; order < kinds * kinds * kinds; ++order)
    for (const bool taken : {false, true}) {
      const std::size_t each[] = {order % kinds, order / kinds % kinds, order / kinds / kinds};
      followed mount;
      if (taken)
        mount.run();
      for (const std::size_t one : each) {
        (mount.*actions[one].take)();
        if (taken)
          mount.run();
      }
      mount.unmount();
      BOOST_REQUIRE_MESSAGE(mount.left() == 0, mount.left() << " actors live on after " << text_of(each) << taken);
    }
}

BOOST_AUTO_TEST_CASE(after_long_ways_in_random_orders) {
  for (std::uint32_t seed = 1; seed <= rounds(300); ++seed) {
    std::mt19937 random{seed};
    followed mount;
    for (std::size_t left = random() % 60; left != 0; --left) {
      if (random() % 2 == 0)
        (mount.*actions[random() % std::size(actions)].take)();
      mount.run_any(random);
    }
    mount.unmount();
    BOOST_REQUIRE_MESSAGE(mount.left() == 0, mount.left() << " actors live on, seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

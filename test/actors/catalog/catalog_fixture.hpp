// The catalog with a port that records what it says.
#pragma once

#include "actors/catalog/catalog.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs::test {

/// Never asked directly: the port records what would be.
class no_forge final : public forge_tree {
public:
  result<forge_entry> lookup(std::span<const std::string>, const std::string&, std::stop_token) override {
    return fail(EIO, "asked");
  }
  result<std::vector<forge_entry>> list(std::span<const std::string>, std::stop_token) override {
    return fail(EIO, "asked");
  }
  result<std::shared_ptr<repository>> open(std::span<const std::string>) override { return fail(EIO, "asked"); }
  const std::string& display() const override { return name_; }

private:
  std::string name_ = "host";
};

struct recorded_port final : catalog_port {
  struct resolving {
    call_number call = 0;
    mount_node_number node = 0;
    repository_number number = 0;
    bool is_new = false;
    std::vector<std::string> path;
    std::string ref;
    std::optional<oid> have{};
  };
  struct asking {
    call_number call = 0;
    std::vector<std::string> path;
    std::string name;
  };
  std::map<mount_node_asker, std::vector<mount_node_answer>> answers;
  std::vector<resolving> resolves;
  std::vector<asking> requested;
  std::vector<call_number> stopped;
  std::vector<mount_node_number> retries;
  std::set<mount_node_number> forgotten;
  std::vector<repository_number> closed, owned;

  void tell(const mount_node_asker& who, mount_node_answer answer) override {
    answers[who].push_back(std::move(answer));
  }
  void resolve(call_number call, mount_node_number node, repository_number number, const repository_origin& from,
               const std::string& ref, const std::optional<oid>& have) override {
    resolves.push_back({call, node, number, from.entry != nullptr || from.forge != nullptr, from.path, ref, have});
  }
  void own(repository_number number, const repository_origin&) override { owned.push_back(number); }
  void stop_resolving(call_number call, repository_number) override { stopped.push_back(call); }
  void ask_forge(call_number call, mount_node_number, std::shared_ptr<forge_tree>, std::vector<std::string> path,
                 std::string name) override {
    requested.push_back({call, std::move(path), std::move(name)});
  }
  void close(repository_number number) override { closed.push_back(number); }
  void forget(mount_node_number node) override { forgotten.insert(node); }
  void stop_asking(call_number call) override { stopped.push_back(call); }
  void retry_later(mount_node_number node) override { retries.push_back(node); }

  struct timer {
    mount_node_number node = 0;
    std::uint64_t number = 0;
    std::chrono::milliseconds in{0};
  };
  struct change {
    dir_slot directory = no_slot;
    std::vector<std::string> names, replaced;
  };
  std::vector<timer> timers;
  std::vector<relinked> relinks;
  std::vector<change> changes;
  std::map<refresh_number, std::string> refreshes;
  std::set<dir_slot> gone;
  std::vector<refresh_number> settled; ///< by moves that have ended

  void poll_later(mount_node_number node, std::uint64_t number, std::chrono::milliseconds in) override {
    timers.push_back({node, number, in});
  }
  bool is_current(const relinked& directory) override { return !gone.contains(directory.slot); }
  void relink(std::vector<relinked> directories) override {
    relinks.insert(relinks.end(), directories.begin(), directories.end());
  }
  void change_entries(const relinked& directory, mount_node_answer now, std::vector<std::string> replaced) override {
    changes.push_back({directory.slot, std::move(now.names), std::move(replaced)});
  }
  std::shared_ptr<mount_node_move> begin_move() override {
    return std::make_shared<mount_node_move>([this](const std::vector<refresh_number>& who) { settled = who; });
  }
  void refreshed(refresh_number number, const refresh_report& report) override { refreshes[number] = report.text; }
};

struct catalog_fixture {
  deployment tree{{{"team/linux", "https://a/linux", "v6.1", {}, {}},
                   {"team/next", "https://a/linux", "master", {}, {}},
                   {"git", "https://a/git", "", {}, {}}},
                  {{"hub", forge_kind::github, "https://hub", {}, {}, {}, {}}}};
  recorded_port port;
  gitfs::catalog catalog{tree, {std::make_shared<no_forge>()}, port};
  shown_ptr snapshot = std::make_shared<const shown_snapshot>();

  mount_node_asker asks(std::uint64_t id, std::string_view path, const std::string& name = {}) {
    catalog.ask({id, 1}, path, name);
    return {id, 1};
  }
  const mount_node_answer& answers(const mount_node_asker& who) {
    BOOST_REQUIRE_EQUAL(port.answers[who].size(), 1U);
    return port.answers[who].front();
  }
  bool waits(const mount_node_asker& who) { return port.answers[who].empty(); }
};

} // namespace gitfs::test

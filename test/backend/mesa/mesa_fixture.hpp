// The mesa service over a small repository with everything in it that is hard to name or to show.
#pragma once

#include "backend/mesa/mesa_repository.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/mesa_server.hpp"
#include "test/support/outcome.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

struct mesa_fixture {
  static constexpr const char* script = R"(
    mkdir -p dir/sub/deeper wide/a wide/b wide/c wide/d 'name with ünïcode 名'
    printf one > one; : > empty; printf 'dir two' > dir/two; printf deep > dir/sub/deeper/deep
    printf special > 'a b?#%.txt'; printf plus > 'dir/x+y&z=1;%20'
    printf uni > 'name with ünïcode 名/file ß'
    printf '#!/bin/sh' > run.sh; chmod 755 run.sh
    ln -s dir/two link; ln -s '../name with ünïcode 名' dir/up
    head -c 5000000 /dev/zero | tr '\0' 'x' > large; printf y >> large
    for d in a b c d; do printf $d > wide/$d/file; printf same > wide/$d/same; done
    seq 1 12 | while read i; do printf $i > wide/f$i; done)";

  scoped_env no_proxy{"no_proxy", "127.0.0.1"};
  scratch_repository scratch{script};
  mesa_options how;
  std::unique_ptr<mesa_server> server = std::make_unique<mesa_server>(scratch.bare(), names(), how);
  temp_dir cache;
  std::string key = "secret-key";

  static std::vector<std::string> names() { return {"acme/one", "acme/two", "acme/three", "acme/four", "other/x"}; }

  void serve(mesa_options with) { server = std::make_unique<mesa_server>(scratch.bare(), names(), std::move(with)); }

  static upstream_limits limits() {
    upstream_limits out;
    out.total = std::chrono::seconds{20};
    return out;
  }

  std::shared_ptr<gitfs::mesa_client> client(upstream_limits with = limits()) {
    return std::make_shared<gitfs::mesa_client>(server->url(), with,
                                                [this](const std::string&) -> result<std::string> { return key; });
  }

  std::shared_ptr<gitfs::mesa_repository> open(upstream_limits with = limits(), const std::string& store = "s") {
    auto opened = gitfs::object_store::open(cache.path(), store);
    BOOST_REQUIRE_MESSAGE(opened, reason_of(opened));
    return std::make_shared<gitfs::mesa_repository>(client(with), "acme", "one",
                                                    std::make_shared<gitfs::mesa_objects>(opened.value()));
  }

  static transfer_outcome fetch(gitfs::repository& from, std::vector<oid> wants, fetch_need need = fetch_need::trees,
                                std::uint64_t byte_limit = 0) {
    fetch_request request;
    request.wants = std::move(wants);
    request.need = need;
    request.byte_limit = byte_limit;
    return fetch(from, std::move(request));
  }
  static transfer_outcome fetch(gitfs::repository& from, fetch_request request) {
    std::promise<transfer_outcome> done;
    const auto running =
        from.remote()->fetch(std::move(request), [&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  static transfer_outcome sizes(gitfs::repository& from, std::vector<oid> ids) {
    std::promise<transfer_outcome> done;
    const auto running =
        from.remote()->object_info(std::move(ids), [&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  static std::string why_not(const transfer_outcome& out) {
    return out.failure ? std::to_string(out.failure->code) + ": " + out.failure->message : "";
  }
  static int code_of(const transfer_outcome& out) { return out.failure ? out.failure->code : 0; }

  snapshot_facts resolve(gitfs::repository& from, const std::string& ref = "") {
    auto out = from.resolve(ref, {}, {});
    BOOST_REQUIRE_MESSAGE(out, reason_of(out));
    return out.value();
  }

  oid rev(const std::string& what) const {
    return *oid::from_hex(must_run("git rev-parse '" + what + "'", scratch.bare()));
  }
  /// As the server tells it.
  oid told(const std::string& path) { return *oid::from_hex(server->answered_id(server->snapshot("HEAD").at(path))); }

  /// "MODE SHA PATH" of what is below a tree that is here, as `git ls-tree -r -t`; what is missing is a line that says
  /// so.
  static void walk(object_db& db, const oid& tree, const std::string& path, std::vector<std::string>& out,
                   std::vector<oid>* missing = nullptr) {
    constexpr const char* modes[] = {"100644", "100755", "120000", "040000", "160000"};
    auto listed = db.read_tree(tree);
    if (!listed) {
      out.push_back("missing " + path);
      if (missing != nullptr)
        missing->push_back(tree);
      return;
    }
    for (const tree_entry& e : listed.value().entries) {
      out.push_back(std::string{modes[static_cast<int>(e.kind)]} + " " + e.id.hex() + " " + path + e.name);
      if (e.kind == entry_kind::directory)
        walk(db, e.id, path + e.name + "/", out, missing);
    }
  }
  std::vector<std::string> expected() {
    std::vector<std::string> out;
    for (const auto& [path, e] : server->snapshot("HEAD"))
      if (!path.empty())
        out.push_back(e.mode + " " + server->answered_id(e) + " " + path);
    std::sort(out.begin(), out.end());
    return out;
  }
  static std::vector<std::string> walked(object_db& db, const oid& root) {
    std::vector<std::string> out;
    walk(db, root, "", out);
    std::sort(out.begin(), out.end());
    return out;
  }
  std::vector<oid> all_blobs() {
    std::vector<oid> out;
    for (const auto& [path, e] : server->snapshot("HEAD"))
      if (e.mode != "040000")
        out.push_back(*oid::from_hex(e.sha));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
};

} // namespace gitfs::test

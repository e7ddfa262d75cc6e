// Repositories behind a forge's API and a git server, and a log that is kept.
#pragma once

#include "backend/forge/forges.hpp"
#include "backend/open/make_forge.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/forge_server.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace gitfs::test {

using namespace std::chrono_literals;

/// Octo/hello (two directories, on branch trunk), Octo/.github, Octo/hidden (private), Org (an organisation) with
/// Org/secret (private), Empty without any. Groups: Org/deep/er/project.
struct forge_fixture {
  forge_fixture() {
    must_run(
        "git init -q -b trunk work && cd work && mkdir -p dir/sub other && printf one > one"
        " && printf 'second file' > dir/two && : > dir/empty && printf 12345 > dir/sub/five && printf 1234567 > other/7"
        " && ln -s one link && git add . && git commit -q -m first && cd .. && mkdir -p root/Octo root/Org/deep/er "
        "root/Empty"
        " && touch root/Org/organization && git clone -q --bare work root/Octo/hello.git"
        " && git -C root/Octo/hello.git config uploadpack.allowFilter true"
        " && git -C root/Octo/hello.git config uploadpack.allowAnySHA1InWant true"
        " && for r in Octo/.github Octo/hidden Org/secret Org/open Org/deep/er/project; do"
        " cp -r root/Octo/hello.git root/$r.git; done && touch root/Octo/hidden.git/private "
        "root/Org/secret.git/private",
        dir.path());
    std::ofstream{dir / "helper"} << "#!/bin/sh\necho \"$1\" >> '" << (dir / "helper-log").string()
                                  << "'\n[ \"$1\" = get ] && cat '" << (dir / "answer").string() << "'\nexit 0\n";
    std::filesystem::permissions(dir / "helper", std::filesystem::perms::owner_all);
    std::ofstream{dir / "gitconfig"} << "[credential]\n\thelper = " << (dir / "helper").string() << "\n";
    helper_answers("");
    server.emplace(root());
  }

  std::filesystem::path root() const { return dir / "root"; }
  void helper_answers(const std::string& text) const { std::ofstream{dir / "answer"} << text; }
  /// How often the helper was asked for a credential.
  std::size_t helper_requests() const {
    std::ifstream in{dir / "helper-log"};
    std::size_t out = 0;
    for (std::string line; std::getline(in, line);)
      out += line == "get" ? 1 : 0;
    return out;
  }
  std::string log() const { return log_.text(); }

  /// Its requests fail within a second, and are made again at once.
  static forge_needs needs() {
    forge_needs out;
    out.limits.total = 20s;
    out.retries = {1ms, 5ms, 3};
    out.read_secret = [](const secret_place& place) -> result<std::string> {
      if (place.environment == "GOOD")
        return std::string{"good"};
      if (place.environment == "BAD")
        return std::string{"bad-token"};
      return fail(ENOENT, "no such variable");
    };
    out.open = [](const source&, const std::shared_ptr<size_source>&) -> result<std::shared_ptr<repository>> {
      return fail(ENOSYS, "nothing is opened here");
    };
    return out;
  }

  /// How an API is asked within the same limits.
  static rest_options limited_options(forge_kind kind, const std::string& api) {
    rest_options out = forge_options(kind, api);
    out.limits = needs().limits;
    out.retries = needs().retries;
    return out;
  }

  static shown_forge shown(forge_kind kind, const std::string& url, const std::string& api = {}) {
    shown_forge out;
    out.path = "x";
    out.kind = kind;
    out.url = url;
    out.api = api;
    return out;
  }

  std::shared_ptr<forge_tree> host(forge_kind kind, const std::string& api, const forge_needs& with = needs(),
                                   const std::string& token = {}) const {
    shown_forge what = shown(kind, server->url(), api);
    what.token.environment = token;
    auto out = make_forge(what, with);
    BOOST_REQUIRE_MESSAGE(out, reason_of(out));
    return out.value();
  }

  static std::vector<std::string> names(const result<std::vector<forge_entry>>& listed) {
    BOOST_REQUIRE_MESSAGE(listed, reason_of(listed));
    std::vector<std::string> out;
    for (const forge_entry& each : listed.value())
      out.push_back(each.name);
    return out;
  }

  temp_dir dir;
  scoped_env config{"GIT_CONFIG_GLOBAL", (dir / "gitconfig").c_str()};
  scoped_env system{"GIT_CONFIG_SYSTEM", "/dev/null"};
  scoped_env askpass{"GIT_ASKPASS", nullptr};
  scoped_env ssh_askpass{"SSH_ASKPASS", nullptr};
  scoped_env home{"HOME", dir.path().c_str()}; // no .netrc
  captured_log log_;
  std::optional<forge_server> server;
};

} // namespace gitfs::test

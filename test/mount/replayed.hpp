// Recording a mount and replaying it, as the suites of replays do.
#pragma once

#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs::test {

inline const scratch_repository& replayed_repository() {
  static const scratch_repository made{"for a in 1 2 3 4 5 6; do for b in 1 2 3 4 5; do mkdir -p folder-$a/b$b; "
                                       "echo $a $b >folder-$a/b$b/f; seq $a$b >folder-$a/b$b/g; "
                                       "ln -s f folder-$a/b$b/l; done; done; head -c 30000000 /dev/urandom >large"};
  return made;
}

inline const std::string replayed_walk =
    "find . -ls >/dev/null; cat folder-1/b1/* folder-2/b?/f >/dev/null; ls absent 2>/dev/null || true";

/// A server of that repository, mounts that record, and what a replay says of their trace.
struct replayed {
  git_server server{replayed_repository().root()};
  temp_dir dir;
  std::filesystem::path trace = dir / "trace";

  std::vector<std::string> recording(std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--trace", trace.string()});
    return options;
  }
  program_result replay(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), "replay");
    options.push_back(trace.string());
    return run_program(options);
  }
  /// Its output.
  std::string equal(const std::vector<std::string>& options = {}) const {
    const auto done = replay(options);
    BOOST_TEST(done.status == 0, done.output);
    return done.output;
  }
  void expect_error(int status, std::string_view part, const std::vector<std::string>& options = {}) const {
    const auto done = replay(options);
    BOOST_TEST(done.status == status, done.output);
    BOOST_TEST(holds(done.output, part), done.output);
  }
  /// What `script` does in a mount, as a trace.
  void record(const std::string& source, const std::vector<std::string>& options, const std::string& script) const {
    mount m{source, recording(options)};
    must_run(script, m.path());
    m.unmount();
  }
  std::uint64_t number_in(const std::string& command) const { return std::stoull(must_run(command, dir.path())); }
};

} // namespace gitfs::test

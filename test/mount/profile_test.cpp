// Profiles of what a job reads: recorded by real mounts, kept, and used by the next one.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace gitfs::test {

namespace profile_files {

namespace {

namespace fs = std::filesystem;

// 40 folders of 12 files.
const std::string files = "for d in $(seq 40); do mkdir -p src/d$d; for f in $(seq 12); do head -c 3000 /dev/urandom "
                          ">src/d$d/f$f; done; done; echo one >top";
// Reads a file of each folder, as no reader that is recognised does.
const std::string job =
    "for d in $(seq 40); do cat src/d$(((d * 17) % 40 + 1))/f$(((d * 5) % 12 + 1)); done >/dev/null";
// The same by one program. One that has ended before its name is looked up stays unknown.
const std::string job_of_one =
    "cat $(for d in $(seq 40); do echo src/d$(((d * 17) % 40 + 1))/f$(((d * 5) % 12 + 1)); done) >/dev/null";

struct served {
  scratch_repository repository{files};
  git_server server{repository.root()};
  temp_dir dir;
  const fs::path profile = dir / "job.profile";

  std::string url() const { return server.url("scratch.git"); }
  // Requests of the job in a fresh cache, after the mount, with these options.
  std::size_t requests_of_job(const std::vector<std::string>& options, const fs::path& cache = {}) {
    const mount m{mount_plan{.source = url(), .options = options, .cache_dir = cache}};
    if (!options.empty() && options.front() == "--profile")
      wait_for(m, 40);
    server.clear_requests();
    must_run(job, m.path());
    return server.count();
  }
  // Until so many files have come ahead of the job.
  void wait_for(const mount& m, std::uint64_t count) const {
    for (int i = 0; i < 600 && m.counter("prefetch.blobs") < count; ++i)
      must_run("sleep 0.05");
    BOOST_REQUIRE(m.counter("prefetch.blobs") >= count);
  }
  void record(const std::string& what = job) {
    const mount m{url()};
    must_run(what, m.path());
    must_run("\"$GITFS_BINARY\" profile record --output " + shell_quoted(profile) + " " + shell_quoted(m.path()));
  }
  static std::string text_of(const fs::path& file) { return must_run("cat " + shell_quoted(file)); }
  static std::vector<fs::path> kept_in(const fs::path& cache) {
    std::vector<fs::path> out;
    for (const auto& each : fs::recursive_directory_iterator{cache})
      if (each.path().extension() == ".profile")
        out.push_back(each.path());
    return out;
  }
};

} // namespace

} // namespace profile_files

BOOST_FIXTURE_TEST_SUITE(profile, profile_files::served)

namespace fs = std::filesystem;

BOOST_AUTO_TEST_CASE(the_next_job_is_ahead_of_its_requests) {
  const std::size_t without = requests_of_job({});
  BOOST_TEST(without >= 10U, without);
  record();
  BOOST_TEST(requests_of_job({"--profile", profile.string()}) == 0U);
}

BOOST_AUTO_TEST_CASE(a_profile_is_of_what_was_read_by_whom) {
  record(profile_files::job_of_one);
  const std::string text = text_of(profile);
  BOOST_TEST(
      text.starts_with("gitfs-actor profile 1\nsource " + url() + "\n1 12 cat src/d18/f6\n2 12 cat src/d35/f11\n"),
      text);
  BOOST_TEST(must_run("grep -c ' 12 cat src/' " + shell_quoted(profile)) == "40");
  const auto shown = run("\"$GITFS_BINARY\" profile show " + shell_quoted(profile));
  BOOST_TEST(holds(shown.output, "files     40, some "), shown.output);
  BOOST_TEST(holds(shown.output, "programs  cat 40\n"), shown.output);
}

BOOST_AUTO_TEST_CASE(it_holds_for_another_commit) {
  record();
  repository.commit(
      "for d in $(seq 20); do echo changed >src/d$d/f1; done; git rm -qr src/d40; mkdir new; echo n >new/n");
  repository.push();
  const mount m{url(), {"--profile", profile.string()}};
  wait_for(m, 37); // one is gone, and three are the same by now
  server.clear_requests();
  must_run(profile_files::job + " 2>/dev/null || true", m.path());
  BOOST_TEST(server.count() <= 1U, server.count());
}

BOOST_AUTO_TEST_CASE(below_a_folder_and_merged) {
  const mount m{url()};
  must_run("cat src/d1/f1 src/d2/f2 top >/dev/null", m.path());
  const auto recorded = [&](const std::string& folder) {
    return must_run("\"$GITFS_BINARY\" profile record " + folder, m.path());
  };
  BOOST_TEST(recorded("src/d2") == "gitfs-actor profile 1\nsource " + url() + "\nfolder src/d2\n2 12 cat f2");
  std::ofstream{dir / "a"} << recorded("src/d2");
  std::ofstream{dir / "b"} << recorded("src/d1");
  BOOST_TEST(must_run("\"$GITFS_BINARY\" profile merge " + shell_quoted(dir / "a") + " " + shell_quoted(dir / "b"))
             == "gitfs-actor profile 1\nsource " + url() + "\n1 12 cat src/d1/f1\n2 12 cat src/d2/f2");
}

// The last run is remembered with what was fetched, and goes with it.
BOOST_AUTO_TEST_CASE(the_last_run_is_kept_in_the_cache_folder) {
  const temp_dir cache;
  requests_of_job({}, cache.path());
  const auto kept = kept_in(cache.path());
  BOOST_REQUIRE(kept.size() == 1U);
  BOOST_TEST(holds(text_of(kept.front()), " cat src/d18/f6\n"));
  requests_of_job({}, cache.path());
  BOOST_TEST(kept_in(cache.path()).size() == 1U); // the same job
  const auto removed = run("\"$GITFS_BINARY\" cache rm --cache-dir " + shell_quoted(cache.path()) + " " + url());
  BOOST_TEST(removed.status == 0, removed.output);
  BOOST_TEST(kept_in(cache.path()).empty());
}

// Nothing but the run is left of what was fetched.
BOOST_AUTO_TEST_CASE(a_kept_run_is_recognised) {
  const temp_dir cache;
  const std::size_t first = requests_of_job({}, cache.path());
  const auto kept = kept_in(cache.path());
  BOOST_REQUIRE(kept.size() == 1U);
  const fs::path store = kept.front().parent_path().parent_path();
  fs::remove_all(store / "objects" / "pack");
  for (const auto& each : fs::directory_iterator{store / "objects"})
    if (each.path().filename().string().size() == 2)
      fs::remove_all(each.path());
  const mount m{mount_plan{.source = url(), .cache_dir = cache.path()}};
  server.clear_requests();
  must_run("for d in 1 2 3; do cat src/d$(((d * 17) % 40 + 1))/f$(((d * 5) % 12 + 1)); done >/dev/null", m.path());
  wait_for(m, 37);
  must_run(profile_files::job, m.path());
  BOOST_TEST(server.count() * 2 < first, server.count());
}

BOOST_AUTO_TEST_CASE(without_profiles_nothing_is_written) {
  const temp_dir cache;
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--no-profile"}, {"-o", "profiles=off"}, {"-o", "prefetch=off"}}) {
    const mount m{mount_plan{.source = url(), .options = options, .cache_dir = cache.path()}};
    must_run(profile_files::job, m.path());
    const auto said = run("\"$GITFS_BINARY\" profile record .", m.path());
    BOOST_TEST(said.status == 1);
    BOOST_TEST(holds(said.output, "nothing is recorded of "), said.output);
  }
  BOOST_TEST(kept_in(cache.path()).empty());
}

// What misses costs its windows and no more, and the job goes on as without.
BOOST_AUTO_TEST_CASE(a_profile_that_misses_is_dropped) {
  {
    std::ofstream out{profile};
    out << "gitfs-actor profile 1\n";
    for (int d = 1; d <= 40; ++d)
      out << d << " 12 - src/d" << d << "/f12\n";
  }
  const mount m{url(), {"--profile", profile.string()}};
  wait_for(m, 40);
  must_run("for d in $(seq 40); do cat src/d$d/f$((d % 11 + 1)); done >/dev/null", m.path());
  BOOST_TEST(holds(m.log(), "the profile is dropped: of 16 files that were read it foresaw 0"), m.log());
}

BOOST_AUTO_TEST_CASE(hostile_profiles) {
  const auto refused = [&](const std::string& text, const std::string& expected) {
    std::ofstream{profile} << text;
    const auto said = run_program({"mount", "--profile", profile.string(), url(), (dir / "mnt").string()});
    BOOST_TEST(said.status != 0);
    BOOST_TEST(holds(said.output, profile.string() + expected), said.output);
  };
  refused("", ":1: this is no profile: it is empty");
  refused("gitfs-actor profile 7\n", ":1: this profile is of another version");
  refused("gitfs-actor profile 1\n1 1 - a\n2 1 - ../../etc/passwd\n", ":3: '.' and '..' cannot be parts");
  refused(std::string(5'000'000, '\n'), ": no profile has more than 4 MB");
  {
    std::ofstream out{profile};
    out << "gitfs-actor profile 1\nfolder src\n1 63 a **\n1 63 a */*\n1 0 a d1\n1 63 a d1/f1\n1 - a d2/f2\n1 1 a ";
    for (int i = 0; i < 400; ++i)
      out << "d/";
    out << "d\n";
  }
  const mount m{url(), {"--profile", profile.string()}};
  wait_for(m, 1);
  must_run("cat src/d3/f3 >/dev/null", m.path());
  BOOST_TEST(m.counter("prefetch.blobs") <= 3U);
}

// Of an entry of a config file; what cannot be read is said, and the mount does without.
BOOST_AUTO_TEST_CASE(in_a_config_file) {
  record();
  const std::string entry = R"({"source": ")" + url() + R"(", "profile": ")";
  const mount m{mount_plan{.config = R"({"tree": {"a": )" + entry + profile.string() + R"("}, "b": )" + entry
                                     + (dir / "none").string() + R"("}}})"}};
  must_run("ls a b >/dev/null", m.path());
  wait_for(m, 40);
  server.clear_requests();
  must_run(profile_files::job, m / "a");
  BOOST_TEST(server.count() <= 2U, server.count()); // sizes for b may still be on their way
  must_run(profile_files::job, m / "b");
  BOOST_TEST(holds(m.log(), "it is mounted without its profile: cannot read the profile " + (dir / "none").string()),
             m.log());
}

// What is recorded for profiles is in no trace, and what is used of one is.
BOOST_AUTO_TEST_CASE(a_trace_of_it_replays) {
  record();
  const fs::path trace = dir / "trace";
  {
    mount m{url(), {"--profile", profile.string(), "--trace", trace.string()}};
    wait_for(m, 40);
    must_run(profile_files::job + "; find . -ls >/dev/null; \"$GITFS_BINARY\" profile record . >/dev/null", m.path());
    m.unmount();
  }
  const auto shown = run("\"$GITFS_BINARY\" trace show --message use_profile " + shell_quoted(trace));
  BOOST_TEST(holds(shown.output, "prefetcher use_profile commit="), shown.output);
  const auto replayed = run_program({"replay", trace.string()});
  BOOST_TEST(replayed.status == 0, replayed.output);
  const auto shuffled = run_program({"replay", "--shuffle", "1..3", trace.string()});
  BOOST_TEST(shuffled.status == 0, shuffled.output);
}

// Each job has a run of its own, and both are kept.
BOOST_AUTO_TEST_CASE(two_mounts_of_one_source) {
  const temp_dir cache;
  {
    const mount a{mount_plan{.source = url(), .cache_dir = cache.path()}},
        b{mount_plan{.source = url(), .cache_dir = cache.path()}};
    must_run("cat src/d1/* >/dev/null", a.path());
    must_run("cat src/d2/* >/dev/null", b.path());
  }
  BOOST_TEST(kept_in(cache.path()).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

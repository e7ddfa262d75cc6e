// Traces of real mounts: from memory, from a file, after a crash; and what is not in them.
#include "actors/trace/read/trace_reader.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/outcome.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>

namespace gitfs::test {

namespace trace {

namespace {

using namespace gitfs::trace;

const char* const content = "what-stands-in-a-file-4711";

// A sanitizer would report the one that is a crash in earnest.
const int crash = sanitized() ? SIGABRT : SIGSEGV;

struct served {
  scratch_repository repository{"for a in 1 2 3 4 5 6; do for b in 1 2 3 4 5; do mkdir -p a-folder-$a/b$b; "
                                "echo what-stands-in-a-file-4711 $a $b >a-folder-$a/b$b/f; "
                                "ln -s f a-folder-$a/b$b/l; done; done"};
  git_server server{repository.root()};
  temp_dir dir;

  std::string url() const { return server.url("scratch.git"); }

  static void walk(const mount& m) {
    const std::string there = shell_quoted(m.path().string());
    must_run("for i in 1 2 3 4; do find " + there + " -ls >/dev/null & done; grep -rq nothing-has-this " + there
             + "; ls " + there + "/absent 2>/dev/null; cat " + there + "/a-folder-1/b1/f; wait");
  }

  std::filesystem::path dumped(const mount& m, const std::vector<std::string>& options = {}) const {
    const auto file = dir / "dumped";
    std::vector<std::string> words{"trace", "dump"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {m.path().string(), file.string()});
    const auto done = run_program(words);
    BOOST_REQUIRE_MESSAGE(done.status == 0, done.output);
    return file;
  }
};

loaded read(const std::filesystem::path& file) {
  auto out = read_file(file);
  BOOST_REQUIRE_MESSAGE(out, reason_of(out));
  BOOST_TEST(!out.value().in.torn);
  BOOST_REQUIRE(!out.value().in.records.empty());
  return std::move(out.value());
}

// What holds of every trace from whose begin nothing is lost, of a mount that rests.
void check(const contents& in) {
  BOOST_REQUIRE(in.records.front().order == 1U);
  std::map<std::uint64_t, int> asked;
  std::map<std::uint64_t, int> answered;
  std::unordered_map<std::uint64_t, const record*> by_order;
  std::map<actor_key, const record*> last;
  std::size_t messages = 0;
  for (const record& r : in.records) {
    BOOST_TEST(by_order.emplace(r.order, &r).second, "given twice: " << r.order);
    if (r.cause != 0) {
      BOOST_REQUIRE(by_order.contains(r.cause)); // so it is earlier: records are in order
      BOOST_TEST(by_order[r.cause]->time <= r.time, r.order);
    }
    if (r.what == kind::kernel_request)
      ++asked[number_in(r, "request")];
    if (r.what == kind::reply)
      ++answered[number_in(r, "request")];
    if (!is_message(r.what))
      continue;
    ++messages;
    // An actor takes one message after the other.
    if (const record* before = last[r.actor]; before != nullptr && before->duration != record::no_duration)
      BOOST_TEST(before->time + before->duration <= r.time, before->order << " and " << r.order);
    last[r.actor] = &r;
  }
  BOOST_TEST(messages > 100U);
  BOOST_TEST(asked.size() > 50U);
  BOOST_TEST((asked == answered));
  for (const auto& [request, times] : asked)
    BOOST_TEST(times == 1, request);
}

std::uint64_t request_for(const contents& in, std::string_view name) {
  for (const record& r : in.records)
    if (r.what == kind::kernel_request)
      for (const field_value& each : fields_of(r))
        if (each.what.name == "name" && each.text == name)
          return number_in(r, "request");
  BOOST_FAIL("nobody asked for " << name);
  return 0;
}

program_result shown(const std::filesystem::path& file, std::vector<std::string> options) {
  options.insert(options.begin(), {"trace", "show"});
  options.push_back(file.string());
  auto out = run_program(options);
  BOOST_TEST(out.status == 0, out.output);
  return out;
}

} // namespace

} // namespace trace

BOOST_FIXTURE_TEST_SUITE(trace, trace::served)

BOOST_AUTO_TEST_CASE(what_a_mount_keeps_in_memory) {
  const mount m{url()};
  walk(m);
  const loaded file = read(dumped(m));
  check(file.in);
  BOOST_TEST(file.in.header.process == static_cast<std::uint32_t>(m.pid()));
}

BOOST_AUTO_TEST_CASE(a_file_and_its_readers) {
  const auto path = dir / "trace";
  {
    const mount m{url(), {"--trace", path.string()}};
    walk(m);
  }
  const loaded file = read(path);
  check(file.in);
  BOOST_TEST(must_run("stat -c %a trace", dir.path()) == "600");

  const std::string number = std::to_string(request_for(file.in, "absent"));
  const std::string story = shown(path, {"--request", number}).output;
  BOOST_TEST(holds(story, "op=lookup"), story);
  BOOST_TEST(holds(story, "kind=absent"), story);
  BOOST_TEST(!holds(story, "not answered"), story);
  const std::string by_path = shown(path, {"--path", "/a-folder-1/b1"}).output;
  BOOST_TEST(holds(by_path, " /a-folder-1/b1 kernel_op "), by_path);
  BOOST_TEST(!holds(by_path, " /a-folder-2 "), by_path);
  const std::string finished = shown(path, {"--message", "transfer_finished"}).output;
  BOOST_TEST(holds(finished, " server transfer_finished "), finished);
  BOOST_TEST(!holds(finished, "kernel_op"), finished);
  BOOST_TEST(shown(path, {"--from", "100000"}).output == "");
  BOOST_TEST(shown(path, {"--until", "100000"}).output == shown(path, {}).output);

  const auto stats = run_program({"trace", "stats", path.string()});
  BOOST_TEST(stats.status == 0);
  BOOST_TEST(holds(stats.output, "\nkernel_op "), stats.output);
  BOOST_TEST(holds(stats.output, "; 0 between them are missing"), stats.output);

  const auto json = run_program({"trace", "export", "--perfetto", path.string()});
  BOOST_TEST(json.status == 0);
  must_run("$GITFS_BINARY trace export --perfetto trace >trace.json && python3 -c '\n"
           "import json\n"
           "events = json.load(open(\"trace.json\"))[\"traceEvents\"]\n"
           "phases = [each[\"ph\"] for each in events]\n"
           "assert phases.count(\"X\") > 100 and phases.count(\"s\") == phases.count(\"f\") > 100, phases\n"
           "names = {each[\"args\"][\"name\"] for each in events if each[\"ph\"] == \"M\"}\n"
           "assert {\"kernel\", \"server\", \"supervisor\", \"fetcher\", \"/a-folder-1/b1\"} <= names, names\n'",
           dir.path());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_full_is_begun_anew) {
  const auto path = dir / "trace";
  {
    const mount m{url(), {"--trace", path.string(), "--trace-size", "64K", "-oxattr"}};
    // An attribute is asked for each time.
    must_run("python3 -c '\nimport os\nfor i in range(4000): os.listxattr(\"a-folder-1/b1/f\")'", m.path());
  }
  for (const auto& each : {path, dir / "trace.1"}) {
    BOOST_TEST(std::filesystem::file_size(each) <= 64U << 10);
    read(each);
  }
  BOOST_TEST(std::filesystem::file_size(dir / "trace.1") > 32U << 10);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_there_is_kept) {
  const auto path = dir / "trace";
  const std::vector<std::string> options{"--trace", path.string()};
  must_run("echo mine >trace", dir.path());
  BOOST_CHECK_EXCEPTION((mount{url(), options}), std::runtime_error,
                        [](const auto& e) { return holds(e.what(), "trace exists and is not a trace"); });
  BOOST_TEST(must_run("cat trace; rm trace", dir.path()) == "mine");
  std::string first;
  {
    const mount m{url(), options};
    walk(m);
  }
  first = *read(path).bytes;
  { const mount m{url(), options}; }
  BOOST_TEST((*read(dir / "trace.1").bytes == first));
  BOOST_TEST((*read(path).bytes != first));
}

BOOST_AUTO_TEST_CASE(names_can_be_taken_out) {
  const mount m{url()};
  walk(m);
  const auto plain = dumped(m);
  BOOST_TEST(holds(must_run("cat dumped | tr -cd '[:print:]'", dir.path()), "a-folder-1"));
  BOOST_TEST(holds(shown(plain, {}).output, "a-folder-1"));
  BOOST_TEST(!holds(shown(plain, {"--redact"}).output, "a-folder-1"));
  const loaded redacted = read(dumped(m, {"--redact"}));
  check(redacted.in);
  BOOST_TEST(!holds(*redacted.bytes, "a-folder-1"));
}

// Of contents, of the URL, and of what it takes to get there.
BOOST_AUTO_TEST_CASE(no_secrets) {
  const std::string with_auth = server.url("auth", "scratch.git");
  const auto path = dir / "trace";
  std::string bytes;
  {
    const mount m{"http://user:pass@" + with_auth.substr(7), {"--trace", path.string()}};
    walk(m);
    BOOST_TEST(holds(must_run("cat a-folder-1/b1/f", m.path()), content));
    bytes = *read(dumped(m)).bytes;
  }
  bytes += *read(path).bytes;
  BOOST_TEST(holds(bytes, "a-folder-1")); // names are there, so we would see
  for (const char* secret :
       {content, "what-stands", "user:pass", "dXNlcjpwYXNz", "Basic", "Authorization", "http", "127.0.0.1"})
    BOOST_TEST(!holds(bytes, secret), secret);
}

// Of sources of a tree of repositories where they are, which is no name of a file and goes with the names; no
// credentials.
BOOST_AUTO_TEST_CASE(no_secrets_of_a_tree) {
  const std::string helper = "!echo username=user && echo password=pass #";
  const scoped_env count{"GIT_CONFIG_COUNT", "1"}, key{"GIT_CONFIG_KEY_0", "credential.helper"},
      value{"GIT_CONFIG_VALUE_0", helper.c_str()};
  const auto path = dir / "trace";
  std::string bytes, redacted;
  {
    const mount m{{.options = {"--trace", path.string()},
                   .config = config_text({{"a-team/one", repository_entry(server.url("auth", "scratch.git"))},
                                          {"a-team/two", repository_entry(repository.bare().string(), "main")}})}};
    walk(m);
    BOOST_TEST(holds(must_run("cat a-team/*/a-folder-1/b1/f", m.path()), content));
    bytes = *read(dumped(m)).bytes;
    redacted = *read(dumped(m, {"--redact"})).bytes;
  }
  bytes += *read(path).bytes;
  for (const char* there : {"a-folder-1", "a-team/one", "main", "http"})
    BOOST_TEST(holds(bytes, there), there);
  for (const char* secret : {content, "what-stands", "user:pass", "dXNlcjpwYXNz", "Basic", "Authorization", "password"})
    BOOST_TEST(!holds(bytes, secret), secret);
  for (const char* name : {"a-team", "a-folder", "main", "http", "scratch"})
    BOOST_TEST(!holds(redacted, name), name);
}

BOOST_AUTO_TEST_CASE(a_crash_leaves_what_was_in_memory) {
  mount m{url()};
  walk(m);
  const auto left = m.path().parent_path() / "log.crash-trace";
  BOOST_TEST(!std::filesystem::exists(left));
  ::kill(m.pid(), crash);
  BOOST_TEST(
      eventually([&] { return std::filesystem::exists(left) && read_file(left) && !read_file(left).value().in.torn; }));
  m.kill();
  check(read(left).in);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_said) {
  const mount m{url(), {"--trace-memory", "0"}};
  const auto none = run_program({"trace", "dump", m.path().string(), dir / "none"});
  BOOST_TEST(none.status == 1);
  BOOST_TEST(holds(none.output, "records nothing"), none.output);
  BOOST_TEST(!std::filesystem::exists(dir / "none"));
  const auto elsewhere = run_program({"trace", "dump", dir.path().string(), dir / "none"});
  BOOST_TEST(elsewhere.status == 1);
  BOOST_TEST(holds(elsewhere.output, "not a mount of gitfs-actor"), elsewhere.output);
  must_run("head -c 1000 /dev/urandom >noise", dir.path());
  const auto noise = run_program({"trace", "show", dir / "noise"});
  BOOST_TEST(noise.status == 1);
  BOOST_TEST(holds(noise.output, "noise: this is not a trace: give a file that "), noise.output);
  const auto folder = run_program({"trace", "show", m.path().string()});
  BOOST_TEST(folder.status == 1);
  BOOST_TEST(holds(folder.output, "'gitfs-actor trace dump " + m.path().string() + " FILE'"), folder.output);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

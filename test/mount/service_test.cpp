// The mount as a service of systemd: what it tells the service manager, and the unit.
#include "config/unique_fd.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace gitfs::test {

namespace service {

namespace {

// The service manager's end of $NOTIFY_SOCKET.
class notify_socket {
public:
  explicit notify_socket(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    BOOST_REQUIRE(name.size() < sizeof address.sun_path);
    name.copy(address.sun_path, name.size());
    if (name.front() == '@')
      address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    BOOST_REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }

  /// The next message; empty: none has come in time.
  std::string next(std::chrono::milliseconds limit = patience) const {
    std::string out(4096, '\0');
    ssize_t n = -1;
    eventually([&] { return (n = ::recv(fd_.get(), out.data(), out.size(), MSG_DONTWAIT)) >= 0; }, limit);
    out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return out;
  }

private:
  const unique_fd fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

struct served {
  scratch_repository repository{"echo x >f"};
  temp_dir dir;

  std::string command(const std::string& socket, const std::string& source,
                      const std::string& options = "--foreground") const {
    return "NOTIFY_SOCKET=" + shell_quoted(socket) + " exec \"$GITFS_BINARY\" mount " + options + " --cache-dir "
           + shell_quoted(dir / "cache") + " --log-file " + shell_quoted(dir / "log") + " "
           + (source.empty() ? "" : shell_quoted(source) + " ") + shell_quoted(dir / "mnt");
  }
  bool reads() const { return run("cat mnt/f", dir.path()).output == "x\n"; }
};

} // namespace

} // namespace service

BOOST_FIXTURE_TEST_SUITE(service, service::served)

BOOST_AUTO_TEST_CASE(it_tells_when_it_serves_and_when_it_stops) {
  for (const std::string& name : {(dir / "notify").string(), "@gitfs-actor-test-" + std::to_string(::getpid())}) {
    const notify_socket manager{name};
    background daemon{command(name, repository.bare())};
    const std::string first = manager.next();
    BOOST_TEST(first.starts_with("READY=1\nMAINPID=" + std::to_string(daemon.pid()) + "\nSTATUS=mounted "), first);
    BOOST_TEST(reads());
    // Children, as git's credential helpers, are not to speak for it.
    BOOST_TEST(::kill(daemon.pid(), SIGTERM) == 0);
    BOOST_TEST(manager.next() == "STOPPING=1\nSTATUS=unmounting");
    const auto ended = daemon.result();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->status == 0);
    BOOST_TEST(!is_mounted(dir / "mnt"));
  }
}

// As sd_notify(3) has it for a unit of Type=notify, and what notify-reload needs.
BOOST_AUTO_TEST_CASE(it_tells_when_it_reloads_and_when_that_has_ended) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000;
  };
  const std::string name = dir / "notify", file = dir / "config.json";
  const std::string good = R"({"tree": {"r": {"source": ")" + repository.bare().string() + "\"}}}";
  const notify_socket manager{name};
  std::ofstream{file} << good;
  const struct {
    const char* what;
    std::string command;
    std::string file; ///< what the config file is when SIGHUP comes
  } table[] = {
      {"a plain mount", command(name, repository.bare()), good},
      {"a followed one", command(name, repository.bare(), "--foreground --follow on-request"), good},
      {"a config file", command(name, "", "--foreground --config " + shell_quoted(file)), good},
      {"one that is wrong now", command(name, "", "--foreground --config " + shell_quoted(file)), "{"},
  };
  for (const auto& each : table) {
    std::ofstream{file} << good;
    background daemon{each.command};
    BOOST_TEST(manager.next().starts_with("READY=1\n"), each.what);
    std::ofstream{file} << each.file;
    const auto before = now();
    BOOST_TEST(::kill(daemon.pid(), SIGHUP) == 0);
    const std::string begin = manager.next(), head = "RELOADING=1\nMONOTONIC_USEC=";
    BOOST_REQUIRE_MESSAGE(begin.starts_with(head), each.what << ": " << begin);
    const std::int64_t told = std::stoll(begin.substr(head.size()));
    BOOST_TEST(told >= before, each.what);
    BOOST_TEST(told <= now(), each.what);
    BOOST_TEST(manager.next().starts_with("READY=1\n"), each.what);
    BOOST_TEST(::kill(daemon.pid(), SIGTERM) == 0);
    BOOST_TEST(manager.next().starts_with("STOPPING=1\n"), each.what);
    BOOST_TEST(daemon.result().has_value());
  }
}

BOOST_AUTO_TEST_CASE(from_the_background_it_says_which_process_serves) {
  const std::string name = dir / "notify";
  const notify_socket manager{name};
  must_run("(" + command(name, repository.bare(), "--pid-file " + shell_quoted(dir / "pid")) + ")");
  BOOST_TEST(holds(manager.next(), "READY=1\nMAINPID=" + must_run("cat pid", dir.path()) + "\n"));
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
  BOOST_TEST(manager.next() == "STOPPING=1\nSTATUS=unmounting");
}

// The manager is to watch the process that serves: the one that it has started ends at once.
BOOST_AUTO_TEST_CASE(what_stands_there_already_is_ready_too) {
  const std::string name = dir / "notify";
  must_run("(" + command((dir / "nobody").string(), repository.bare(), "--pid-file " + shell_quoted(dir / "pid"))
           + ")");
  const notify_socket manager{name};
  background again{command(name, repository.bare(), "--foreground --if-needed")};
  BOOST_TEST(holds(manager.next(), "READY=1\nMAINPID=" + must_run("cat pid", dir.path()) + "\n"));
  const auto ended = again.result();
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->status == 0, ended->output);
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
}

BOOST_AUTO_TEST_CASE(what_fails_is_its_status) {
  const std::string name = dir / "notify";
  const notify_socket manager{name};
  background daemon{command(name, "http://user:hunter2@127.0.0.1:1/x.git")};
  const std::string said = manager.next();
  BOOST_TEST(said.starts_with("STATUS="), said);
  BOOST_TEST(holds(said, "127.0.0.1"), said);
  BOOST_TEST(!holds(said, "hunter2"), said);
  const auto ended = daemon.result();
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->status == 1);
}

BOOST_AUTO_TEST_CASE(without_a_manager_it_is_silent) {
  background daemon{command((dir / "nobody").string(), repository.bare())};
  BOOST_TEST(eventually([&] { return reads(); }));
  daemon.signal(SIGINT);
  const auto ended = daemon.result();
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->status == 0);
}

// systemd's own reading of the unit; the program and its page are not installed here.
BOOST_AUTO_TEST_CASE(the_unit_is_good) {
  const std::string unit = std::string{std::getenv("GITFS_SOURCE_DIR")} + "/packaging/gitfs-actor@.service";
  must_run("sed 's:/usr/bin/gitfs-actor:'\"$GITFS_BINARY\"':' " + shell_quoted(unit) + " >gitfs-actor@.service",
           dir.path());
  const auto said = run("systemd-analyze verify --man=no ./gitfs-actor@test.service", dir.path());
  BOOST_TEST(said.status == 0, said.output);
  BOOST_TEST(!holds(said.output, "gitfs-actor@"), said.output);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

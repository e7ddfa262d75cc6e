// gitfs-actor top on a real terminal (tmux) and without one.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace gitfs::test {

namespace top {

namespace {

// A terminal of a known size, that a program runs in.
class screen {
public:
  screen(const std::string& command, int columns, int rows) {
    must_run(tmux("-f /dev/null new-session -d -x " + std::to_string(columns) + " -y " + std::to_string(rows) + ' '
                  + shell_quoted("stty -a | tail -n +2 >" + file("before") + "; " + command + "; echo $? >"
                                 + file("status") + "; stty -a | tail -n +2 >" + file("at-end") + "; mv "
                                 + file("at-end") + " " + file("after") + "; sleep 1000")));
  }
  ~screen() { run(tmux("kill-server")); }
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  std::string text() const { return must_run(tmux("capture-pane -p")); }
  void press(const std::string& keys) const { must_run(tmux("send-keys " + keys)); }
  void resize(int columns, int rows) const {
    must_run(tmux("resize-window -x " + std::to_string(columns) + " -y " + std::to_string(rows)));
  }
  /// Waits until the screen shows it.
  bool shows(std::string_view part) const {
    const bool seen = eventually([&] { return holds(text(), part); });
    if (!seen)
      BOOST_TEST_MESSAGE("the screen is\n" << text());
    return seen;
  }
  bool hides(std::string_view part) const {
    return eventually([&] { return !holds(text(), part); });
  }
  pid_t pid_of_program() const {
    return std::stoi(must_run("pgrep -P " + must_run(tmux("display-message -p '#{pane_pid}'")) + " gitfs-actor"));
  }
  bool has_ended() const { return std::filesystem::exists(dir_ / "after"); }
  /// The program has ended: its exit status; the terminal must be as it was.
  int status() const {
    BOOST_REQUIRE(eventually([&] { return has_ended(); }));
    BOOST_TEST(must_run("cmp " + file("before") + " " + file("after") + " && echo same") == "same");
    BOOST_TEST(must_run(tmux("display-message -p '#{alternate_on} #{cursor_flag} #{wrap_flag}'")) == "0 1 1");
    return std::stoi(must_run("cat " + file("status")));
  }

private:
  std::string file(const std::string& name) const { return shell_quoted(dir_ / name); }
  std::string tmux(const std::string& words) const {
    return "TMUX_TMPDIR=" + shell_quoted(dir_.path()) + " tmux " + words;
  }
  temp_dir dir_;
};

struct watched {
  scratch_repository repository{"for a in 1 2 3 4 5 6 7 8; do mkdir -p folder-$a; for b in 1 2 3 4 5 6; do "
                                "head -c 3000 /dev/urandom >folder-$a/file-$b; done; done"};
  git_server server{repository.root()};
  std::string program = "\"$GITFS_BINARY\" top --interval 0.2 ";
};

} // namespace

} // namespace top

BOOST_FIXTURE_TEST_SUITE(top, top::watched)

BOOST_AUTO_TEST_CASE(a_walk_is_seen_and_keys_are_obeyed) {
  const mount m{server.url("scratch.git")};
  const screen s{program + shell_quoted(m.path()), 120, 30};
  BOOST_TEST(s.shows("every 0.2 s  by busiest"));
  BOOST_TEST(s.shows("q quit"));
  must_run("find . -ls >/dev/null; cat folder-1/file-1 >/dev/null", m.path());
  const auto total = [&](const std::string& kind) {
    const std::string name = "\n" + kind + std::string(12 - kind.size(), ' ');
    const std::string count = std::to_string(m.counter("kernel." + kind));
    return name + ' ' + std::string(10 - count.size(), ' ') + count + ' ';
  };
  BOOST_TEST(s.shows(total("readdirplus")));
  BOOST_TEST(s.shows(total("read")));
  BOOST_TEST(s.shows("directories " + std::to_string(m.counter("directories.live")) + ","));
  s.press("n");
  BOOST_TEST(s.shows("by name"));
  s.press("/ readd Enter");
  BOOST_TEST(s.shows("filter 'readd'"));
  BOOST_TEST(s.hides("\nread  "));
  BOOST_TEST(s.shows("\nreaddirplus "));
  s.press("Escape");
  BOOST_TEST(s.shows("\nread  "));
  s.press("Up"); // a key that has no meaning
  s.press("+");
  BOOST_TEST(s.shows("every 0.4 s"));
  s.resize(80, 12);
  BOOST_TEST(eventually([&] {
    const std::string text = s.text();
    return std::count(text.begin(), text.end(), '\n') == 11 && text.substr(text.rfind('\n') + 1).starts_with("q quit");
  }));
  s.press("q");
  BOOST_TEST(s.status() == 0);
}

// At 2,000 bytes a second the file takes long enough to be looked at.
BOOST_AUTO_TEST_CASE(who_waits_for_what_is_on_its_way) {
  const mount m{server.url("rate2000", "scratch.git"), {"-oprefetch=off"}};
  must_run("ls folder-2", m.path());
  const screen s{program + shell_quoted(m.path()), 120, 30};
  background reader{"exec cat " + shell_quoted(m / "folder-2/file-3")};
  BOOST_TEST(s.shows("/folder-2/file-3"));
  BOOST_TEST(s.shows(" demand "));
  s.press("/ no-such-thing Enter");
  BOOST_TEST(s.hides("/folder-2/file-3"));
  s.press("Escape");
  const auto done = reader.result();
  BOOST_REQUIRE(done.has_value());
  BOOST_TEST(done->status == 0);
  BOOST_TEST(s.hides("/folder-2/file-3"));
  s.press("q");
  BOOST_TEST(s.status() == 0);
}

BOOST_AUTO_TEST_CASE(a_signal_leaves_the_terminal_as_it_was) {
  const mount m{server.url("scratch.git")};
  for (const int signal : {SIGTERM, SIGINT}) {
    const screen s{program + shell_quoted(m.path()), 100, 20};
    BOOST_TEST(s.shows("q quit"));
    ::kill(s.pid_of_program(), signal);
    BOOST_TEST(s.status() == (signal == SIGINT ? 0 : 128 + signal));
  }
}

BOOST_AUTO_TEST_CASE(a_mount_that_ends) {
  mount m{server.url("scratch.git")};
  const screen s{program + shell_quoted(m.path()), 100, 20};
  BOOST_TEST(s.shows("q quit"));
  m.unmount();
  BOOST_TEST(s.status() == 1);
  // It may have asked at the very moment.
  BOOST_TEST(eventually([&] {
    const std::string text = s.text();
    return holds(text, "is not a mount of gitfs-actor") || holds(text, " is ending") || holds(text, " has ended ");
  }));
}

BOOST_AUTO_TEST_CASE(without_a_terminal) {
  const mount m{server.url("scratch.git")};
  const std::string there = shell_quoted(m.path());
  must_run("find . >/dev/null", m.path());
  const std::string once = must_run(program + "--once " + there);
  BOOST_TEST(holds(once, "\nOPERATION "), once);
  BOOST_TEST(holds(once, "\nreaddirplus "), once);
  BOOST_TEST(!holds(once, "\x1b"), once);
  // As many as are read, then the reader has gone.
  const std::string frames = must_run(program + there + " | grep -m3 OPERATION");
  BOOST_TEST(std::count(frames.begin(), frames.end(), '\n') == 2);
  const auto elsewhere = run_program({"top", "--once", "/"});
  BOOST_TEST(elsewhere.status == 1);
  BOOST_TEST(holds(elsewhere.output, "/ is not a mount of gitfs-actor"), elsewhere.output);
}

// Keys and signals work while the mount is silent, and the process ends without its answer.
BOOST_AUTO_TEST_CASE(a_mount_that_does_not_answer) {
  const mount m{server.url("scratch.git")};
  // The leak sanitizer would wait for the thread that waits for the mount.
  const screen s{"ASAN_OPTIONS=detect_leaks=0 " + program + shell_quoted(m.path()), 160, 20};
  BOOST_TEST(s.shows("q quit"));
  ::kill(m.pid(), SIGSTOP);
  BOOST_TEST(s.shows("the mount has not answered for "));
  s.press("n");
  BOOST_TEST(s.shows("by name"));
  s.press("q");
  const bool ended = eventually([&] { return s.has_ended(); });
  ::kill(m.pid(), SIGCONT);
  BOOST_TEST(ended);
  BOOST_TEST(s.status() == 0);
}

// Of a repository on this machine nothing is ever on its way: the supervisor answers alone.
BOOST_AUTO_TEST_CASE(a_local_repository) {
  const mount m{repository.bare().string()};
  must_run("find . >/dev/null", m.path());
  BOOST_TEST(holds(must_run(program + "--once " + shell_quoted(m.path())), "\nreaddirplus "));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

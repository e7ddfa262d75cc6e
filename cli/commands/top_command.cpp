#include "cli/commands/commands.hpp"

#include "cli/screens/terminal.hpp"
#include "cli/screens/top_model.hpp"
#include "cli/system/control.hpp"
#include "config/overloaded.hpp"
#include "config/unique_fd.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace gitfs {

namespace {

using clock_type = std::chrono::steady_clock;

double seconds_now() {
  return std::chrono::duration<double>{clock_type::now().time_since_epoch()}.count();
}

result<top_sample> take_sample(const std::filesystem::path& mountpoint) {
  top_sample out;
  GITFS_TRY(counters, ask_report(mountpoint));
  GITFS_TRY(now, ask_activity(mountpoint));
  out.seconds = seconds_now();
  out.counters = std::move(counters);
  out.now = std::move(now);
  return out;
}

// Asks the mount on a thread of its own, so that keys and signals work while the mount does not answer. The thread is
// detached, because only the end of the process can end a question that is not answered. `answer` belongs to that
// thread from `ask` until `answered` can be read, and then to the other thread.
class asker {
public:
  explicit asker(std::filesystem::path mountpoint) : shared_(std::make_shared<shared>()) {
    std::thread{[s = shared_, path = std::move(mountpoint)] {
      for (std::uint64_t one = 0; ::read(s->requests.get(), &one, sizeof one) == sizeof one;) {
        s->answer = take_sample(path);
        s->ready.store(true, std::memory_order_release);
        (void)!::write(s->answered.get(), &one, sizeof one);
      }
    }}.detach();
  }

  /// Begins a question. Not called before the last question was answered.
  void ask() {
    const std::uint64_t one = 1;
    (void)!::write(shared_->requests.get(), &one, sizeof one);
  }
  /// The answer; none if it has not come yet.
  std::optional<result<top_sample>> take() {
    std::uint64_t ignored = 0;
    (void)!::read(shared_->answered.get(), &ignored, sizeof ignored);
    if (!shared_->ready.exchange(false, std::memory_order_acquire))
      return std::nullopt;
    return std::exchange(shared_->answer, std::nullopt);
  }
  /// A descriptor that can be read when an answer has come.
  int event() const { return shared_->answered.get(); }

private:
  struct shared {
    const unique_fd requests{::eventfd(0, EFD_CLOEXEC)};
    const unique_fd answered{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::atomic<bool> ready{false};
    std::optional<result<top_sample>> answer;
  };
  std::shared_ptr<shared> shared_;
};

result<void> print_frames(top_model& model, const top_options& options) {
  for (;;) {
    GITFS_TRY(sample, take_sample(options.mountpoint));
    model.take(std::move(sample));
    if (model.samples() > 1) {
      std::string text;
      for (const top_model::line& each : model.frame())
        text += each.text + '\n';
      text += options.once ? "" : "\n";
      if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
        return system_failure(errno, "cannot write");
      if (options.once)
        return success();
    }
    std::this_thread::sleep_for(std::chrono::duration<double>{model.interval()});
  }
}

// Runs the screen: it draws the model again and again, and gives keys to the model. `run` returns the signal that has
// ended it, or 0.
class watch {
public:
  watch(terminal& screen, top_model& model, const std::filesystem::path& mountpoint)
    : screen_(screen),
      model_(model),
      asker_(mountpoint) {}

  result<int> run() {
    ask();
    for (;;) {
      draw();
      const terminal::event came = screen_.next(milliseconds_left(), asker_.event());
      if (const auto* end = std::get_if<terminal::ended>(&came))
        return end->signal == SIGINT ? 0 : end->signal;
      if (const auto* pressed = std::get_if<terminal::key>(&came)) {
        const top_model::effect does = model_.key(pressed->text);
        if (does == top_model::effect::quit)
          return 0;
        if (does == top_model::effect::sample)
          next_ = clock_type::now();
      }
      if (auto answer = asker_.take()) {
        waiting_ = false;
        GITFS_TRY(sample, std::move(*answer));
        model_.take(std::move(sample));
      }
      if (!waiting_ && clock_type::now() >= next_)
        ask();
    }
  }

private:
  void ask() {
    asker_.ask();
    waiting_ = true;
    requested_at_ = clock_type::now();
    next_ = requested_at_
            + std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>{model_.interval()});
  }

  int milliseconds_left() const {
    constexpr int while_waiting = 1000;
    if (waiting_)
      return while_waiting;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_ - clock_type::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  void draw() {
    const auto frame = model_.frame();
    std::vector<terminal::line> lines;
    lines.reserve(frame.size());
    for (const top_model::line& each : frame)
      lines.push_back({each.text, each.heading});
    std::string footer = model_.footer();
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(clock_type::now() - requested_at_).count();
    if (waiting_ && since > 1)
      footer = "the mount has not answered for " + std::to_string(since) + " s   " + footer;
    screen_.draw(lines, footer);
  }

  terminal& screen_;
  top_model& model_;
  asker asker_;
  bool waiting_ = false;
  clock_type::time_point requested_at_{}, next_{};
};

result<int> run(const top_options& options) {
  top_model model{options.mountpoint.string(), options.interval};
  if (options.once || options.batch || ::isatty(STDOUT_FILENO) != 1) {
    GITFS_TRYV(print_frames(model, options));
    return 0;
  }
  GITFS_TRYV(ask_report(options.mountpoint)); // an error is printed on the usual screen, before the other one is taken
  GITFS_TRY(screen, terminal::open());
  return watch{screen, model, options.mountpoint}.run();
}

} // namespace

int run_top(const top_options& options) {
  const auto done = run(options);
  if (!done) {
    std::fprintf(stderr, "gitfs-actor: %s\n", done.error().message.c_str());
    return 1;
  }
  if (done.value() != 0)
    ::raise(done.value()); // so that the parent process sees which signal has ended this one
  return 0;
}

} // namespace gitfs

#include "cli/commands/commands.hpp"

#include "actors/replay/replay_report.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

namespace gitfs {

namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

constexpr std::string_view step_help = "  n, Enter   take this message\n"
                                       "  a          go on to the next message of the same actor\n"
                                       "  NUMBER     go on to the message with that number\n"
                                       "  s          show the actor's state\n"
                                       "  c          show what led to this message\n"
                                       "  r          go on to the end\n"
                                       "  q          quit\n";

// One session of `gitfs-actor replay`.
class session {
public:
  session(const replay_options& options, const trace::contents& in, const recording& from)
    : options_(options),
      from_(from),
      names_(in, false),
      play_(from) {}

  // False: the replay has diverged from the recording.
  bool run() {
    while (play_.more() && !quit_ && (!options_.until || play_.next().order <= *options_.until)) {
      const trace::record& r = play_.next();
      const bool stops = options_.step && is_stop(r);
      if (stops)
        ask(r);
      if (quit_)
        break;
      const bool shown = stops || (!options_.step && options_.actor && is_theirs(r));
      play_.step();
      if (shown && !options_.json)
        print(names_.line_of(r) + "\n" + indented(play_.describe(r.actor)));
    }
    print(options_.json ? report_json(play_, from_, names_) : report_text(play_, from_, names_));
    return !play_.diverged();
  }

private:
  bool is_theirs(const trace::record& r) const {
    return r.actor.is == trace::actor_kind::directory && r.actor.inode == names_.directory_of(*options_.actor);
  }

  bool is_stop(const trace::record& r) const {
    if (to_end_)
      return false;
    if (next_of_)
      return r.actor == *next_of_;
    if (next_order_ != 0)
      return r.order >= next_order_;
    return !options_.actor || is_theirs(r);
  }

  static std::string indented(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      out += "    " + text.substr(at, end - at) + "\n";
      at = end + 1;
    }
    return out;
  }

  // Answers questions about the next message until the user says how to go on. The end of the input ends the session.
  void ask(const trace::record& r) {
    next_of_.reset();
    next_order_ = 0;
    print("next: " + names_.line_of(r) + "\n");
    for (std::string said;;) {
      print("> ");
      std::fflush(stdout);
      if (!std::getline(std::cin, said) || said == "q") {
        quit_ = true;
        return;
      }
      std::uint64_t order = 0;
      const auto [end, ec] = std::from_chars(said.data(), said.data() + said.size(), order);
      if (said.empty() || said == "n")
        return;
      if (said == "a") {
        next_of_ = r.actor;
        return;
      }
      if (said == "r") {
        to_end_ = true;
        return;
      }
      if (ec == std::errc{} && end == said.data() + said.size()) {
        next_order_ = order;
        return;
      }
      if (said == "s")
        print(indented(play_.describe(r.actor)));
      else if (said == "c")
        for (const std::string& line : causal_chain(from_, names_, r.order))
          print("    " + line + "\n");
      else
        print(step_help);
    }
  }

  const replay_options& options_;
  const recording& from_;
  const trace::trace_names names_;
  replayer play_;
  bool quit_ = false, to_end_ = false;
  std::optional<trace::actor_key> next_of_;
  std::uint64_t next_order_ = 0;
};

bool shuffle_all(const replay_options& options, const recording& from) {
  std::uint64_t orders = 0, steps = 0, requests = 0;
  for (std::uint64_t seed = *options.shuffle; orders == 0 || seed <= *options.shuffle_to; ++seed) {
    shuffled out = options.until ? shuffle(from, seed, *options.until) : shuffle(from, seed);
    if (out.violated && !options.until)
      out = shrink(from, seed);
    if (out.violated) {
      print(options.json ? shuffle_json(seed, out) : shuffle_text(seed, out, options.input.string()));
      return false;
    }
    ++orders;
    steps += out.steps;
    requests += out.requests;
    if (seed == *options.shuffle_to)
      break; // not the loop's condition: `seed` may be the largest number, and would wrap around
  }
  print(options.json
            ? fmt::format("{{\"holds\":true,\"orders\":{},\"steps\":{},\"requests\":{}}}\n", orders, steps, requests)
            : fmt::format("{} orders, {} steps, {} requests: all that must hold does\n", orders, steps, requests));
  return true;
}

result<bool> run(const replay_options& options) {
  GITFS_TRY(file, trace::read_file(options.input));
  if (file.in.torn)
    std::fprintf(stderr, "gitfs-actor: %s ends within a block: this is what stands before\n", options.input.c_str());
  GITFS_TRY(from, recording::of(file.in));
  if (options.shuffle && from.mounted().shown)
    return fail(EINVAL, "this trace is of several repositories: it can be replayed as it was recorded, but not yet in "
                        "other orders (--shuffle)");
  if (const auto& gap = from.ends_before())
    std::fprintf(stderr, "gitfs-actor: record %llu of %s, or what came of it, is missing: this is what stands before\n",
                 static_cast<unsigned long long>(*gap), options.input.c_str());
  log::set_level(log_level::off); // the actors log again what they logged while they were recorded
  if (options.shuffle)
    return shuffle_all(options, from);
  return session{options, file.in, from}.run();
}

} // namespace

int run_replay(const replay_options& options) {
  const auto done = run(options);
  if (!done) {
    std::fprintf(stderr, "gitfs-actor: %s\n", done.error().message.c_str());
    return 2;
  }
  return done.value() ? 0 : 1;
}

} // namespace gitfs

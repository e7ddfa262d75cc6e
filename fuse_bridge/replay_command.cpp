#include "fuse_bridge/commands.hpp"

#include "actors/replay/replayer.hpp"
#include "actors/trace/trace_names.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace gitfs {

namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

result<bool> run(const replay_options& options) {
  BOOST_OUTCOME_TRY(file, trace::read_file(options.input));
  if (file.in.torn)
    std::fprintf(stderr, "gitfs-actor: %s ends within a block: this is what stands before\n", options.input.c_str());
  BOOST_OUTCOME_TRY(from, recording::of(file.in));
  spdlog::set_level(spdlog::level::off); // what actors log was logged when it happened
  const trace::trace_names names{file.in, false};
  replayer play{from};
  while (play.more() && (!options.until || play.next().order <= *options.until))
    play.step();
  if (const auto& d = play.diverged()) {
    print(fmt::format("message {}: {}\n", d->order, d->what));
    if (!d->recorded.empty())
      print(fmt::format("  recorded: {}\n", d->recorded));
    if (!d->replayed.empty())
      print(fmt::format("  replayed: {}\n", d->replayed));
    return false;
  }
  print(fmt::format("{} messages and {} replies: all are as recorded\n", play.messages(), play.replies()));
  return true;
}

} // namespace

int run_replay(const replay_options& options) {
  auto done = run(options);
  if (!done) {
    std::fprintf(stderr, "gitfs-actor: %s\n", done.error().message.c_str());
    return 2;
  }
  return done.value() ? 0 : 1;
}

} // namespace gitfs

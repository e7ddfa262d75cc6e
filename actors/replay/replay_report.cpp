#include "actors/replay/replay_report.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <sstream>

namespace gitfs {

namespace {

constexpr std::size_t longest_chain = 20; // the middle of a longer chain is left out

std::string state_at(const replayer& play, const recording& from, std::uint64_t order) {
  const trace::record* r = from.record_of(order);
  return r == nullptr ? std::string{} : play.describe(r->actor);
}

std::string actor_at(const recording& from, const trace::trace_names& names, std::uint64_t order) {
  const trace::record* r = from.record_of(order);
  return r == nullptr ? std::string{"?"} : names.actor_of(*r);
}

std::string indented(const std::string& text) {
  std::string out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    out += "    " + line + "\n";
  return out;
}

using json = rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::CrtAllocator,
                               rapidjson::kWriteDefaultFlags>;

void put(json& out, const char* key, const std::string& value) {
  out.Key(key);
  out.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
}

} // namespace

std::string shuffle_text(std::uint64_t seed, const shuffled& failed, const std::string& file) {
  std::string out = fmt::format("seed {} fails after {} steps: {}\n  the last steps:\n", seed, failed.steps,
                                failed.violated.value_or(""));
  for (const std::string& line : failed.last)
    out += "    " + line + "\n";
  for (const std::string& each : failed.states)
    out += "  what is left:\n" + indented(each);
  return out + fmt::format("  again: gitfs-actor replay --shuffle {} --until {} {}\n", seed, failed.steps, file);
}

std::string shuffle_json(std::uint64_t seed, const shuffled& failed) {
  rapidjson::StringBuffer buffer;
  json out{buffer};
  out.StartObject();
  out.Key("holds");
  out.Bool(!failed.violated);
  out.Key("seed");
  out.Uint64(seed);
  out.Key("steps");
  out.Uint64(failed.steps);
  put(out, "violated", failed.violated.value_or(""));
  out.Key("last");
  out.StartArray();
  for (const std::string& line : failed.last)
    out.String(line.c_str(), static_cast<rapidjson::SizeType>(line.size()));
  out.EndArray();
  out.EndObject();
  return std::string{buffer.GetString(), buffer.GetSize()} + "\n";
}

std::vector<std::string> causal_chain(const recording& from, const trace::trace_names& names, std::uint64_t order) {
  std::vector<std::string> out;
  for (const trace::record* r = from.record_of(order); r != nullptr;
       r = r->cause == 0 ? nullptr : from.record_of(r->cause))
    out.push_back(names.line_of(*r)); // the loop ends, because a cause is always earlier than its effect
  std::ranges::reverse(out);
  if (out.size() > longest_chain) {
    const auto left_out = out.size() - longest_chain;
    out.erase(out.begin() + 1, out.begin() + 1 + static_cast<std::ptrdiff_t>(left_out));
    out.insert(out.begin() + 1, fmt::format("... {} between", left_out));
  }
  return out;
}

std::string report_text(const replayer& play, const recording& from, const trace::trace_names& names) {
  const auto& d = play.diverged();
  if (!d)
    return fmt::format("{} messages and {} replies, all as recorded; digest {:016x}\n", play.messages(), play.replies(),
                       play.digest());
  std::string out = fmt::format("the replay differs at message {}, taken by {}: {}\n", d->order,
                                actor_at(from, names, d->order), d->what);
  out += fmt::format("  recorded: {}\n  replayed: {}\n", d->recorded.empty() ? "nothing" : d->recorded,
                     d->replayed.empty() ? "nothing" : d->replayed);
  out += "  what led there:\n";
  for (const std::string& line : causal_chain(from, names, d->order))
    out += "    " + line + "\n";
  const std::string state = state_at(play, from, d->order);
  out += "  the actor in the replay:\n" + (state.empty() ? "    does not live\n" : indented(state));
  out += fmt::format("  {} messages and {} replies before that are as recorded\n", play.messages(), play.replies());
  return out;
}

std::string report_json(const replayer& play, const recording& from, const trace::trace_names& names) {
  rapidjson::StringBuffer buffer;
  json out{buffer};
  const auto& d = play.diverged();
  out.StartObject();
  out.Key("equal");
  out.Bool(!d);
  out.Key("messages");
  out.Uint64(play.messages());
  out.Key("replies");
  out.Uint64(play.replies());
  put(out, "digest", fmt::format("{:016x}", play.digest()));
  if (d) {
    out.Key("divergence");
    out.StartObject();
    out.Key("message");
    out.Uint64(d->order);
    put(out, "actor", actor_at(from, names, d->order));
    put(out, "what", d->what);
    put(out, "recorded", d->recorded);
    put(out, "replayed", d->replayed);
    out.Key("chain");
    out.StartArray();
    for (const std::string& line : causal_chain(from, names, d->order))
      out.String(line.c_str(), static_cast<rapidjson::SizeType>(line.size()));
    out.EndArray();
    put(out, "state", state_at(play, from, d->order));
    out.EndObject();
  }
  out.EndObject();
  return std::string{buffer.GetString(), buffer.GetSize()} + "\n";
}

} // namespace gitfs

#include "actors/telemetry/entry_metrics.hpp"

#include "actors/model/question_reply.hpp"
#include "actors/runtime/question_messages.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t room = std::size_t{4} << 20; // of the entries that do not fit there are no metrics

// Whoever waits for the text may have given up. An error is an empty text.
class promised_text final : public question_reply {
public:
  std::future<std::string> text() { return text_.get_future(); }

  void xattr(std::string_view value) override { text_.set_value(std::string{value}); }
  void error(int) override { text_.set_value({}); }

private:
  std::promise<std::string> text_;
};

metric gauge(std::string name, std::string help, std::string unit) {
  metric out;
  out.name = std::move(name);
  out.help = std::move(help);
  out.unit = std::move(unit);
  out.kind = metric::kind_type::gauge;
  return out;
}

std::string shown_path(const entry_status& entry) {
  return "/" + entry.path; // an empty label would be none
}

} // namespace

std::optional<mount_status> ask_status(const caf::actor_addr& supervisor, mount_status about,
                                       std::chrono::milliseconds limit) {
  const auto alive = caf::actor_cast<caf::actor>(supervisor);
  if (!alive)
    return std::nullopt;
  auto sink = std::make_unique<promised_text>();
  auto answer = sink->text();
  caf::anon_send(alive, tell_status{reply{std::move(sink)}, std::move(about), 0, room});
  if (answer.wait_for(limit) != std::future_status::ready)
    return std::nullopt;
  const std::string text = answer.get();
  if (text.empty()) // the actors have ended
    return std::nullopt;
  auto out = mount_status::parse(text);
  return out ? std::optional{std::move(out.value())} : std::nullopt;
}

std::vector<metric> entry_metrics(const mount_status& status, std::int64_t now) {
  metric info = gauge("entry.info", "What the entry shows, in its labels; always 1", "1");
  metric failed = gauge("entry.failed", "1: the last look at the entry has failed", "1");
  metric age = gauge("entry.since_look", "Since the last good look at a ref that is followed", "s");
  for (const entry_status& each : status.entries) {
    const std::string path = shown_path(each);
    if (!each.commit.empty())
      info.labelled.push_back({{{"path", path},
                                {"source", each.source},
                                {"ref", each.shown.empty() ? each.ref : each.shown},
                                {"commit", each.commit}},
                               1});
    failed.labelled.push_back({{{"path", path}}, each.failure.empty() ? 0.0 : 1.0});
    if (each.polled_at != 0 && each.follow != "never")
      age.labelled.push_back({{{"path", path}}, static_cast<double>(std::max<std::int64_t>(now - each.polled_at, 0))});
  }
  std::vector<metric> out;
  for (metric* each : {&info, &failed, &age})
    if (!each->labelled.empty())
      out.push_back(std::move(*each));
  return out;
}

} // namespace gitfs

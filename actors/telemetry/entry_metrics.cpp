#include "actors/telemetry/entry_metrics.hpp"

#include "actors/model/reply.hpp"
#include "actors/runtime/question_messages.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cerrno>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t room = std::size_t{4} << 20; // of the entries that do not fit there are no metrics

// Such a question is no request for a file, so it is neither counted nor recorded. The asker may have given up.
class promised_text final : public reply_sink {
public:
  std::future<std::string> text() { return text_.get_future(); }

  void xattr(std::string_view value) override { text_.set_value(std::string{value}); }
  void error(int) override { text_.set_value({}); }
  void absent() override { error(ENOENT); }
  bool entry(const node_entry&) override { return error(EIO), false; }
  void attr(const node_attr&) override { error(EIO); }
  void link(std::string_view) override { error(EIO); }
  void data(const object&, std::uint64_t, std::size_t) override { error(EIO); }
  void file(const blob_file&, std::uint64_t, std::size_t) override { error(EIO); }
  bool dirent(std::string_view, const node_attr&, const node_entry*, std::uint64_t) override { return false; }
  bool dirents_end() override { return error(EIO), false; }
  std::uint64_t request_id() const override { return 0; }
  void on_interrupt(std::function<void()>) override {}

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

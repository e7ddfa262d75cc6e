#include "actors/fetch/path_finder.hpp"

#include "actors/fetch/path_selection.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/path_messages.hpp"
#include "actors/trace/record/trace_format.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

namespace gitfs {

namespace {

// To itself: so that a message to end is taken between two slices of a long list.
struct next_slice {
  trace::sent_by stamp = trace::sent_by::now();
};
struct asker_left {
  trace::sent_by stamp = trace::sent_by::now();
};
constexpr std::size_t trees_of_a_slice = 256;

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// Not in traces, as blob_loader is not: the fetcher records what it is asked for.
class path_finder final : public caf::event_based_actor {
public:
  path_finder(caf::actor_config& cfg, shown_ptr of, const oid& root, std::vector<std::string> paths, reply answer)
    : caf::event_based_actor(cfg),
      of_(std::move(of)),
      fetcher_(of_->of->repository->fetcher),
      found_(root, std::move(paths)),
      answer_(std::move(answer)) {}

  const char* name() const override { return "path_finder"; }

protected:
  caf::behavior make_behavior() override {
    alive_ = caf::actor_cast<caf::strong_actor_ptr>(this);
    // Its repository ends before this actor does, if the mount ends.
    monitor(fetcher_);
    set_down_handler([this](caf::down_msg&) { quit(); });
    set_exit_handler([this](caf::exit_msg&) { quit(); });
    answer_.on_interrupt([me = caf::actor_cast<caf::weak_actor_ptr>(this)] {
      const trace::because_of nothing{0, 0};
      if (auto strong = me.lock())
        caf::anon_send(caf::actor_cast<caf::actor>(strong), asker_left{});
    });
    send(this, next_slice{});
    return {
        [this](next_slice) { go_on(); },
        [this](const want_finished& m) { came(m); },
        [this](asker_left) {
          for (const std::uint64_t each : waits_for_)
            to_fetcher(cancel_objects{each});
          quit();
        },
    };
  }
  void on_exit() override {
    answer_ = {}; // EIO, if there was none
    alive_ = nullptr;
    fetcher_ = nullptr;
    of_.reset();
  }

private:
  object_db& db() const { return *of_->of->repository->db; }

  template <class Message>
  void to_fetcher(Message m) const {
    const trace::because_of nothing{0, 0}; // the question is in no trace
    m.stamp = trace::sent_by::now();
    caf::anon_send(fetcher_, std::move(m));
  }

  void go_on() {
    if (found_.step(db(), trees_of_a_slice)) {
      send(this, next_slice{});
      return;
    }
    code_ = 0;
    ask(want_kind::trees, found_.missing());
    if (!waits_for_.empty())
      return;
    contents_ = true;
    std::vector<oid> blobs;
    for (const auto* each : {&found_.files(), &found_.links()})
      for (const auto& [id, path] : *each)
        blobs.push_back(id);
    std::ranges::sort(blobs);
    const auto doubled = std::ranges::unique(blobs);
    blobs.erase(doubled.begin(), doubled.end());
    std::erase_if(blobs, [this](const oid& id) { return db().contains(id); });
    ask(want_kind::blobs, blobs);
    if (waits_for_.empty())
      finish();
  }

  // In pieces as long as a record of a trace can have; the fetcher puts them into one request, because it starts
  // transfers behind all that is in its mailbox.
  void ask(want_kind kind, const std::vector<oid>& ids) {
    for (std::span<const oid> rest{ids}; !rest.empty();) {
      const auto piece = rest.first(std::min(rest.size(), trace::most_ids));
      rest = rest.subspan(piece.size());
      fetch_objects m;
      m.number = next_number();
      m.kind = kind;
      m.commit = of_->facts.commit;
      m.ids.assign(piece.begin(), piece.end());
      m.from = caf::actor_cast<caf::weak_actor_ptr>(this);
      waits_for_.insert(m.number);
      to_fetcher(std::move(m));
    }
  }

  void came(const want_finished& m) {
    if (m.outcome.code != 0)
      code_ = m.outcome.code;
    if (waits_for_.erase(m.id) == 0 || !waits_for_.empty())
      return;
    if (contents_) {
      finish();
      return;
    }
    found_.came(code_);
    go_on();
  }

  void finish() {
    std::vector<oid> ids;
    for (const auto& [id, path] : found_.files())
      ids.push_back(id);
    std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
    db().sizes(ids, sizes);
    std::uint64_t brought = 0, bytes = 0;
    for (const auto& [id, path] : found_.files())
      if (db().contains(id))
        ++brought;
      else
        found_.fail(path, code_ != 0 ? code_ : EIO);
    for (const std::uint64_t each : sizes)
      bytes += each == unknown_size ? 0 : each;
    for (const auto& [id, path] : found_.links())
      if (!db().contains(id))
        found_.fail(path, code_ != 0 ? code_ : EIO);
    std::string text = "files " + std::to_string(ids.size()) + "\nbrought " + std::to_string(brought) + "\nbytes "
                       + std::to_string(bytes) + "\nlinks " + std::to_string(found_.links().size()) + "\nfolders "
                       + std::to_string(found_.folders()) + '\n';
    for (std::size_t i = 0; i < found_.size(); ++i)
      if (const auto is = found_.outcome_of(i); is == path_selection::outcome::folder)
        text += "folder " + std::to_string(i) + '\n';
      else if (is == path_selection::outcome::link)
        text += "link " + std::to_string(i) + '\n';
      else if (is != path_selection::outcome::file)
        text += "failed " + std::to_string(i) + ' '
                + std::to_string(is == path_selection::outcome::absent ? ENOENT : found_.code_of(i)) + '\n';
    answer_.xattr(text);
    quit();
  }

  caf::strong_actor_ptr alive_; // nobody else refers to it while it waits: the fetcher does so weakly
  shown_ptr of_;
  caf::actor fetcher_;
  path_selection found_;
  reply answer_;
  bool contents_ = false; // all trees are here, and contents are on their way
  int code_ = 0;          // why a part of what was asked for last did not come
  std::set<std::uint64_t> waits_for_;
};

} // namespace

void find_paths(caf::actor_system& system, const directory_location_ptr& at, std::vector<std::string> paths,
                reply answer) {
  if (!at)
    answer.error(ESTALE);
  else if (!at->shown)
    answer.error(EXDEV);
  else if (!at->shown->of->repository->fetcher)
    answer.error(ENOTSUP);
  else
    system.spawn<path_finder, caf::detached>(at->shown, at->tree, std::move(paths), std::move(answer));
}

} // namespace gitfs

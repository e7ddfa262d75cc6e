#include "actors/prefetcher.hpp"

namespace gitfs {

namespace {

// Sizes are a few bytes each, so their windows grow fast: the whole Linux tree in five. The trees of 4,096 directories
// are read in about 0.1 s.
constexpr readahead::limits listing_limits{
    .first = 8, .growth = 16, .most = 4096, .bytes = 0, .windows_ahead = 1, .streams = 8};
// Contents are what costs. Two windows on their way, so that two cores check and index what arrives while it is read.
constexpr readahead::limits content_limits{
    .first = 16, .growth = 4, .most = 4096, .bytes = 32U << 20, .windows_ahead = 2, .streams = 8};

constexpr want_id content_wants = want_id{1} << 63; // the two number their wants apart

} // namespace

prefetcher_actor::prefetcher_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, caf::actor fetcher)
  : lasting_actor(cfg),
    context_(std::move(context)),
    fetcher_(std::move(fetcher)),
    listings_(readahead::kind::listings, *context_->db, *this, listing_limits),
    contents_(readahead::kind::contents, *context_->db, *this, content_limits) {
  contents_.number_wants_from(content_wants);
}

caf::behavior prefetcher_actor::make_behavior() {
  return {
      [this](const directory_listed& m) { listings_.at(m.link); },
      [this](const file_read& m) { contents_.at(m.link, m.index); },
      [this](want_finished& m) { (m.id >= content_wants ? contents_ : listings_).finished(m.id, m.outcome); },
  };
}

void prefetcher_actor::on_exit() {
  fetcher_ = nullptr;
}

void prefetcher_actor::ask(want w) {
  anon_send(fetcher_, ask_want{caf::actor_cast<caf::weak_actor_ptr>(this), id(), std::move(w)});
}

void prefetcher_actor::window_begins() {
  anon_send(fetcher_, gitfs::window_begins{});
}

void prefetcher_actor::window_ends() {
  anon_send(fetcher_, gitfs::window_ends{});
}

void prefetcher_actor::cancel(want_id want) {
  anon_send(fetcher_, cancel_want{id(), want});
}

} // namespace gitfs

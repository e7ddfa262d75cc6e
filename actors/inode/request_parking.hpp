// Requests that wait, and the wants that they wait for.
//
// What is missing is wanted once, however many requests wait for it. A want ends, or is given up when the last request
// that waits for it is; one that is also wanted ahead, for its own sake, is not.
#pragma once

#include "actors/model/want.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace gitfs {

/// `What` says what is missing, and can be compared. Not thread-safe: a directory actor owns it. What is on its way for
/// one directory is a handful, so everything is searched linearly.
template <class Request, class What>
class request_parking {
public:
  struct wanted {
    want_id id = 0;
    What what;
    urgency how = urgency::demand;
    bool ahead = false; ///< also for its own sake
  };
  struct parked {
    Request request;
    std::uint64_t number = 0; ///< the kernel's, of the request
    want_id waits_for = 0;
  };
  struct given_up {
    Request request;
    std::optional<wanted> alone; ///< the want that nobody waits for any more
  };

  /// Never given twice, so a late answer to a want that was given up finds nothing.
  want_id next_id() { return next_id_++; }
  void begin(wanted each) { wanted_.push_back(std::move(each)); }
  /// Valid until the next call that changes anything. Null: it is not on its way.
  wanted* find(const What& what) {
    const auto it = std::ranges::find(wanted_, what, &wanted::what);
    return it == wanted_.end() ? nullptr : &*it;
  }
  bool is_wanted(const What& what) const { return std::ranges::find(wanted_, what, &wanted::what) != wanted_.end(); }

  /// The want is over. Nothing, if it was before.
  std::optional<wanted> end(want_id id) {
    const auto it = std::ranges::find(wanted_, id, &wanted::id);
    if (it == wanted_.end())
      return std::nullopt;
    std::optional<wanted> out{std::move(*it)};
    wanted_.erase(it);
    return out;
  }
  /// Ends all wants of which `is` holds, and gives them in their order. Who waits for them stays parked: see `take`.
  template <class Predicate>
  std::vector<wanted> end_if(const Predicate& is) {
    const auto rest = std::stable_partition(wanted_.begin(), wanted_.end(), [&](const wanted& w) { return !is(w); });
    std::vector<wanted> out{std::make_move_iterator(rest), std::make_move_iterator(wanted_.end())};
    wanted_.erase(rest, wanted_.end());
    return out;
  }
  /// Of what is wanted ahead, this is not any more. Ends that for which nobody waits, and gives it.
  template <class Predicate>
  std::vector<wanted> not_ahead(const Predicate& is) {
    std::vector<want_id> over;
    for (wanted& each : wanted_)
      if (each.ahead && is(each)) {
        each.ahead = false;
        if (!is_waited_for(each.id))
          over.push_back(each.id);
      }
    return end_if([&](const wanted& each) { return std::ranges::find(over, each.id) != over.end(); });
  }

  /// The request, where it stands until the next call that changes anything.
  Request& park(Request request, std::uint64_t number, want_id waits_for) {
    return parked_.emplace_back(parked{std::move(request), number, waits_for}).request;
  }
  /// Takes out who waits for that want, in the order in which they came.
  std::vector<Request> take(want_id id) {
    const auto rest =
        std::stable_partition(parked_.begin(), parked_.end(), [id](const parked& p) { return p.waits_for != id; });
    std::vector<Request> out;
    std::transform(rest, parked_.end(), std::back_inserter(out), [](parked& p) { return std::move(p.request); });
    parked_.erase(rest, parked_.end());
    return out;
  }
  /// Takes out a request whose caller has given up. Nothing: it was answered before.
  std::optional<given_up> give_up(std::uint64_t number) {
    const auto it = std::ranges::find(parked_, number, &parked::number);
    if (it == parked_.end())
      return std::nullopt;
    const want_id id = it->waits_for;
    given_up out{std::move(it->request), std::nullopt};
    parked_.erase(it);
    const auto want = std::ranges::find(wanted_, id, &wanted::id);
    if (want != wanted_.end() && !want->ahead && !is_waited_for(id))
      out.alone = end(id);
    return out;
  }
  /// Drops the requests that wait for nothing that is on its way.
  void drop_lost() {
    std::erase_if(parked_, [this](const parked& p) {
      return std::ranges::find(wanted_, p.waits_for, &wanted::id) == wanted_.end();
    });
  }

  const std::vector<wanted>& on_their_way() const { return wanted_; }
  const std::vector<parked>& waiting() const { return parked_; }

private:
  bool is_waited_for(want_id id) const { return std::ranges::find(parked_, id, &parked::waits_for) != parked_.end(); }

  want_id next_id_ = 1;
  std::vector<wanted> wanted_;
  std::vector<parked> parked_;
};

} // namespace gitfs

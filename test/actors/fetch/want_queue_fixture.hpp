// A want_queue with few slots, and those who want.
#pragma once

#include "actors/fetch/want_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace gitfs::test {

inline oid id_of(unsigned n) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(n);
  out.bytes[1] = static_cast<std::uint8_t>(n >> 8);
  return out;
}

inline std::vector<oid> ids(unsigned from, unsigned to) {
  std::vector<oid> out;
  for (unsigned n = from; n < to; ++n)
    out.push_back(id_of(n));
  return out;
}

struct want_queue_fixture {
  gitfs::want_queue queue{{.slots = 2, .speculative_slots = 1, .objects = 100, .sizes = 1000, .size_slots = 1}};

  void demand(want_id id, std::vector<oid> of, want_kind kind = want_kind::blobs) {
    queue.add({1, id}, {id, kind, urgency::demand, std::move(of)});
  }
  void guess(want_id id, std::vector<oid> of, want_kind kind = want_kind::blobs) {
    queue.add({1, id}, {id, kind, urgency::speculation, std::move(of)});
  }
  /// Somebody looked up one name: of the sizes, `target` is the one that it needs.
  void look(want_id id, const oid& target, want_kind kind, std::vector<oid> company = {}) {
    company.push_back(target);
    want w{id, kind, urgency::path, std::move(company)};
    if (kind == want_kind::sizes)
      w.target = target;
    queue.add({1, id}, std::move(w));
  }
  /// As somebody who stats files by their paths.
  void look_without_reading() {
    for (unsigned n = 900; n < 905; ++n) {
      look(n, id_of(n), want_kind::sizes);
      const auto t = start();
      BOOST_TEST((t.kind == want_kind::blobs));
      queue.finish(t.number, {});
    }
    (void)finished();
  }
  planned_transfer start() {
    auto t = queue.next();
    BOOST_REQUIRE(t);
    return *t;
  }
  /// Want ids that finished, with the code of each.
  std::vector<std::pair<want_id, int>> finished() {
    std::vector<std::pair<want_id, int>> out;
    for (const auto& f : queue.take_finished())
      out.emplace_back(f.key.second, f.outcome.code);
    std::sort(out.begin(), out.end());
    return out;
  }
};

/// Wants, and the code of each.
using outcomes = std::vector<std::pair<want_id, int>>;

} // namespace gitfs::test

// Finds the cause of each record in a trace.
#pragma once

#include "actors/trace/read/trace_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace gitfs::trace {

class trace_causes {
public:
  /// `in` outlives this.
  explicit trace_causes(const contents& in) {
    by_order_.reserve(in.records.size());
    for (const record& each : in.records)
      by_order_[each.order] = &each;
  }

  /// The cause of the record. Null: it has none, or this trace does not have it. A cause is earlier than its effect, so
  /// a walk from cause to cause ends.
  const record* of(const record& r) const {
    const auto at = by_order_.find(r.cause);
    return r.cause == 0 || at == by_order_.end() ? nullptr : at->second;
  }

  /// The chain of causes, at most `most` records, from the earliest cause that is in this trace to the record itself.
  std::vector<const record*> chain_to(const record& r, std::size_t most) const {
    std::vector<const record*> out;
    for (const record* at = &r; at != nullptr && out.size() < most; at = of(*at))
      out.push_back(at);
    std::ranges::reverse(out);
    return out;
  }

private:
  std::unordered_map<std::uint64_t, const record*> by_order_;
};

} // namespace gitfs::trace

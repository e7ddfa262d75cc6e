// The contents of the screen of `gitfs-actor top`: rates, sorting, filtering and rows. Rates are computed from two
// samples of a mount. The screen itself (terminal.hpp) only draws them.
#pragma once

#include "actors/model/activity.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

struct top_sample {
  double seconds = 0; ///< the time of the sample by any steady clock
  std::map<std::string, std::uint64_t> counters;
  activity now;
};

class top_model {
public:
  /// How rows are sorted: the busiest first, the slowest first, or by the alphabet.
  enum class order : std::uint8_t { busiest, slowest, name };

  /// `interval`: seconds from one sample to the next.
  top_model(std::string mountpoint, double interval) : mountpoint_(std::move(mountpoint)), interval_(interval) {}

  /// Takes the next sample. If another process serves the mount now, because it was mounted again, counting begins
  /// again.
  void take(top_sample next);

  struct operation {
    std::string name;
    std::uint64_t total = 0;
    double rate = 0;                         ///< requests a second, between the last two samples
    std::uint64_t p50 = 0, p90 = 0, p99 = 0; ///< nanoseconds, of the requests between them; 0: there were none
  };
  // The rows, sorted and filtered. With `waited_only`, transfers and readers that no request waits for are left out.
  std::vector<operation> operations() const;
  std::vector<activity::transfer> transfers() const;
  std::vector<activity::walker> walkers() const;
  /// How much the counter has grown a second, between the last two samples; 0 before the second sample.
  double rate(const std::string& counter) const;

  enum class effect : std::uint8_t { none, redraw, sample, quit };
  /// Handles a key, as the terminal gives it: a character, "\x1b" for Esc, "\x7f", "\r".
  effect key(std::string_view pressed);

  /// How many samples were taken of the process that serves the mount now. Rates need two.
  std::size_t samples() const { return samples_; }
  double interval() const { return interval_; }
  order sorted_by() const { return order_; }
  const std::string& filter() const { return filter_; }
  bool waited_only() const { return waited_only_; }

  struct line {
    std::string text;
    bool heading = false;
  };
  /// All lines of the screen, from the top.
  std::vector<line> frame() const;
  /// The last line of the screen: a list of the keys, or the filter while it is being typed.
  std::string footer() const;

private:
  std::uint64_t value(const std::string& counter) const;
  void add_sums(std::vector<line>& out) const;
  void add_operations(std::vector<line>& out) const;
  void add_transfers(std::vector<line>& out) const;
  void add_walkers(std::vector<line>& out) const;
  bool passes(std::string_view text) const { return text.find(filter_) != std::string_view::npos; }
  effect type(std::string_view pressed);

  std::string mountpoint_;
  double interval_;
  top_sample last_, before_;
  std::size_t samples_ = 0;
  order order_ = order::busiest;
  std::string filter_;
  bool waited_only_ = false;
  bool typing_ = false; // the filter is being typed
};

} // namespace gitfs

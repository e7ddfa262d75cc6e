// What `gitfs-actor top` shows, from what a mount tells of itself twice: rates, sorting, filtering, rows. The screen
// only draws it.
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
  double seconds = 0; ///< when it was taken, of any steady clock
  std::map<std::string, std::uint64_t> counters;
  activity now;
};

class top_model {
public:
  /// What stands first: what does most, what takes longest, or what comes first in the alphabet.
  enum class order : std::uint8_t { busiest, slowest, name };

  /// `interval`: seconds from one sample to the next.
  top_model(std::string mountpoint, double interval) : mountpoint_(std::move(mountpoint)), interval_(interval) {}

  /// The next sample. Of another process than the last (the mount was made anew) counting begins again.
  void take(top_sample next);

  struct operation {
    std::string name;
    std::uint64_t total = 0;
    double rate = 0;                         ///< a second, since the sample before
    std::uint64_t p50 = 0, p90 = 0, p99 = 0; ///< nanoseconds, of those since the sample before; 0: there were none
  };
  // Sorted and filtered. With `waited_only` nothing that is only guessed at.
  std::vector<operation> operations() const;
  std::vector<activity::transfer> transfers() const;
  std::vector<activity::walker> walkers() const;
  /// Of a counter, a second; 0 before the second sample.
  double rate(const std::string& counter) const;

  enum class effect : std::uint8_t { none, redraw, sample, quit };
  /// A key as the terminal gives it: a character, "\x1b" for Esc, "\x7f", "\r".
  effect key(std::string_view pressed);

  /// So many of the process that was asked last; rates take two.
  std::size_t samples() const { return samples_; }
  double interval() const { return interval_; }
  order sorted_by() const { return order_; }
  const std::string& filter() const { return filter_; }
  bool waited_only() const { return waited_only_; }

  struct line {
    std::string text;
    bool heading = false;
  };
  /// All of it, from the top.
  std::vector<line> frame() const;
  /// What stands at the bottom of a screen: the keys, or the filter that is being typed.
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
  bool typing_ = false; // the filter
};

} // namespace gitfs

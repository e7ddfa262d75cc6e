#include "actors/trace/read/trace_diff.hpp"

#include "actors/trace/read/record_table.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "actors/trace/read/trace_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace gitfs::trace {

namespace {

constexpr std::size_t most_named = 10; // at most so many differences of one sort are shown

// Fields that are not compared: numbers that each run counts for itself, and digests, which may have such numbers in
// them and are only in traces for a replay.
constexpr std::string_view run_numbers[] = {"request", "node",   "want",  "transfer", "slot", "generation",
                                            "number",  "digest", "exact", "call",     "place"};

// The length of a transfer is not compared either, because a server may send the same objects in other pieces and
// deltas.
bool is_of_run(kind what, const field& f) {
  return std::ranges::find(run_numbers, f.name) != std::end(run_numbers)
         || (f.name == "bytes" && (what == kind::transfer_finished || what == kind::transfer_ended));
}

bool is_compared(kind what) {
  const record_row* row = row_of(what);
  return row == nullptr || row->compared;
}

// A lane: records that come in the same order in every run. These are the messages of an actor, or the edges of a kind
// for one directory.
struct lane {
  bool edge = false;
  kind what = kind::handled; // only for edges
  actor_key of;

  bool operator<(const lane& other) const {
    return std::tie(edge, what, of) < std::tie(other.edge, other.what, other.of);
  }
};

// One request of the kernel, described by what is the same in every run.
struct request_key {
  std::uint64_t directory = 0; // key
  std::uint64_t child = 0, op = 0, offset = 0, size = 0;
  std::string_view name;

  bool operator<(const request_key& other) const {
    return std::tie(directory, child, op, offset, size, name)
           < std::tie(other.directory, other.child, other.op, other.offset, other.size, other.name);
  }
};

struct exchange {
  const record* request = nullptr;
  const record* reply = nullptr; // null: there is no reply
};

// A trace, sorted for comparing.
class run {
public:
  run(const contents& in, bool redact) : all(in), names(in, redact) {
    std::unordered_map<std::uint64_t, const record*> ops, replies;
    for (const record& each : in.records) {
      if (each.what == kind::kernel_op)
        ops[number_in(each, "request")] = &each;
      else if (each.what == kind::reply)
        replies[number_in(each, "request")] = &each;
    }
    for (const record& each : in.records) {
      if (each.what == kind::kernel_request) {
        const std::uint64_t number = number_in(each, "request");
        const auto op = ops.find(number);
        const request_key what = key_of(each, op == ops.end() ? nullptr : op->second);
        const auto answer = replies.find(number);
        requests[what].push_back({&each, answer == replies.end() ? nullptr : answer->second});
        lanes[{true, each.what, {actor_kind::directory, what.directory}}].push_back(&each);
      } else if (each.what != kind::reply && is_compared(each.what)) {
        lanes[lane_of(each)].push_back(&each);
      }
    }
  }

  const contents& all;
  const trace_names names;
  std::map<lane, std::vector<const record*>> lanes;
  std::map<request_key, std::vector<exchange>> requests;

private:
  static request_key key_of(const record& request, const record* op) {
    request_key out;
    for (const field_value& each : fields_of(request)) {
      if (each.what.name == "op")
        out.op = each.number;
      else if (each.what.name == "offset")
        out.offset = each.number;
      else if (each.what.name == "size")
        out.size = each.number;
      else if (each.what.name == "name")
        out.name = each.text;
    }
    if (op != nullptr) {
      out.directory = op->actor.inode;
      out.child = number_in(*op, "child");
    }
    return out;
  }

  lane lane_of(const record& r) const {
    if (is_message(r.what))
      return {false, kind::handled, r.actor};
    lane out{true, r.what, {}};
    for (const field_value& each : fields_of(r))
      if (each.what.type == field_type::inode && out.of.inode == 0)
        out.of = {actor_kind::directory, each.number};
    if (const std::uint64_t server = names.server_of(r); server != 0)
      out.of = {actor_kind::fetcher, server};
    return out;
  }
};

std::vector<field_value> compared_fields(const record& r) {
  std::vector<field_value> out = fields_of(r);
  std::erase_if(out, [&r](const field_value& v) { return is_of_run(r.what, v.what); });
  return out;
}

bool same(const field_value& a, const field_value& b) {
  return a.what.name == b.what.name && a.number == b.number && a.text == b.text && a.id == b.id;
}

bool same(const record* a, const record* b) {
  return a != nullptr && b != nullptr && a->what == b->what
         && std::ranges::equal(compared_fields(*a), compared_fields(*b),
                               [](const field_value& x, const field_value& y) { return same(x, y); });
}

struct difference {
  lane where;
  std::size_t index = 0; // in the lane
  const record* a = nullptr;
  const record* b = nullptr; // null: the lane ends there

  std::uint64_t order() const { return a != nullptr ? a->order : b->order; }
};

template <class Map, class Key>
const typename Map::mapped_type& found(const Map& in, const Key& key) {
  static const typename Map::mapped_type none;
  const auto at = in.find(key);
  return at == in.end() ? none : at->second;
}

template <class T>
const T* at_or_null(const std::vector<T>& in, std::size_t i) {
  return i < in.size() ? &in[i] : nullptr;
}

template <class Map>
std::set<typename Map::key_type> keys_of(const Map& a, const Map& b) {
  std::set<typename Map::key_type> out;
  for (const Map* each : {&a, &b})
    for (const auto& [key, value] : *each)
      out.insert(key);
  return out;
}

// The first difference of each lane, the earliest first.
std::vector<difference> differences(const run& a, const run& b) {
  std::vector<difference> out;
  for (const lane& each : keys_of(a.lanes, b.lanes)) {
    const auto& in_a = found(a.lanes, each);
    const auto& in_b = found(b.lanes, each);
    for (std::size_t i = 0; i < std::max(in_a.size(), in_b.size()); ++i) {
      const record* const from_a = i < in_a.size() ? in_a[i] : nullptr;
      const record* const from_b = i < in_b.size() ? in_b[i] : nullptr;
      if (same(from_a, from_b))
        continue;
      out.push_back({each, i, from_a, from_b});
      break;
    }
  }
  std::ranges::sort(out, {}, &difference::order);
  return out;
}

class report {
public:
  report(const run& a, const run& b, const printer& print) : a_(a), b_(b), print_(print) {}

  bool differs_in_what_was_done() const {
    const std::vector<difference> all = differences(a_, b_);
    if (all.empty()) {
      print_(fmt::format("the same was done: {} records\n", a_.all.records.size()));
      return false;
    }
    const difference& first = all.front();
    print_(fmt::format("first difference: {}\n", place_of(first)));
    if (first.index != 0)
      print_("  both:  " + b_.names.line_of(*found(b_.lanes, first.where)[first.index - 1]) + '\n');
    print_("  first: " + line(a_, first.a) + "\n  other: " + line(b_, first.b) + '\n');
    for (std::size_t i = 1; i < std::min(all.size(), most_named); ++i)
      print_("also: " + place_of(all[i]) + '\n');
    if (all.size() > most_named)
      print_(fmt::format("and {} more\n", all.size() - most_named));
    return true;
  }

  bool differs_in_answers() const {
    std::size_t both = 0, different = 0, only_a = 0, only_b = 0;
    std::string lines;
    for (const request_key& each : keys_of(a_.requests, b_.requests)) {
      const auto& in_a = found(a_.requests, each);
      const auto& in_b = found(b_.requests, each);
      const std::size_t pairs = std::min(in_a.size(), in_b.size());
      only_a += in_a.size() - pairs;
      only_b += in_b.size() - pairs;
      both += pairs;
      for (std::size_t i = 0; i < pairs; ++i)
        if (const std::string how = answered(in_a[i], in_b[i]); !how.empty() && ++different <= most_named)
          lines += "  " + name_of(each, in_a[i]) + "\n" + how;
    }
    print_(fmt::format("requests: {} in both, {} of them answered differently; {} only in the first, {} only in the "
                       "other\n",
                       both, different, only_a, only_b));
    print_(lines);
    if (different > most_named)
      print_(fmt::format("  and {} more\n", different - most_named));
    return different + only_a + only_b != 0;
  }

  void times() const {
    const auto of_a = times_by_kind(a_.all);
    const auto of_b = times_by_kind(b_.all);
    std::string head = fmt::format("\n{:<20} {:>8} {:>8}         ", "", "first", "other");
    for (const std::size_t percent : shown_percentiles)
      head += fmt::format("  {:>9} {:>9} {:>7}", fmt::format("p{}", percent), "other", "ratio");
    print_(head + '\n');
    for (const kind each : keys_of(of_a, of_b)) {
      const kind_times& in_a = found(of_a, each);
      const kind_times& in_b = found(of_b, each);
      std::string line = fmt::format("{:<20} {:>8} {:>8}", kind_name(each), in_a.count, in_b.count);
      if (!is_message(each)) {
        print_(line + '\n');
        continue;
      }
      print_(line + "  took   " + side_by_side(in_a.took, in_b.took) + '\n');
      print_(fmt::format("{:<38}  waited {}\n", "", side_by_side(in_a.waited, in_b.waited)));
    }
  }

private:
  static std::string line(const run& of, const record* r) {
    return r == nullptr ? "       nothing more" : of.names.line_of(*r);
  }

  std::string place_of(const difference& d) const {
    const run& known = d.a != nullptr ? a_ : b_;
    const record& r = d.a != nullptr ? *d.a : *d.b;
    if (!d.where.edge)
      return fmt::format("message {} of {}", d.index + 1, known.names.actor_of(r));
    if (d.where.of.is == actor_kind::fetcher)
      return fmt::format("{} {} of repository {}", kind_name(r.what), d.index + 1, d.where.of.inode);
    const std::string in = d.where.of.inode == 0 ? "" : " of " + known.names.path_of(d.where.of.inode);
    return fmt::format("{} {}{}", kind_name(r.what), d.index + 1, in);
  }

  std::string name_of(const request_key& what, const exchange& in_a) const {
    return fmt::format("{}: {}", a_.names.path_of(what.directory), a_.names.fields_of(*in_a.request));
  }

  // How the replies differ; empty: they do not.
  std::string answered(const exchange& in_a, const exchange& in_b) const {
    if (in_a.reply == nullptr || in_b.reply == nullptr) {
      if (in_a.reply == in_b.reply)
        return {};
      return in_a.reply == nullptr ? "    first: not answered\n" : "    other: not answered\n";
    }
    const auto fields_a = compared_fields(*in_a.reply);
    const auto fields_b = compared_fields(*in_b.reply);
    std::string first, other;
    for (std::size_t i = 0; i < std::max(fields_a.size(), fields_b.size()); ++i) {
      const field_value* const x = at_or_null(fields_a, i);
      const field_value* const y = at_or_null(fields_b, i);
      if (x == nullptr || y == nullptr || same(*x, *y))
        continue; // a field that the other program did not know is no difference
      first += fmt::format(" {}={}", x->what.name, a_.names.shown(*x));
      other += fmt::format(" {}={}", y->what.name, b_.names.shown(*y));
    }
    return first.empty() ? std::string{} : "    first:" + first + "\n    other:" + other + "\n";
  }

  static std::string side_by_side(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
    std::string out;
    for (const std::size_t percent : shown_percentiles) {
      const auto of = [percent](const auto& values) { return values.empty() ? 0 : percentile(values, percent); };
      const auto shown = [&](const auto& values) { return values.empty() ? "-" : show_duration(of(values)); };
      const std::string ratio = of(a) == 0 || b.empty()
                                    ? "-"
                                    : fmt::format("{:.2f}", static_cast<double>(of(b)) / static_cast<double>(of(a)));
      out += fmt::format("  {:>9} {:>9} {:>7}", shown(a), shown(b), ratio);
    }
    return out;
  }

  const run& a_;
  const run& b_;
  const printer& print_;
};

} // namespace

bool show_diff(const contents& a, const contents& b, bool redact, const printer& print) {
  const run first{a, redact};
  const run other{b, redact};
  const report out{first, other, print};
  const bool done_differently = out.differs_in_what_was_done();
  const bool answered_differently = out.differs_in_answers();
  out.times();
  return !done_differently && !answered_differently;
}

} // namespace gitfs::trace

#include "actors/trace/read/trace_why.hpp"

#include "actors/model/reader_way.hpp"
#include "actors/trace/read/trace_causes.hpp"
#include "actors/trace/read/trace_names.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace gitfs::trace {

namespace {

constexpr std::size_t most_also = 3;
constexpr std::size_t most_companions = 5;
constexpr std::size_t longest_chain = 24;

oid id_in(const record& r) {
  for (const field_value& each : fields_of(r))
    if (each.what.type == field_type::id)
      return each.id;
  return {};
}

struct transfer_story {
  const record* started = nullptr;
  const record* finished = nullptr;
  std::vector<oid> objects;
  // A transfer of the whole commit: all of its trees, or everything from a server that cannot filter.
  bool whole = false;

  bool brings(const oid& id) const {
    return objects.empty() ? id_in(*started) == id : std::ranges::find(objects, id) != objects.end();
  }
  bool succeeded() const { return finished != nullptr && number_in(*finished, "error") == 0; }
};

class explanation {
public:
  explanation(const contents& in, const oid& object, bool is_tree, const printer& print)
    : in_(in),
      object_(object),
      is_tree_(is_tree),
      causes_(in),
      names_(in, false),
      print_(print) {
    std::unordered_map<std::uint64_t, std::size_t> by_begin; // not by number: each fetcher counts from 1
    for (const record& each : in.records) {
      if (each.what == kind::transfer_started) {
        by_begin[each.order] = transfers_.size();
        transfers_.push_back({&each, nullptr, {}, false});
      } else if (each.what == kind::transfer_objects || each.what == kind::transfer_finished) {
        const auto at = by_begin.find(each.cause);
        if (at != by_begin.end())
          add(transfers_[at->second], each);
      } else if (each.what == kind::mounted || each.what == kind::snapshot_resolved) {
        if (came_with_ == nullptr && names_object(each, object))
          came_with_ = &each;
      } else if (is_want(each)) {
        wants_.push_back(each.what == kind::ask_want ? &each : causes_.of(each));
      }
    }
    std::erase(wants_, nullptr);
    // The message of a want and its list of objects may both name the object.
    wants_.erase(std::unique(wants_.begin(), wants_.end()), wants_.end());
  }

  origin tell() {
    const transfer_story* const by = find();
    if (came_with_ != nullptr && (by == nullptr || by->whole)) {
      print_(fmt::format("came with the commit, when {}, or was stored before\n",
                         came_with_->what == kind::mounted ? "the mount was made" : "somebody entered the repository"));
      return origin::brought;
    }
    if (by == nullptr && wants_.empty())
      return origin::unknown;
    // Wants that an earlier transfer has served do not belong to this transfer.
    const std::uint64_t since = by == nullptr ? 0 : served_before(*by);
    const std::uint64_t end = by == nullptr || by->finished == nullptr ? ~std::uint64_t{0} : by->finished->order;
    std::vector<const record*> before, while_on_its_way;
    for (const record* each : wants_) {
      if (each->order <= since || each->order > end)
        continue;
      (by == nullptr || each->order < by->started->order ? before : while_on_its_way).push_back(each);
    }
    if (by != nullptr)
      tell_arrival(*by);
    const record* const cause = before.empty() ? (by != nullptr ? by->started : wants_.back()) : before.front();
    print_("\nbecause of:\n");
    tell_chain(*cause);
    if (by != nullptr && cause != by->started)
      print_("  " + names_.line_of(*by->started) + '\n');
    if (by != nullptr && by->finished != nullptr)
      print_("  " + names_.line_of(*by->finished) + '\n');
    if (!before.empty())
      before.erase(before.begin());
    tell_also("also wanted, before it was asked for:", before);
    tell_also("also wanted, while it was on its way:", while_on_its_way);
    if (by != nullptr)
      tell_companions(*by);
    return by != nullptr ? origin::brought : origin::wanted;
  }

private:
  static void add(transfer_story& to, const record& r) {
    if (r.what == kind::transfer_finished) {
      to.finished = &r;
      return;
    }
    const std::vector<oid> more = objects_in(r);
    to.objects.insert(to.objects.end(), more.begin(), more.end());
  }

  bool is_want(const record& r) const {
    if (r.what == kind::ask_want)
      return number_in(r, "count") == 1 && id_in(r) == object_;
    const std::vector<oid> all = r.what == kind::want_objects ? objects_in(r) : std::vector<oid>{};
    return std::ranges::find(all, object_) != all.end();
  }

  const transfer_story* find() {
    const transfer_story* last = nullptr;
    const transfer_story* on_its_way = nullptr;
    const transfer_story* of_the_commit = nullptr;
    for (transfer_story& each : transfers_) {
      const oid first = id_in(*each.started);
      each.whole = number_in(*each.started, "transfer") == 0
                   || (!each.objects.empty() && std::ranges::find(each.objects, first) == each.objects.end());
      if (each.brings(object_)) {
        count_ += each.succeeded() ? 1 : 0;
        if (each.succeeded())
          last = &each;
        else if (each.finished == nullptr)
          on_its_way = &each;
      } else if (each.whole && each.succeeded() && may_hold(each)) {
        of_the_commit = &each;
      }
    }
    if (of_the_commit != nullptr && !is_tree_ && number_in(*of_the_commit->started, "transfer") == 0)
      of_the_commit = nullptr; // such a transfer brings only trees
    return last != nullptr ? last : on_its_way != nullptr ? on_its_way : of_the_commit;
  }

  // With several repositories, the transfer must be of the repository from which the object was wanted. If it was never
  // wanted, the repository is unknown.
  bool may_hold(const transfer_story& whole) const {
    const std::uint64_t of = names_.server_of(*whole.started);
    if (!wants_.empty())
      return std::ranges::any_of(wants_, [of](const record* each) { return each->actor.inode == of; });
    return std::ranges::all_of(transfers_,
                               [&](const transfer_story& each) { return names_.server_of(*each.started) == of; });
  }

  std::uint64_t served_before(const transfer_story& by) const {
    std::uint64_t out = 0;
    for (const transfer_story& each : transfers_)
      if (each.succeeded() && each.brings(object_) && each.finished->order < by.started->order)
        out = std::max(out, each.finished->order);
    return out;
  }

  std::string wall_clock(std::uint64_t ns) const {
    return fmt::format("{:%F %T}", fmt::localtime(static_cast<std::time_t>((in_.header.started + ns) / 1'000'000'000)));
  }

  void tell_arrival(const transfer_story& by) const {
    const std::uint64_t server = names_.server_of(*by.started);
    const std::string number = fmt::format("{}{}", number_in(*by.started, "transfer"),
                                           server == 0 ? "" : fmt::format(" of repository {}", server));
    if (by.finished == nullptr) {
      print_(fmt::format("on its way with transfer {} since {}\n", number, wall_clock(by.started->time)));
      return;
    }
    const std::uint64_t took = by.finished->time > by.started->time ? by.finished->time - by.started->time : 0;
    print_(fmt::format("came at {} ({:.6f} s) with transfer {}: {}, {} bytes in {}\n", wall_clock(by.finished->time),
                       static_cast<double>(by.finished->time) / 1e9, number,
                       by.whole             ? std::string{"all that is in the commit"}
                       : by.objects.empty() ? std::string{"this object alone"}
                                            : fmt::format("{} objects", by.objects.size()),
                       number_in(*by.finished, "bytes"), show_duration(took)));
    if (count_ > 1)
      print_(fmt::format("it came {} times: it was evicted and fetched again, this is the last time\n", count_));
  }

  // A phrase for the actor that has sent this want.
  std::string who(const record& want) const {
    const record* const from = causes_.of(want);
    if (from == nullptr)
      return {};
    if (is_message(from->what) && from->actor.is == actor_kind::prefetcher)
      return fmt::format("ahead of a reader ({})", name_of(reader_way_of(number_in(want, "want"))));
    return "by " + names_.actor_of(*from);
  }

  void tell_chain(const record& last) const {
    const std::vector<const record*> chain = causes_.chain_to(last, longest_chain);
    if (chain.front()->cause != 0)
      print_("  ... what was before that is not in this trace: mount with --trace FILE to keep all\n");
    for (const record* each : chain)
      print_("  " + names_.line_of(*each) + '\n');
    if (last.what == kind::ask_want && causes_.of(last) != nullptr)
      print_("  so it was wanted " + who(last) + '\n');
  }

  void tell_also(std::string_view head, const std::vector<const record*>& wants) const {
    if (wants.empty())
      return;
    print_(fmt::format("\n{}\n", head));
    for (std::size_t i = 0; i < std::min(wants.size(), most_also); ++i) {
      const std::string by = who(*wants[i]);
      print_("  " + names_.line_of(*wants[i]) + (by.empty() ? "" : ", " + by) + '\n');
      for (const record* at = causes_.of(*wants[i]); at != nullptr; at = causes_.of(*at))
        if (at->what == kind::kernel_request)
          print_("    for " + names_.line_of(*at) + '\n');
    }
    if (wants.size() > most_also)
      print_(fmt::format("  and {} more times\n", wants.size() - most_also));
  }

  void tell_companions(const transfer_story& by) const {
    if (by.objects.size() < 2 || by.whole)
      return;
    std::string out =
        fmt::format("\nwith it {} {} others:", by.finished != nullptr ? "came" : "come", by.objects.size() - 1);
    std::size_t printed = 0;
    for (const oid& each : by.objects)
      if (each != object_ && printed++ < most_companions)
        out += " " + each.hex().substr(0, 12);
    print_(out + (printed > most_companions ? " ...\n" : "\n"));
  }

  const contents& in_;
  const oid object_;
  const bool is_tree_;
  const trace_causes causes_;
  const trace_names names_;
  const printer& print_;
  std::vector<transfer_story> transfers_; // in their order
  std::vector<const record*> wants_;      // the ask_want records of this object
  const record* came_with_ = nullptr; // for a root tree: the record of the mount, or of the opening of its repository
  std::size_t count_ = 0;             // how many transfers have brought the object
};

} // namespace

origin explain(const contents& in, const oid& object, bool is_tree, const printer& print) {
  return explanation{in, object, is_tree, print}.tell();
}

bool same_run(const contents& a, const contents& b) {
  return a.header.process == b.header.process && a.header.started == b.header.started;
}

contents joined(const contents& a, const contents& b) {
  contents out = a;
  out.records.insert(out.records.end(), b.records.begin(), b.records.end());
  // Of two equal records the one whose duration is known is kept.
  std::ranges::sort(out.records, {}, [](const record& r) { return std::pair{r.order, r.duration}; });
  const auto same_order = [](const record& x, const record& y) { return x.order == y.order; };
  out.records.erase(std::unique(out.records.begin(), out.records.end(), same_order), out.records.end());
  return out;
}

} // namespace gitfs::trace

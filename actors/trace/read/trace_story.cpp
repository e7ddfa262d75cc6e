// The story of one request: see trace_show.hpp.
#include "actors/trace/read/trace_causes.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "actors/trace/read/trace_show.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gitfs::trace {

namespace {

constexpr std::size_t screen = 60;    // lines
constexpr std::size_t most_alike = 3; // at most so many records of one kind are shown under one cause
constexpr std::size_t long_chain = 12;

class story {
public:
  story(const contents& in, bool redact, const printer& print) : causes_(in), names_(in, redact), print_(print) {
    for (const record& each : in.records)
      if (each.cause != 0)
        effects_[each.cause].push_back(&each);
  }

  void tell(const record& request, const std::vector<const record*>& answers) {
    for (const record* each : answers)
      for (const record* at = each; at != nullptr; at = causes_.of(*at))
        on_the_way_.insert(at->order);
    tell_under(request, 0);
    if (lines_ >= screen)
      print_("...\n");
    for (const record* each : answers)
      if (!comes_of(*each, request.order))
        tell_chain(*each);
  }

private:
  bool comes_of(const record& r, std::uint64_t order) const {
    const record* at = &r;
    while (at != nullptr && at->order > order)
      at = causes_.of(*at);
    return at != nullptr && at->order == order;
  }

  // The chain is cut to the number of lines of the screen.
  void tell_under(const record& r, std::size_t depth) {
    if (lines_++ >= screen)
      return;
    print_(fmt::format("{:{}}{}\n", "", 2 * depth, names_.line_of(r)));
    const auto found = effects_.find(r.order);
    if (found == effects_.end())
      return;
    std::map<kind, std::size_t> printed;
    std::map<kind, std::size_t> left;
    for (const record* each : found->second) {
      if (on_the_way_.contains(each->order) || printed[each->what] < most_alike) {
        ++printed[each->what];
        tell_under(*each, depth + 1);
      } else {
        ++left[each->what];
      }
    }
    for (const auto& [what, count] : left)
      if (lines_++ < screen)
        print_(fmt::format("{:{}}... and {} more {}\n", "", 2 * depth + 2, count, kind_name(what)));
  }

  void tell_chain(const record& answer) {
    const std::vector<const record*> chain = causes_.chain_to(answer, long_chain);
    print_(causes_.of(*chain.front()) != nullptr ? "answered by what others had begun:\n...\n"
                                                 : "answered by what others had begun:\n");
    for (std::size_t i = 0; i < chain.size(); ++i)
      print_(fmt::format("{:{}}{}\n", "", 2 * i, names_.line_of(*chain[i])));
  }

  const trace_causes causes_;
  trace_names names_;
  const printer& print_;
  std::unordered_map<std::uint64_t, std::vector<const record*>> effects_;
  std::unordered_set<std::uint64_t> on_the_way_; // records on the way to an answer
  std::size_t lines_ = 0;
};

} // namespace

result<void> show_request(const contents& in, std::uint64_t request, bool redact, const printer& print) {
  const record* found = nullptr;
  std::vector<const record*> answers;
  for (const record& each : in.records) {
    if (each.what != kind::kernel_request && each.what != kind::reply)
      continue;
    if (number_in(each, "request") != request)
      continue;
    if (each.what == kind::reply)
      answers.push_back(&each);
    else
      found = &each;
  }
  if (found == nullptr)
    return fail(ENOENT, "--request: there is no request " + std::to_string(request) + " in this trace");
  story{in, redact, print}.tell(*found, answers);
  if (answers.empty())
    print("not answered in this trace\n");
  return success();
}

} // namespace gitfs::trace

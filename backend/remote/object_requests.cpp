#include "backend/remote/object_requests.hpp"

#include "backend/remote/pack_download.hpp"
#include "backend/remote/protocol_v2.hpp"
#include "backend/remote/response_in_memory.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace gitfs {

namespace {

/// What an answer tells about the way in which it was asked for.
enum class sign : std::uint8_t {
  none,
  filter_refused, ///< an error whose text is about the filter
  other_words,    ///< another error from the git server
  silence,        ///< an empty answer
  bad_status,     ///< an HTTP status that a server which cannot read the request may give
  count
};

/// The signs, and whether each counts against a form that has worked before. Most can have other reasons then.
constexpr struct {
  sign what;
  bool also_of_a_way_that_works;
} signs[] = {{sign::none, false},
             {sign::filter_refused, true},
             {sign::other_words, false},
             {sign::silence, false},
             {sign::bad_status, false}};
static_assert(std::size(signs) == static_cast<std::size_t>(sign::count));

constexpr long telling_statuses[] = {400, 405, 406, 415, 422, 500, 501};

constexpr int no_refusals[] = {ECANCELED, ETIMEDOUT, EHOSTDOWN, EACCES, EFBIG, E2BIG, ENOTSUP};

bool is_refusal(int code) {
  return std::ranges::find(no_refusals, code) == std::end(no_refusals);
}

/// JGit fails a whole object-info request if one object is absent. One operation finds up to so many absent objects.
constexpr int most_size_requests = 32;

} // namespace

struct object_requests::answer {
  result<void> done = success();
  sign shows = sign::none;
};

object_requests::answer object_requests::ask(operation& op, const fetch_request& request, way_form form,
                                             const capabilities& can, way_search& search, transfer_outcome& out) {
  const bool works = search.known_to_work(form);
  answer got;
  bool refused = false, silent = false;
  const auto post = [&](const fetch_request& what) {
    op.status = 0;
    refused = silent = false;
    auto body = std::make_shared<const std::string>(compose_fetch(what, name_of(filter_of(form)), can));
    return http_.post(op, std::move(body), [&](http_exchange& exchange) {
      pack_download download{store_, what, [&search] { search.works(); }, works};
      auto read = download.read(exchange, op.stop);
      if (const auto size = download.size())
        out.sizes = {{what.wants.front(), *size}};
      refused = download.refused();
      silent = download.silent();
      return read;
    });
  };
  got.done = post(request);
  if (!got.done && got.done.error().code == ESTALE && !request.haves.empty()) {
    fetch_request whole = request;
    whole.haves.clear();
    got.done = post(whole);
  }
  if (got.done)
    return got;
  if (got.done.error().code == ESTALE) // the pack needs bases that are not here, though no thin pack was asked for
    got.done = fail(EIO, got.done.error().message);
  const error& what = got.done.error();
  if (what.code == EIO && refused && what.message.find("filter") != std::string::npos)
    got.shows = sign::filter_refused;
  else if (what.code == EIO && refused)
    got.shows = sign::other_words;
  else if (silent)
    got.shows = sign::silence;
  else if (what.code == EIO // not E2BIG or EHOSTDOWN, which tell nothing about the form
           && std::ranges::find(telling_statuses, op.status) != std::end(telling_statuses))
    got.shows = sign::bad_status;
  if (works && !signs[static_cast<std::size_t>(got.shows)].also_of_a_way_that_works)
    got.shows = sign::none;
  return got;
}

error object_requests::not_offered(fetch_need need, const capabilities& can) const {
  const bool of_commits = need != fetch_need::trees && need != fetch_need::blobs;
  if (of_commits && !can.fetch_shallow)
    return {ENOTSUP, display_ + ": the server does not offer shallow fetches"};
  if (!can.fetch_filter)
    return {ENOTSUP, display_
                         + ": the server does not offer partial fetches (capability \"filter\"; on the server: git "
                           "config uploadpack.allowFilter true)"};
  return {ENOTSUP, display_ + ": the server refuses the filters of partial fetches that are needed"};
}

result<void> object_requests::fetch(operation& op, const fetch_request& request, transfer_outcome& out) {
  GITFS_TRY(can, server_.get(op));
  std::optional<way_search> search;
  search.emplace(ways_, place_, request.need, can);
  fetch_request left = request;
  const auto remove_those_here = [&] {
    return std::erase_if(left.wants, [this](const oid& id) { return store_.contains(id); }) != 0;
  };
  bool some = false, only_filters_refused = true;
  std::optional<error> last;
  for (;;) {
    GITFS_TRY(form, search->next(op.stop, op.deadline));
    if (!form)
      break;
    bool brought = false;
    answer got;
    for (;;) {
      got = ask(op, left, *form, can, *search, out);
      if (!got.done || !remove_those_here())
        break;
      search->works();
      if (left.wants.empty())
        return success();
      brought = some = true;
    }
    if (got.done) {
      if (!brought)
        search->fails(verdict::lacking, "its answer had not what was wanted");
      only_filters_refused = false;
      last.reset();
      continue;
    }
    const error what = got.done.error();
    if (is_refusal(what.code)) {
      GITFS_TRY(again, server_.correct(op, can));
      if (again) {
        search.emplace(ways_, place_, request.need, can);
        continue;
      }
    }
    if (got.shows == sign::none)
      return some && what.code != ECANCELED ? result<void>{success()} : fail(what);
    search->fails(verdict::refused, what.message);
    only_filters_refused = only_filters_refused && got.shows == sign::filter_refused;
    last = what;
  }
  if (some)
    return success();
  if (only_filters_refused)
    return fail(not_offered(request.need, can));
  if (last)
    return fail(*last);
  const std::size_t more = left.wants.size() - 1;
  return fail(EIO, display_ + ": the server answers, but without the object " + left.wants.front().hex()
                       + (more != 0 ? " and " + std::to_string(more) + " more" : "") + " that it was asked for ("
                       + search->tried() + ")");
}

struct object_requests::sizes_or_error {
  result<void> done = success();
  bool refused = false; ///< the git server has answered with an error
  std::vector<std::pair<oid, std::uint64_t>> sizes;
};

object_requests::sizes_or_error object_requests::ask_sizes(operation& op, const std::vector<oid>& ids) {
  constexpr std::uint64_t longest_line = 80, slack = 4096;
  sizes_or_error out;
  out.done =
      http_.post(op, std::make_shared<const std::string>(compose_object_info(ids)), [&](http_exchange& exchange) {
        object_info_response response;
        auto done = read_into(response, exchange, ids.size() * longest_line + slack);
        out.refused = response.refused();
        out.sizes = std::move(response.sizes());
        return done;
      });
  return out;
}

result<void> object_requests::sizes(operation& op, const std::vector<oid>& ids, transfer_outcome& out) {
  GITFS_TRY(can, server_.get(op));
  const error unsupported{ENOTSUP,
                          display_ + ": the server does not tell sizes of objects (capability \"object-info\")"};
  if (!can.object_info || ways_.of(place_, way_form::sizes) == verdict::refused)
    return fail(unsupported);
  std::vector<std::vector<oid>> questions{ids};
  for (int requests = 0; !questions.empty(); ++requests) {
    if (requests == most_size_requests)
      return fail(EAGAIN, display_ + ": the server fails requests for sizes because of objects that it does not have");
    std::vector<oid> question = std::move(questions.back());
    questions.pop_back();
    sizes_or_error reported = ask_sizes(op, question);
    if (!reported.done && is_refusal(reported.done.error().code)) {
      GITFS_TRY(again, server_.correct(op, can));
      if (!can.object_info)
        return fail(unsupported);
      if (again)
        reported = ask_sizes(op, question);
    }
    if (!reported.done && !reported.refused)
      return fail(reported.done.error());
    if (reported.done || !reported.sizes.empty())
      ways_.learn(place_, way_form::sizes, verdict::works);
    out.sizes.insert(out.sizes.end(), reported.sizes.begin(), reported.sizes.end());
    if (reported.done)
      continue;
    // One of the objects is absent. Either the server names it, or it is the first without a size in the answer, or it
    // is found by halving.
    const std::string& words = reported.done.error().message;
    std::ranges::sort(reported.sizes);
    std::erase_if(question, [&](const oid& id) {
      const auto at = std::ranges::lower_bound(reported.sizes, id, {}, [](const auto& each) { return each.first; });
      return at != reported.sizes.end() && at->first == id;
    });
    const auto named =
        std::ranges::find_if(question, [&](const oid& id) { return words.find(id.hex()) != std::string::npos; });
    if (named != question.end()) {
      question.erase(named);
    } else if (ways_.of(place_, way_form::sizes) != verdict::works) {
      ways_.learn(place_, way_form::sizes, verdict::refused, words);
      return fail(unsupported);
    } else if (!reported.sizes.empty() || question.size() == 1) {
      question.erase(question.begin());
    } else {
      const auto middle = question.begin() + static_cast<std::ptrdiff_t>(question.size() / 2);
      questions.emplace_back(middle, question.end());
      question.erase(middle, question.end());
    }
    if (!question.empty())
      questions.push_back(std::move(question));
  }
  return success();
}

} // namespace gitfs

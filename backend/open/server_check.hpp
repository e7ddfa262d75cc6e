// Asks the servers of a deployment whether they let us in, before anything is mounted.
#pragma once

#include "config/deployment.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gitfs {

struct server_answer {
  std::string path;         ///< of the entry; empty: the mountpoint itself
  std::string about{};      ///< which of the entry's tokens it is about, for people; empty: there is one at most
  result<std::string> said; ///< for people; the error's message names the server and says what to do
};

/// Asks for the ref of each repository of `options.tree`, and as whom each token of a forge is let in. Of a repository
/// no object is fetched, and nothing is kept. Several servers are asked at once; it takes as long as the slowest, at
/// most `options.timeout` or half a minute, whichever is less, for each. In the order of the tree. Any thread.
std::vector<server_answer> ask_servers(const mount_options& options,
                                       const std::function<result<std::string>(const secret_place&)>& read_secret);

} // namespace gitfs

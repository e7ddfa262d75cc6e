#include "test/support/forge_server.hpp"

#include "test/support/command.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <rapidjson/document.h>
#include <stdexcept>
#include <utility>

namespace gitfs::test {

forge_server::forge_server(std::filesystem::path root) : root_{std::move(root)} {
  const char* sources = std::getenv("GITFS_SOURCE_DIR");
  const std::string program = std::string{sources != nullptr ? sources : "."} + "/test/forge/forge_server.js";
  process_.emplace("exec node " + program + " " + root_.string() + " " + state_.path().string());
  if (!eventually([&] { return std::filesystem::exists(state_ / "port") || !process_->running(); })
      || !process_->running())
    throw std::runtime_error("the forge server does not start (scripts/setup --test installs what it needs): "
                             + (process_->running() ? std::string{} : process_->result()->output));
  url_ = "http://127.0.0.1:" + must_run("cat " + (state_ / "port").string());
}

forge_server::~forge_server() = default; // with its process

void forge_server::set(const std::string& settings) {
  std::ofstream{state_ / "settings.new"} << ++set_ << '\n' << settings;
  std::filesystem::rename(state_ / "settings.new", state_ / "settings");
}

std::vector<forge_request> forge_server::requests() const {
  std::ifstream log{state_ / "log"};
  std::vector<forge_request> out;
  std::size_t number = 0;
  for (std::string line; std::getline(log, line);) {
    if (number++ < read_from_)
      continue;
    rapidjson::Document parsed;
    parsed.Parse(line.data(), line.size());
    forge_request one{parsed["line"].GetString(), parsed["status"].GetInt(), parsed["authorization"].GetString(),
                      parsed["wrong"].GetString()};
    if (!one.wrong.empty())
      throw std::runtime_error(one.line + ": " + one.wrong);
    out.push_back(std::move(one));
  }
  return out;
}

std::size_t forge_server::count(std::string_view part) const {
  const auto all = requests();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const auto& each) { return holds(each.line, part); }));
}

void forge_server::clear_requests() {
  read_from_ += requests().size();
}

} // namespace gitfs::test

// What a process may have only once for each file, as LMDB demands of its own.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

namespace gitfs {

/// Thread-safe. Those who have one may outlive it.
template <class Value>
class one_per_file {
public:
  /// The one of `file`, if somebody has it; else what `make` gives, a unique_ptr that is not null. Waits while one that
  /// nobody has any more is being destroyed: that may sync a file.
  template <class Make>
  std::shared_ptr<Value> get(const std::filesystem::path& file, const Make& make) {
    const std::string name = name_of(file);
    {
      std::unique_lock lock{state_->mutex};
      for (;;) {
        const auto [at, fresh] = state_->known.try_emplace(name);
        if (fresh)
          break; // nobody else makes one now
        if (auto living = at->second.lock())
          return living;
        state_->changed.wait(lock);
      }
    }
    std::shared_ptr<Value> out;
    try {
      out = {make().release(), [state = state_, name](Value* last) {
               delete last;
               state->forget(name);
             }};
    } catch (...) {
      state_->forget(name);
      throw;
    }
    {
      const std::lock_guard lock{state_->mutex};
      state_->known[name] = out;
    }
    state_->changed.notify_all();
    return out;
  }

  /// Runs `use`, unless there is one; nobody gets one meanwhile.
  template <class Use>
  void unless_there(const std::filesystem::path& file, const Use& use) {
    const std::string name = name_of(file);
    const std::lock_guard lock{state_->mutex};
    if (!state_->known.contains(name))
      use();
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::weak_ptr<Value>> known; ///< by canonical path; expired: is being made or destroyed

    void forget(const std::string& name) {
      {
        const std::lock_guard lock{mutex};
        known.erase(name);
      }
      changed.notify_all();
    }
  };

  static std::string name_of(const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::weakly_canonical(file, ignored).string();
  }

  const std::shared_ptr<state> state_ = std::make_shared<state>();
};

} // namespace gitfs

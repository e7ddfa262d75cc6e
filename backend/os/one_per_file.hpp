// Objects of which a process should have only one for each file.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

namespace gitfs {

/// Thread-safe. The objects that it has given out may outlive it.
template <class Value>
class one_per_file {
public:
  /// The object of `file` if somebody holds it; else the object that `make` returns, as a unique_ptr that is not null.
  /// Waits while the previous object of the file is being destroyed, which may sync a file.
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

  /// Runs `use` if nobody holds an object of `file`. Nobody gets one meanwhile.
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
    std::map<std::string, std::weak_ptr<Value>> known; ///< by canonical path; expired: it is being made or destroyed

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

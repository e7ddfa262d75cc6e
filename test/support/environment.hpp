// Environment variables for one scope.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace gitfs::test {

/// Sets (or with nullptr removes) a variable, and puts the old value back on destruction.
class scoped_env {
public:
  scoped_env(std::string name, const char* value) : name_{std::move(name)} {
    if (const char* old = std::getenv(name_.c_str()))
      old_ = old;
    put(value);
  }
  ~scoped_env() { put(old_ ? old_->c_str() : nullptr); }
  scoped_env(const scoped_env&) = delete;
  scoped_env& operator=(const scoped_env&) = delete;

private:
  void put(const char* value) {
    if (value != nullptr)
      ::setenv(name_.c_str(), value, 1);
    else
      ::unsetenv(name_.c_str());
  }

  std::string name_;
  std::optional<std::string> old_;
};

} // namespace gitfs::test

// Stores that only take packs in: one that git checks, one that is full, one that does not go on until it is told.
#pragma once

#include "backend/pack/pack_sink.hpp"
#include "test/support/command.hpp"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

namespace gitfs::test {

/// A bare repository that `git index-pack` installs packs into.
class index_pack_store : public pack_receiver {
public:
  explicit index_pack_store(std::filesystem::path repository) : repository_(std::move(repository)) {
    must_run("git init -q --bare '" + repository_.string() + "'");
  }

  result<std::unique_ptr<pack_sink>> new_pack(pack_use) override {
    const std::lock_guard lock{mutex_};
    return std::unique_ptr<pack_sink>{std::make_unique<sink>(repository_, ++packs_)};
  }

  bool contains(const oid& id) override { return run("git cat-file -e " + id.hex(), repository_).status == 0; }

  /// The ids of all objects, a line each.
  std::string list_objects() const {
    return must_run("git cat-file --batch-all-objects --batch-check='%(objectname)'", repository_);
  }

private:
  class sink : public pack_sink {
  public:
    sink(std::filesystem::path repository, int number)
      : repository_(std::move(repository)),
        path_(repository_ / ("incoming" + std::to_string(number))),
        out_(path_, std::ios::binary) {}
    result<void> append(std::string_view bytes) override {
      out_ << bytes;
      return success();
    }
    result<std::uint32_t> commit() override {
      out_.close();
      if (run("git index-pack --stdin < " + path_.filename().string(), repository_).status != 0)
        return fail(EIO, "the pack is corrupt");
      return 1;
    }

  private:
    std::filesystem::path repository_, path_;
    std::ofstream out_;
  };

  std::filesystem::path repository_;
  std::mutex mutex_;
  int packs_ = 0;
};

/// Fails with `code` at the first byte.
class failing_store : public pack_receiver {
public:
  explicit failing_store(int code) : code_(code) {}
  result<std::unique_ptr<pack_sink>> new_pack(pack_use) override {
    return std::unique_ptr<pack_sink>{std::make_unique<sink>(code_)};
  }
  bool contains(const oid&) override { return false; }

private:
  struct sink : pack_sink {
    explicit sink(int with) : code(with) {}
    result<void> append(std::string_view) override { return fail(code, "no room"); }
    result<std::uint32_t> commit() override { return 0; }
    int code;
  };
  int code_;
};

/// Counts bytes, but takes none before it is opened.
class gated_store : public pack_receiver {
public:
  result<std::unique_ptr<pack_sink>> new_pack(pack_use) override {
    return std::unique_ptr<pack_sink>{std::make_unique<sink>(*this)};
  }
  bool contains(const oid&) override { return true; }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  std::uint64_t received() {
    const std::lock_guard lock{mutex_};
    return received_;
  }

private:
  struct sink : pack_sink {
    explicit sink(gated_store& store) : owner(store) {}
    result<void> append(std::string_view bytes) override {
      std::unique_lock lock{owner.mutex_};
      owner.changed_.wait(lock, [this] { return owner.open_; });
      owner.received_ += bytes.size();
      return success();
    }
    result<std::uint32_t> commit() override { return 0; }
    gated_store& owner;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::uint64_t received_ = 0;
};

} // namespace gitfs::test

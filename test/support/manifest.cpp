#include "test/support/manifest.hpp"

#include "config/unique_fd.hpp"
#include "test/support/command.hpp"
#include "test/support/mount.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <iterator>
#include <ranges>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace gitfs::test {

namespace {

// Names may hold any byte, and a line of the manifest shall be one line of text.
std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      out += c;
      continue;
    }
    char code[5];
    std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(c));
    out += code;
  }
  return out;
}

std::string failed(const char* operation) {
  return std::string{operation} + ": " + std::strerror(errno);
}

class walker {
public:
  // Consumes `folder`.
  void walk(int folder, const std::string& path) {
    DIR* stream = folder >= 0 ? ::fdopendir(folder) : nullptr;
    if (stream == nullptr) {
      lines_.push_back(printable(path) + " " + failed("opendir"));
      return;
    }
    struct entry {
      std::string name;
      unsigned char type;
    };
    std::vector<entry> entries;
    errno = 0;
    while (const dirent* each = ::readdir(stream)) {
      const std::string_view name = each->d_name;
      if (name != "." && name != ".." && !(path.empty() && name == ".git"))
        entries.push_back({std::string{name}, each->d_type});
      errno = 0;
    }
    if (errno != 0)
      lines_.push_back(printable(path) + " " + failed("readdir"));
    for (const entry& each : entries)
      add(::dirfd(stream), each.name, each.type, path.empty() ? each.name : path + "/" + each.name);
    ::closedir(stream);
  }

  std::vector<std::string> sorted() {
    std::ranges::sort(lines_);
    return std::move(lines_);
  }

private:
  void add(int folder, const std::string& name, unsigned char type, const std::string& path) {
    struct stat st {};
    if (::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      lines_.push_back(printable(path) + " " + failed("stat"));
      return;
    }
    char mode[16];
    std::snprintf(mode, sizeof mode, " %06o", st.st_mode);
    std::string line = printable(path) + mode;
    if (type != DT_UNKNOWN && type != IFTODT(st.st_mode))
      line += " but readdir says type " + std::to_string(type);
    if (S_ISLNK(st.st_mode))
      line += " " + std::to_string(st.st_size) + " -> " + target(folder, name);
    else if (S_ISREG(st.st_mode))
      line += " " + std::to_string(st.st_size) + " " + content(folder, name, static_cast<std::size_t>(st.st_size));
    lines_.push_back(std::move(line));
    if (S_ISDIR(st.st_mode))
      walk(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path);
  }

  static std::string target(int folder, const std::string& name) {
    char buffer[PATH_MAX];
    const auto length = ::readlinkat(folder, name.c_str(), buffer, sizeof buffer);
    return length < 0 ? failed("readlink") : printable({buffer, static_cast<std::size_t>(length)});
  }

  // Reads until the end, not only as far as stat says: a size that is too small would go unnoticed.
  std::string content(int folder, const std::string& name, std::size_t expected) {
    const unique_fd file{::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!file)
      return failed("open");
    buffer_.resize(std::max(buffer_.size(), expected + 1));
    std::size_t length = 0;
    ssize_t got = 0;
    while ((got = ::read(file.get(), buffer_.data() + length, buffer_.size() - length)) > 0) {
      length += static_cast<std::size_t>(got);
      if (length == buffer_.size())
        buffer_.resize(length * 2);
    }
    const std::string error = got < 0 ? " " + failed("read") : "";
    return std::to_string(length) + " bytes, hash "
           + std::to_string(std::hash<std::string_view>{}({buffer_.data(), length})) + error;
  }

  std::vector<std::string> lines_;
  std::vector<char> buffer_;
};

} // namespace

std::vector<std::string> manifest(const std::filesystem::path& root) {
  walker w;
  w.walk(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "");
  return w.sorted();
}

std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& found) {
  constexpr std::size_t shown = 10;
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::ranges::set_difference(expected, found, std::back_inserter(missing));
  std::ranges::set_difference(found, expected, std::back_inserter(extra));
  std::string out;
  for (const auto& [sign, lines] : {std::pair{"-", &missing}, std::pair{"+", &extra}}) {
    for (const std::string& line : *lines | std::views::take(shown))
      out += std::string{"\n"} + sign + " " + line.substr(0, 1000);
    if (lines->size() > shown)
      out += std::string{"\n"} + sign + " … and " + std::to_string(lines->size() - shown) + " more";
  }
  return out;
}

std::filesystem::path checkout(const std::filesystem::path& repository, const std::string& branch,
                               const std::filesystem::path& folder) {
  const auto out = folder / "clone";
  must_run("umask 022; git clone -q --shared --branch " + shell_quoted(branch) + " " + shell_quoted(repository) + " "
           + shell_quoted(out));
  return out;
}

} // namespace gitfs::test

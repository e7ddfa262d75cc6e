// A number is the sum of two: where the folder's numbers begin, which is a hash of the folder, and where the name
// stands among all names that there can be. Both have 52 bits.
//
// Names are placed as arithmetic coding does: the range of a folder is divided among the first characters, in their
// order, each part among the second ones, and so on, while there is room. So what is cut off keeps the order of names,
// and a usual character costs 4 bits and not 8. Within the part that is left the hash of the whole path decides. It
// keeps 2^23 numbers or more, usually 2^30 to 2^34, for names that are alike so far.
//
// Two paths get one number by chance, then: in different folders with a probability of 2^-52, in one folder, if their
// names begin alike, of some 2^-32. That shows in each mount and is not mended: what is done about one of the two would
// change its number when the other comes or goes. The kernel tells files apart by node ids, so each has its own
// contents all the same; programs that compare st_ino (diff, mv) take the two for one file.
//
// A sum, and not the folder's bits above those of the name: then a hash of few bits would have to tell folders apart.
#include "actors/model/inode_number.hpp"

#include <array>
#include <cstddef>

namespace gitfs {

namespace {

constexpr unsigned range_bits = inode_number_bits - 1;
constexpr std::uint64_t first_number = root_ino + 1;
constexpr std::uint64_t range = (std::uint64_t{1} << range_bits) - first_number;

// A part that is smaller is not divided any more. With less, more neighbours ascend and more numbers meet.
constexpr std::uint64_t smallest_divided = std::uint64_t{1} << 34;

// Shares of characters in 4096. Numbers must be the same in every version, so these never change.
constexpr unsigned share_bits = 12;
constexpr std::uint64_t share_of(unsigned character) {
  if (character == 0) // the end of the name
    return 196;
  if (character >= 'a' && character <= 'z')
    return 87;
  if (character == '-' || character == '.' || character == '_')
    return 96;
  if (character >= '0' && character <= '9')
    return 52;
  return character >= 'A' && character <= 'Z' ? 10 : 3;
}

/// Shares of all lower characters.
constexpr std::array<std::uint64_t, 257> below = [] {
  std::array<std::uint64_t, 257> out{};
  for (unsigned i = 0; i < 256; ++i)
    out.at(i + 1) = out.at(i) + share_of(i);
  return out;
}();
static_assert(below.back() == 1U << share_bits);

// Files are often called after their folder (`gpio/gpio-pxa.c`), so while a name goes on as the folder's does, half of
// the room is its next character's. `expected`: 0 for none.
struct part {
  std::uint64_t begin = 0, size = range;

  void divide(unsigned char character, unsigned char expected) {
    const bool halved = expected != 0;
    const std::uint64_t unit = size >> (halved ? share_bits + 1 : share_bits);
    const std::uint64_t bonus = halved ? std::uint64_t{1} << share_bits : 0;
    begin += unit * (below[character] + (character > expected ? bonus : 0));
    size = unit * (below[character + 1U] - below[character] + (character == expected ? bonus : 0));
  }
};

} // namespace

std::uint64_t inode_number(const numbered_folder& folder, std::string_view name, path_key key) {
  part at;
  bool as_folder = true; // so far
  for (std::size_t i = 0; i <= name.size() && at.size >= smallest_divided; ++i) {
    const auto character = static_cast<unsigned char>(i < name.size() ? name[i] : '\0');
    const auto expected = static_cast<unsigned char>(as_folder && i < folder.name.size() ? folder.name[i] : '\0');
    at.divide(character, expected);
    as_folder = expected != 0 && character == expected;
  }
  return first_number + (folder.key >> (64 - range_bits)) + at.begin + key % at.size;
}

} // namespace gitfs

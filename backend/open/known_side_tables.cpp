#include "backend/open/known_side_tables.hpp"

#include "backend/mesa/mesa_objects.hpp"

namespace gitfs {

side_tables known_side_tables() {
  static constexpr side_table all[] = {mesa_side_table};
  return all;
}

} // namespace gitfs

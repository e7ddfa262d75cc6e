// The numbers in trace files: each is given once, and docs/trace-format.md says what it stands for.
#include "actors/trace/read/record_table.hpp"

#include "actors/model/kernel_operations.hpp"
#include "actors/replay/recorded_input.hpp"
#include "actors/runtime/message_rows.hpp"
#include "actors/trace/record/recorder.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(record_table)

using namespace gitfs::trace;

namespace {

// Rows of the tables in the documentation whose header is `header`, as they stand there.
std::vector<std::string> published(const std::string& header) {
  const char* source = std::getenv("GITFS_SOURCE_DIR");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "GITFS_SOURCE_DIR is not set");
  std::ifstream in{std::filesystem::path{source} / "docs/trace-format.md"};
  std::vector<std::string> out;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line.starts_with("| "))
      out.push_back(line);
    inside = line == header || (inside && line.starts_with("|"));
  }
  return out;
}

constexpr std::pair<field_type, const char*> type_names[] = {
    {field_type::number, ""},     {field_type::inode, "inode"},     {field_type::name, "name"},
    {field_type::id, "id"},       {field_type::ids, "ids"},         {field_type::code, "code"},
    {field_type::mode, "mode"},   {field_type::request, "request"}, {field_type::answer, "answer"},
    {field_type::want, "want"},   {field_type::urgency, "urgency"}, {field_type::actor, "actor"},
    {field_type::whole, "whole"}, {field_type::digest, "digest"},   {field_type::bytes, "bytes"},
};

std::string type_name(field_type type) {
  for (const auto& [each, name] : type_names)
    if (each == type)
      return name;
  BOOST_FAIL("a type of fields has no name here");
  return {};
}

std::string shown(const record_row& row) {
  std::string fields;
  for (const field& each : row.fields) {
    const std::string type = type_name(each.type);
    fields += fmt::format("{}{}{}{}", fields.empty() ? "" : ", ", each.name, type.empty() ? "" : ": ", type);
  }
  return fmt::format("| {} | {} | {} |", static_cast<std::uint32_t>(row.number), row.name, fields);
}

} // namespace

BOOST_AUTO_TEST_CASE(every_number_and_name_is_given_once) {
  std::set<kind> numbers;
  std::set<std::string_view> names;
  for (const record_row& each : trace::record_table()) {
    BOOST_TEST(numbers.insert(each.number).second, each.name << " has the number of another kind");
    BOOST_TEST(names.insert(each.name).second, each.name << " is the name of two kinds");
    BOOST_TEST(row_of(each.number)->name == each.name);
  }
}

// Whoever changes a number changes what the traces mean that people have kept.
BOOST_AUTO_TEST_CASE(kinds_and_fields_are_those_that_are_published) {
  std::vector<std::string> here;
  for (const record_row& each : trace::record_table())
    here.push_back(shown(each));
  const auto there = published("| number | kind | fields |");
  BOOST_TEST(here == there, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_numbers_stand_for_is_published) {
  std::vector<std::string> here;
  for (const auto& [type, name] : type_names) {
    std::string values;
    for (const value_row& each : values_of(type))
      values += fmt::format("{}{} {}", values.empty() ? "" : ", ", each.number, each.name);
    if (!values.empty())
      here.push_back(fmt::format("| {} | {} |", name, values));
  }
  BOOST_TEST(here == published("| type | numbers |"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_message_is_of_one_type_and_says_when_it_was_sent) {
  std::set<const std::type_info*> types;
  for (const message_row& each : message_table()) {
    BOOST_TEST(is_message(each.number()));
    if (each.number() == kind::other_message)
      continue;
    BOOST_REQUIRE(each.type != nullptr);
    BOOST_TEST(types.insert(each.type).second, each.record.name << " has the type of another message");
    BOOST_TEST((each.stamp != nullptr && each.fields != nullptr));
  }
}

// Else a recording with such a message could not be replayed.
BOOST_AUTO_TEST_CASE(what_comes_from_elsewhere_can_be_made_of_its_record) {
  for (const message_row& each : message_table()) {
    const bool comes = each.comes == arrival::from_kernel || each.comes == arrival::from_outside;
    BOOST_TEST(can_be_made(each.number()) == comes, each.record.name);
  }
}

BOOST_AUTO_TEST_CASE(fields_that_say_all_of_a_message_make_it_again) {
  const message_row* row = message_row_of(kind::blob_loaded);
  BOOST_REQUIRE((row != nullptr && row->parse != nullptr));
  char room[longest_record];
  encoder written{room};
  written.number(70'000);
  written.number(5);
  const std::string_view fields{room, written.at()};
  const caf::message made = row->parse(fields, {12, 0});
  BOOST_REQUIRE(&trace::row_of(made.content()) == row);
  const void* message = made.get(0);
  encoder again{room};
  row->fields(again, message);
  BOOST_TEST((std::string_view{room, again.at()} == fields));
  BOOST_TEST(row->stamp(message).cause == 12U);
}

BOOST_AUTO_TEST_CASE(every_operation_comes_back_from_its_record) {
  std::set<std::size_t> alternatives;
  for (const kernel_operation_row& row : kernel_operations()) {
    request_record recorded{.op = row.number, .offset = 7, .size = 11, .name = "name"};
    const kernel_operation what = row.parse(recorded);
    BOOST_TEST(&row_of(what) == &row, row.name);
    alternatives.insert(what.index());
    request_record again{.op = row.number};
    row.put(what, again);
    const kernel_operation same = row.parse(again);
    request_record third{.op = row.number};
    row.put(same, third);
    BOOST_TEST(third.offset == again.offset);
    BOOST_TEST(third.size == again.size);
    BOOST_TEST(third.name == again.name);
    BOOST_TEST(name_of(row.counts).starts_with("kernel."));
  }
  BOOST_TEST(alternatives.size() == std::variant_size_v<kernel_operation>);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test

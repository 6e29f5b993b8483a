// JSON inside <script> must not end the element, whatever the names in a table are.
#include <doctest/doctest.h>

#include "analysis/report/page.hpp"

using namespace flotilla::analysis;

TEST_CASE("</script> and <!-- cannot appear, and the JSON reads back the same") {
  const nlohmann::ordered_json data{{"name", "</script><script>alert(1)</script><!-- a<b"}};
  const auto text = script_safe(data);
  CHECK(text.find("</") == std::string::npos);
  CHECK(text.find("<!") == std::string::npos);
  CHECK(nlohmann::ordered_json::parse(text) == data);
}

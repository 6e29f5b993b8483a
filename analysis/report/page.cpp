#include "analysis/report/page.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

#include "scenarios/reader/embedded.hpp"

namespace flotilla::analysis {
namespace {

constexpr const char* kCharts = "analysis/report/node_modules/echarts/dist/echarts.min.js";

std::string_view part(const std::string& path) {
  const auto text = reader::embedded_file(path);
  if (!text) throw std::logic_error(fmt::format("{} is not part of this binary", path));
  return *text;
}

std::string_view own(const std::string& name) { return part("analysis/report/page/" + name); }

std::string script(std::string_view text) { return fmt::format("<script>\n{}\n</script>\n", text); }

std::string escaped(const std::string& text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

}  // namespace

std::string script_safe(const nlohmann::ordered_json& data) {
  // What is no UTF-8 (a path may hold it) is replaced: a report must not fail over it.
  const std::string json = data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string safe;
  safe.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const bool ends_something = json[i] == '<' && i + 1 < json.size() && (json[i + 1] == '/' || json[i + 1] == '!');
    safe += ends_something ? std::string("\\u003c") : std::string(1, json[i]);
  }
  return safe;
}

std::string html_page(const Page& page) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\" data-theme=\"light\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{}</main>\n",
      escaped(page.title), own("page.css"), own(page.body));
  html += fmt::format("<script type=\"application/json\" id=\"data\">{}</script>\n", script_safe(page.data));
  html += script(part(kCharts)) + script(own("charts.js"));
  for (const std::string& name : page.scripts) html += script(own(name));
  return html + "</body>\n</html>\n";
}

}  // namespace flotilla::analysis

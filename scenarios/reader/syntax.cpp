#include "scenarios/reader/syntax.hpp"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>

#include <array>
#include <string_view>

namespace flotilla::reader {
namespace {

struct Words {
  const char* theirs;
  const char* ours;
  const char* hint;
};
const std::array kWords{
    Words{YAML::ErrorMsg::END_OF_MAP, "this does not fit into the mapping above",
          "is it indented as the keys around it are, and does it have a ': '?"},
    Words{YAML::ErrorMsg::END_OF_SEQ, "this does not fit into the list above",
          "each element starts with '- ', all in the same column"},
    Words{YAML::ErrorMsg::MAP_VALUE, "a ':' where no value can stand",
          "is the indentation right? text with ': ' in it needs quotes"},
    Words{YAML::ErrorMsg::MAP_KEY, "a key where none can stand", "is the indentation right?"},
    Words{YAML::ErrorMsg::BLOCK_ENTRY, "a '- ' where no list can start",
          "put the list on lines of its own, or write [a, b]"},
    Words{YAML::ErrorMsg::FLOW_END, "a closing bracket without its opening one", ""},
    Words{YAML::ErrorMsg::EOF_IN_SCALAR, "a quote is opened and never closed", ""},
    Words{YAML::ErrorMsg::DOC_IN_SCALAR, "a quote is opened and never closed", ""},
    Words{YAML::ErrorMsg::UNKNOWN_TOKEN, "no value can start with this character", "put the text in quotes"},
    Words{YAML::ErrorMsg::UNKNOWN_ANCHOR, "this alias (*name) has no value (&name) before it",
          "text that starts with '*' needs quotes"},
    Words{YAML::ErrorMsg::ALIAS_NOT_FOUND, "a name is missing after '*'", "text that starts with '*' needs quotes"},
    Words{YAML::ErrorMsg::ANCHOR_NOT_FOUND, "a name is missing after '&'", "text that starts with '&' needs quotes"},
    Words{YAML::ErrorMsg::CHAR_IN_SCALAR, "a character that cannot stand in this text", "put the text in quotes"},
    Words{YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation", "YAML is indented with spaces"},
};

[[noreturn]] void fail(const Source& source, Position position, const std::string& message, const std::string& hint) {
  throw InputError(source.at(position), "", fmt::format("not valid YAML: {}", message), hint);
}

/// Offset behind the quoted text that starts at `text[start]`, or npos when it is never closed.
std::size_t end_of_quotes(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    const bool doubled = quote == '\'' && text[i] == '\'' && i + 1 < text.size() && text[i + 1] == '\'';
    if (doubled || (quote == '"' && text[i] == '\\')) {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

bool starts_token(std::string_view text, std::size_t pos) {
  return pos == 0 || std::string_view(" \t\n\r[{,:").find(text[pos - 1]) != std::string_view::npos;
}

/// Walks over `text` outside quotes and comments until `visit` returns true or a quote is not closed; offset of that,
/// or npos.
template <class Visit>
std::size_t walk(std::string_view text, Visit visit) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '"' || text[i] == '\'') && starts_token(text, i)) {
      const std::size_t end = end_of_quotes(text, i);
      if (end == std::string_view::npos) return i;
      i = end - 1;
    } else if (text[i] == '#' && starts_token(text, i)) {
      i = std::min(text.find('\n', i), text.size());
    } else if (visit(text[i])) {
      return i;
    }
  }
  return std::string_view::npos;
}

bool is_closed(std::string_view text) {
  int depth = 0;
  const auto closes = [&depth](char c) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    return depth == 0;
  };
  return walk(text, closes) != std::string_view::npos;
}

[[noreturn]] void fail_bracket(const Source& source, Position position) {
  const char open = source.rest(position)[0];
  fail(source, position, fmt::format("this '{}' is not closed", open),
       fmt::format("a '{}' is missing, or a ',' before what follows", open == '[' ? ']' : '}'));
}

bool is_bracket(const Source& source, Position position) {
  const std::string_view rest = source.rest(position);
  return !rest.empty() && (rest[0] == '[' || rest[0] == '{');
}

/// The line above that looks like `key value`: the usual reason for a ':' that surprises the parser.
int line_without_colon(const Source& source, int line) {
  for (int above = line - 1; above >= 0; --above) {
    const std::string_view text = source.line(above);
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos || text[start] == '#') continue;
    const bool has_colon = text.find(": ") != std::string_view::npos || text.back() == ':';
    return has_colon || text[start] == '-' ? -1 : above;
  }
  return -1;
}

}  // namespace

void fail_syntax(const Source& source, const SyntaxProblem& problem) {
  const std::string& theirs = problem.message;
  const bool in_brackets = theirs == YAML::ErrorMsg::END_OF_MAP_FLOW || theirs == YAML::ErrorMsg::END_OF_SEQ_FLOW;
  if (in_brackets && problem.innermost && is_bracket(source, *problem.innermost))
    fail_bracket(source, *problem.innermost);
  if (theirs == YAML::ErrorMsg::EOF_IN_SCALAR || theirs == YAML::ErrorMsg::DOC_IN_SCALAR) {
    const std::size_t quote = walk(source.text_from(problem.last_event), [](char) { return false; });
    const Position opened =
        quote == std::string_view::npos ? problem.position : source.advanced(problem.last_event, quote);
    fail(source, opened, "a quote is opened and never closed", "");
  }
  const int line = theirs == YAML::ErrorMsg::MAP_VALUE ? line_without_colon(source, problem.position.line) : -1;
  for (const auto& words : kWords) {
    if (theirs != words.theirs) continue;
    const auto missing_colon = fmt::format("is a ': ' (with its blank) missing in line {}?", line + 1);
    fail(source, problem.position, words.ours, line < 0 ? words.hint : missing_colon);
  }
  fail(source, problem.position, theirs, "");
}

void fail_second_document(const Source& source, Position position) {
  if (source.rest(position).substr(0, 3) == "---") {
    throw InputError(source.at(position), "", "a second document ('---') in one file",
                     "one file holds one document: split the file");
  }
  fail(source, position, "this stands behind the end of the document",
       "is it indented as the lines above, and not a list beside keys?");
}

void fail_key(const Source& source, Position position, const std::string& path) {
  if (is_bracket(source, position) && !is_closed(source.text_from(position))) fail_bracket(source, position);
  const std::string_view rest = source.rest(position);
  if (rest.empty() || rest[0] == ':' || rest[0] == ',')
    throw InputError(source.at(position), path, "a key is missing here");
  throw InputError(source.at(position), path, "a key must be text", "a list, a mapping or null cannot be a key");
}

void check_quotes(const Source& source, Position scalar, const std::string& path) {
  const std::string_view text = source.text_from(scalar);
  const std::size_t start = text.find_first_of("'\"|>");  // behind an anchor, if there is one
  if (start == std::string_view::npos || text[start] == '|' || text[start] == '>') return;
  if (end_of_quotes(text, start) != std::string_view::npos) return;
  throw InputError(source.at(source.advanced(scalar, start)), path,
                   "not valid YAML: a quote is opened and never closed");
}

}  // namespace flotilla::reader

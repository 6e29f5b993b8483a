#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "analysis/cli/arguments.hpp"
#include "models/catalog.hpp"
#include "models/number_format.hpp"
#include "scenarios/reader/node.hpp"
#include "sim/router/router.hpp"
#include "sim/scheduler/scheduler.hpp"
#include "topologies/spec.hpp"

namespace flotilla::cli {

namespace {

using Words = std::vector<std::string>;

Words number_formats() {
  Words names;
  for (const auto& [format, name] : models::enum_names(models::NumberFormat{})) names.emplace_back(name);
  return names;
}

Words names_of(const auto& registered) {
  Words names;
  for (const auto& entry : registered) names.push_back(entry.name);
  return names;
}

/// What may stand behind an option, in place of a word, or behind the `=` of a key (its last part), where that is
/// known.
std::map<std::string, Words> known_values() {
  const Words models = models::catalog_names("llms");
  return {{"--model", models},
          {"--gpu", models::catalog_names("gpus")},
          {"--weights", number_formats()},
          {"--kv", number_formats()},
          {"KIND", kinds_of_lists()},
          {"WHAT", names_of_shows()},
          {"NAME", names_of_examples()},
          {"model=", models},
          {"weights=", number_formats()},
          {"kv_cache_dtype=", number_formats()},
          {"engine=", models::catalog_names("engines")},
          {"price=", models::catalog_names("prices")},
          {"system=", topologies::system_names()},
          {"fabric=", topologies::fabric_names()},
          {"policy=", names_of(sim::schedulers())},
          {"router=", names_of(sim::routers())}};
}

/// Of an option that takes one of a few words: CLI11 has them in its type, "TEXT:{cost,gpus}".
Words choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t from = type.find('{'), to = type.find('}');
  if (from == std::string::npos || to == std::string::npos) return {};
  return CLI::detail::split(type.substr(from + 1, to - from - 1), ',');
}

Words names_of(const CLI::Option& option) {
  Words names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

/// A case of the script for each command: its options, its first word, and what options take.
std::string case_of(const Command& command, const std::map<std::string, Words>& known) {
  Words options, first;
  std::string values;
  const auto values_of = [&](const CLI::Option& option, const std::string& name) {
    const auto found = known.find(name);
    return found != known.end() ? found->second : choices_of(option);
  };
  look_at(command, [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional()) {
        if (first.empty()) first = values_of(*option, option->get_name(true));
        continue;
      }
      const Words names = names_of(*option);
      options.insert(options.end(), names.begin(), names.end());
      const Words behind = values_of(*option, names.back());
      if (!behind.empty())
        values += fmt::format("        {}) values='{}' ;;\n", fmt::join(names, "|"), fmt::join(behind, " "));
    }
  });
  return fmt::format(
      "    {})\n      options='{}'\n      first='{}'\n      case \"$before\" in\n{}        *) ;;\n      esac ;;\n",
      command.name, fmt::join(options, " "), fmt::join(first, " "), values);
}

std::string bash() {
  const auto known = known_values();
  std::string cases, keys;
  Words names;
  for (const Command& command : commands()) {
    names.emplace_back(command.name);
    cases += case_of(command, known);
  }
  for (const auto& [key, values] : known) {
    if (key.back() == '=')
      keys += fmt::format("      {}) values='{}' ;;\n", key.substr(0, key.size() - 1), fmt::join(values, " "));
  }
  return fmt::format(R"(# bash completion for flotilla, as `flotilla completion bash` prints it
_flotilla() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local options='' first='' values='' key=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{0} help --help --version' -- "$word"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{1}    *) return ;;
  esac
  # bash breaks words at `=`: key, =, value.
  if [ "$word" = = ]; then
    key=$before word=''
  elif [ "$before" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
    key=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  if [ -n "$key" ]; then
    case "${{key##*.}}" in
{2}      *) ;;
    esac
  elif [ -n "$values" ]; then
    :
  elif [ "${{word:0:1}}" = - ]; then
    values=$options
  elif [ "$COMP_CWORD" -eq 2 ]; then
    values=$first
  fi
  # With nothing to offer, bash offers files.
  COMPREPLY=($(compgen -W "$values" -- "$word"))
}}
complete -o default -F _flotilla flotilla
)",
                     fmt::join(names, " "), cases, keys);
}

}  // namespace

int completion(const Arguments& arguments) {
  CLI::App app("Prints what makes a shell complete commands, options and names of the catalogue.",
               "flotilla completion");
  std::string shell;
  app.add_option("SHELL", shell, "bash: source <(flotilla completion bash)")
      ->required()
      ->check(CLI::IsMember({"bash"}));
  parse(app, arguments);
  fmt::print("{}", bash());
  return kOk;
}

}  // namespace flotilla::cli

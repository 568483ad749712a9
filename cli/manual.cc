#include "cli/manual.h"

#include <algorithm>
#include <regex>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace seam {
namespace {

std::string GetName(const ManualEntry& entry) {
  return entry.words.empty() ? "seam" : fmt::format("seam-{}", fmt::join(entry.words, "-"));
}

std::string FindCommand(const ManualEntry& entry) {
  return entry.words.empty() ? "seam" : fmt::format("seam {}", fmt::join(entry.words, " "));
}

// Text as troff prints it: hyphens as such, and no line that begins as a request.
std::string Roff(const std::string& text) {
  std::string roff;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (roff.empty() || roff.back() == '\n')) roff += "\\&";
    if (c == '\\') {
      roff += "\\e";
    } else if (c == '-') {
      roff += "\\-";
    } else {
      roff += c;
    }
  }
  return roff;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find_first_not_of(' ');
    lines.push_back(first == std::string::npos ? "" : line.substr(first));
  }
  return lines;
}

std::string OptionSection(const ProgramHelp& help) {
  std::string text = ".SH OPTIONS\n";
  for (const auto& option : help.at("options")) {
    const std::string letter = option.at("letter"), value = option.at("default");
    text += ".TP\n";
    if (!letter.empty()) text += fmt::format("\\fB\\-{}\\fR, ", letter);
    text += fmt::format("\\fB{}\\fR", Roff("--" + option.at("name").get<std::string>()));
    text += option.at("flag") ? "\n" : " \\fIVALUE\\fR\n";
    text += Roff(option.at("help"));
    if (!value.empty() && !option.at("flag")) text += Roff(fmt::format("; default: {}", value));
    if (option.at("flag") && value == "true")
      text += Roff(fmt::format("; on; --no-{} turns it off", option.at("name").get<std::string>()));
    text += ".\n";
  }
  return text;
}

std::string CommandSection(const ManualEntry& entry) {
  std::string text = ".SH COMMANDS\n";
  for (const auto& command : entry.help.at("commands")) {
    ManualEntry below = entry;
    below.words.push_back(command.at("name"));
    text += fmt::format(".TP\n\\fB{}\\fR(1)\n{}.\n", Roff(GetName(below)), Roff(command.at("summary")));
  }
  return text;
}

// In single quotes for a shell.
std::string Quoted(const std::string& text) {
  return "'" + std::regex_replace(text, std::regex("'"), "'\\''") + "'";
}

std::vector<std::string> CommandNames(const ManualEntry& entry) {
  std::vector<std::string> names;
  if (!entry.help.contains("commands")) return CommandsIn(entry);
  for (const auto& command : entry.help.at("commands")) names.push_back(command.at("name"));
  names.emplace_back("help");
  return names;
}

const nlohmann::ordered_json& GetOptions(const ManualEntry& entry) {
  static const nlohmann::ordered_json none = nlohmann::json::array();
  return entry.help.contains("options") ? entry.help.at("options") : none;
}

// Programs of two words stand first, since the pattern of a verb alone holds for all of its commands.
std::vector<const ManualEntry*> LongestFirst(const std::vector<ManualEntry>& entries) {
  std::vector<const ManualEntry*> ordered;
  for (const ManualEntry& entry : entries) ordered.push_back(&entry);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto* a, const auto* b) { return a->words.size() > b->words.size(); });
  return ordered;
}

// Of "VERB COMMAND" in a shell's case; `without`: that of seam itself.
std::string CasePattern(const ManualEntry& entry, const std::string& without) {
  switch (entry.words.size()) {
    case 2:
      return fmt::format("'{} {}'", entry.words[0], entry.words[1]);
    case 1:
      return fmt::format("'{} '*", entry.words[0]);
    default:
      return without;
  }
}

}  // namespace

std::vector<std::string> CommandsIn(const ManualEntry& entry) {
  std::vector<std::string> commands;
  if (!entry.help.contains("synopsis")) return commands;
  const std::regex pattern(FindCommand(entry) + " ([a-z]+)( .*)?");
  for (const std::string& line : Lines(entry.help.at("synopsis"))) {
    std::smatch match;
    if (std::regex_match(line, match, pattern)) commands.push_back(match[1]);
  }
  return commands;
}

std::string ManPage(const ManualEntry& entry, const std::string& version, const std::string& date) {
  const ProgramHelp& help = entry.help;
  const std::string name = GetName(entry), command = FindCommand(entry);
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  std::string text =
      fmt::format(".TH {} 1 {} \"seam {}\" \"User Commands\"\n", Roff(upper), Roff(date), version);
  text += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", Roff(name), Roff(help.at("summary")));
  if (help.contains("commands")) {
    std::string kind = help.at("kind");
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    text += fmt::format(".B {}\n.I {}\n[ARGUMENT...]\n", Roff(command), kind);
    text += CommandSection(entry);
  } else {
    bool first = true;
    for (const std::string& line : Lines(help.at("synopsis"))) {
      text += first ? fmt::format(".B {}\n{}\n", Roff(command), Roff(line))
                    : fmt::format(".br\n{}\n", Roff(line));
      first = false;
    }
    text += OptionSection(help);
    text += fmt::format(".SH EXAMPLE\n.nf\n{}\n.fi\n", Roff(help.at("example")));
  }
  text +=
      ".SH EXIT STATUS\n0 good; 1 failed; 2 wrong usage; 3 finished, but some inputs failed; "
      "4 \\fBseam infer \\-\\-fail\\-on\\fR found what it was to look for.\n";
  if (!entry.words.empty()) text += ".SH SEE ALSO\n\\fBseam\\fR(1)\n";
  return text;
}

std::string BashCompletion(const std::vector<ManualEntry>& entries) {
  std::string text =
      "# bash completion of seam; made from the programs' own options.\n"
      "_seam() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]-} "
      "key\n"
      "  local command=${COMP_WORDS[2]-} options= commands= choices=\n"
      "  # What stands under the cursor is no verb yet.\n"
      "  (( COMP_CWORD > 1 )) || verb=\n"
      "  (( COMP_CWORD > 2 )) || command=\n"
      "  # --name=value comes as three words.\n"
      "  [[ $current == = ]] && current=\n"
      "  [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  key=\"$verb $command\"\n"
      "  case $key in\n";
  for (const ManualEntry* entry : LongestFirst(entries)) {
    std::vector<std::string> options;
    for (const auto& option : GetOptions(*entry))
      options.push_back("--" + option.at("name").get<std::string>());
    text += fmt::format("    {})\n      commands={} options={}\n", CasePattern(*entry, "' '"),
                        Quoted(fmt::format("{}", fmt::join(CommandNames(*entry), " "))),
                        Quoted(fmt::format("{}", fmt::join(options, " "))));
    std::string cases;
    for (const auto& option : GetOptions(*entry)) {
      if (option.at("choices").empty()) continue;
      cases += fmt::format(
          " --{}) choices={} ;;", option.at("name").get<std::string>(),
          Quoted(fmt::format("{}", fmt::join(option.at("choices").get<std::vector<std::string>>(), " "))));
    }
    if (!cases.empty()) text += fmt::format("      case $previous in{} esac\n", cases);
    text += "      ;;\n";
  }
  return text +
         "  esac\n"
         "  if [[ -n $choices ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
         "  elif [[ $current == -* ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
         "  elif [[ -n $commands ]] && (( COMP_CWORD == 1 || (COMP_CWORD == 2 && ${#options} == 0) )); then\n"
         "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
         "  elif (( COMP_CWORD == 2 )) && [[ -n $commands ]]; then\n"
         "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\") $(compgen -f -- \"$current\"))\n"
         "  else\n"
         "    compopt -o filenames 2>/dev/null\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -F _seam seam\n";
}

namespace {

// A text inside of _arguments' brackets.
std::string ZshText(const std::string& text) {
  return std::regex_replace(text, std::regex("([\\[\\]:\\\\])"), "\\$1");
}

std::string ZshArguments(const ManualEntry& entry) {
  std::string text = "    _arguments -s -S";
  for (const auto& option : GetOptions(entry)) {
    const std::string name = option.at("name"), help = ZshText(option.at("help"));
    const auto choices = option.at("choices").get<std::vector<std::string>>();
    const std::string value = option.at("flag") ? ""
                              : choices.empty() ? ":value:_files"
                                                : fmt::format(":value:({})", fmt::join(choices, " "));
    text += " \\\n      " + Quoted(fmt::format("{}--{}{}[{}]{}", option.at("many") ? "*" : "", name,
                                               option.at("flag") ? "" : "=", help, value));
  }
  return text + " \\\n      '*:file:_files'\n";
}

std::string ZshCommands(const ManualEntry& entry) {
  std::string text = "    local -a commands=(";
  if (entry.help.contains("commands")) {
    for (const auto& command : entry.help.at("commands"))
      text += "\n      " + Quoted(fmt::format("{}:{}", command.at("name").get<std::string>(),
                                              ZshText(command.at("summary"))));
    text += "\n      'help:the options of one'";
  } else {
    for (const std::string& name : CommandsIn(entry)) text += "\n      " + Quoted(name);
  }
  return text + ")\n    _describe command commands\n";
}

}  // namespace

std::string ZshCompletion(const std::vector<ManualEntry>& entries) {
  std::string text =
      "#compdef seam\n"
      "# zsh completion of seam; made from the programs' own options.\n"
      "local verb=${words[2]} command=${words[3]}\n"
      "(( CURRENT > 2 )) || verb=\n"
      "(( CURRENT > 3 )) || command=\n"
      "case \"$verb $command\" in\n";
  for (const ManualEntry* entry : LongestFirst(entries)) {
    text += fmt::format("  {})\n", CasePattern(*entry, "*"));
    const bool has_options = !GetOptions(*entry).empty(), has_commands = !CommandNames(*entry).empty();
    if (has_commands && has_options) {
      text += "    if (( CURRENT == 3 )) && [[ $PREFIX != -* ]]; then\n" + ZshCommands(*entry) + "    fi\n";
    } else if (has_commands) {
      text += ZshCommands(*entry);
    }
    // _arguments counts from the program's own name on.
    if (has_options)
      text += fmt::format("    shift {0} words; (( CURRENT -= {0} ))\n", entry->words.size()) +
              ZshArguments(*entry);
    text += "    ;;\n";
  }
  return text + "esac\n";
}

}  // namespace seam

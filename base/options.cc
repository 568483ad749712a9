#include "base/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/version.h"

namespace seam {

namespace po = boost::program_options;

namespace {

// Letters to insert, delete, replace or swap with their neighbour to make `b` of `a` (optimal string
// alignment).
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

// 1e6 as 1000000: as people write it.
std::string Shown(double number) {
  return std::abs(number) < 1e15 && number == std::floor(number) ? fmt::format("{:.0f}", number)
                                                                 : fmt::format("{:g}", number);
}

}  // namespace

bool Range::Holds(double number) const {
  if (or_zero && number == 0) return true;
  return (above ? number > low : number >= low) && (below ? number < high : number <= high);
}

std::string Range::Words() const {
  const std::string zero = or_zero ? "0 or " : "";
  const bool has_low = std::isfinite(low), has_high = std::isfinite(high);
  if (has_low && has_high && above)
    return fmt::format("{}above {} and {} {}", zero, Shown(low), below ? "below" : "up to", Shown(high));
  if (has_low && has_high)
    return fmt::format("{}from {} to {}{}", zero, Shown(low), below ? "below " : "", Shown(high));
  if (has_low) return fmt::format("{}{} {}", zero, above ? "above" : "at least", Shown(low));
  if (has_high) return fmt::format("{}{} {}", zero, below ? "below" : "at most", Shown(high));
  return "";
}

struct Options::Impl {
  std::string program, synopsis, summary, example;
  po::options_description described{"Options"};
  po::options_description positional_description;
  po::positional_options_description positional;
  std::vector<std::string> names;
  std::set<std::string> flags, unsigned_names, real_names;
  std::map<std::string, std::function<nlohmann::json()>> readers;
  std::map<std::string, std::vector<std::string>> choices;
  std::map<std::string, std::pair<Range, std::function<double()>>> ranges;
  po::variables_map values;
  bool quiet = false;

  template <class T>
  void Declare(const std::string& name, T* value, const std::string& help, po::typed_value<T>* semantic) {
    const std::string with_letter = name == "output" ? "output,o" : name;
    described.add_options()(with_letter.c_str(), semantic, help.c_str());
    names.push_back(name);
    readers[name] = [value] { return nlohmann::json(*value); };
  }

  template <class T>
  void DeclareNumber(const std::string& name, T* value, const std::string& help, const Range& range,
                     po::typed_value<T>* semantic) {
    const std::string words = range.Words();
    Declare(name, value, words.empty() ? help : fmt::format("{} ({})", help, words), semantic);
    if (!words.empty()) ranges[name] = {range, [value] { return static_cast<double>(*value); }};
  }

  void CheckRanges() const {
    for (const auto& [name, declared] : ranges) {
      const auto& [range, read] = declared;
      const double number = read();
      if (range.Holds(number)) continue;
      throw UsageError("--" + name, fmt::format("must be {}, not {}", range.Words(), Shown(number)),
                       range.hint);
    }
  }

  void PrintHelp() const {
    std::cout << fmt::format("{}: {}\n\nusage: {} {}\n\n", program, summary, program, synopsis) << described
              << fmt::format("\nexample:\n  {}\n", example);
  }

  // What man pages and completions are made from: cli/manual.h.
  void PrintHelpJson() const {
    nlohmann::ordered_json listed = nlohmann::json::array();
    for (const auto& option : described.options()) {
      const std::string name = option->long_name();
      const std::string parameter = option->format_parameter();
      const auto begin = parameter.rfind("(=");
      const auto allowed = choices.find(name);
      const std::string letter = option->canonical_display_name(po::command_line_style::allow_dash_for_short);
      const bool flag = flags.count(name) > 0 || option->semantic()->max_tokens() == 0;
      listed.push_back(
          {{"name", name},
           {"letter", letter.size() == 2 ? letter.substr(1) : ""},
           {"flag", flag},
           {"many", option->semantic()->is_composing()},
           {"help", option->description()},
           {"default",
            begin == std::string::npos ? "" : parameter.substr(begin + 2, parameter.rfind(')') - begin - 2)},
           {"choices", allowed == choices.end() ? std::vector<std::string>() : allowed->second}});
    }
    const nlohmann::ordered_json help = {{"program", program},
                                         {"synopsis", synopsis},
                                         {"summary", summary},
                                         {"example", example},
                                         {"takes_files", positional.max_total_count() > 0},
                                         {"options", listed}};
    std::cout << help.dump(1) << "\n";
  }

  void CheckChoices() const {
    for (const auto& [name, allowed] : choices) {
      const auto given = readers.at(name)().get<std::string>();
      if (std::find(allowed.begin(), allowed.end(), given) == allowed.end()) {
        throw UsageError("--" + name, fmt::format("'{}' is not a choice", given),
                         fmt::format("choose from: {}", fmt::join(allowed, ", ")));
      }
    }
  }

  // Boost would read `--json a.mp4` as the value of --json, so a flag gets its value here.
  std::vector<std::string> WithFlagsSet(std::vector<std::string> arguments) const {
    for (auto& argument : arguments) {
      if (argument == "--") break;
      if (!argument.starts_with("--")) continue;
      const std::string name = argument.substr(2);
      const bool negated = name.starts_with("no-") && flags.count(name.substr(3)) > 0;
      if (flags.count(name) > 0) {
        argument += "=true";
      } else if (negated) {
        argument = fmt::format("--{}=false", name.substr(3));
      }
    }
    return arguments;
  }

  // Boost would read -1 as the greatest unsigned number.
  void Store(const po::parsed_options& parsed) {
    for (const auto& option : parsed.options) {
      const bool negative = !option.value.empty() && option.value[0].find('-') != std::string::npos;
      if (negative && unsigned_names.count(option.string_key) > 0) {
        throw UsageError("--" + option.string_key, fmt::format("'{}' is negative", option.value[0]),
                         "give a whole number from 0 up");
      }
    }
    po::store(parsed, values);
  }

  void CheckReals() const {
    for (const auto& name : real_names) {
      if (!values[name].defaulted() && !std::isfinite(values[name].as<double>())) {
        throw UsageError("--" + name, "is not a finite number");
      }
    }
  }

  // Calls `read`; what Boost throws becomes a UsageError about `subject`.
  template <class F>
  void Guarded(const std::string& subject, const F& read) const {
    const auto help = fmt::format("{} --help lists the options", program);
    try {
      read();
    } catch (const po::unknown_option& error) {
      auto given = error.get_option_name();  // the whole of `--name=value`
      given.erase(std::min(given.find('='), given.size()));
      const auto near = Nearest(given.substr(std::min(given.find_first_not_of('-'), given.size())), names);
      const auto hint = near.empty() ? help : fmt::format("did you mean --{}?", near);
      if (given.starts_with('-')) throw UsageError(given, "no such option", hint);
      throw UsageError(subject, fmt::format("no such option: {}", given), hint);
    } catch (const po::error& error) {
      throw UsageError(subject, error.what(), help);
    }
  }

  void ReadConfig(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) {
      throw UsageError(path, "cannot be read", "--config takes a file of `name = value` lines");
    }
    std::istringstream file(ReadFile(path, 1 << 20));
    Guarded(path, [&] { Store(po::parse_config_file(file, described)); });
  }
};

Options::Options(std::string program, std::string synopsis, std::string summary, std::string example)
    : impl_(std::make_unique<Impl>()) {
  impl_->program = std::move(program);
  impl_->synopsis = std::move(synopsis);
  impl_->summary = std::move(summary);
  impl_->example = std::move(example);
  impl_->described.add_options()("help,h", "print this and stop")("version", "print the version and stop")(
      "config", po::value<std::string>(), "read options from a file of `name = value` lines");
  impl_->described.add_options()("quiet,q", po::bool_switch(&impl_->quiet), "no progress and no notes");
  impl_->names = {"help", "version", "config", "quiet"};
}

Options::~Options() = default;

void Options::Add(const std::string& name, bool* value, const std::string& help) {
  auto* semantic = po::value(value)->implicit_value(true, "true");
  semantic->default_value(*value, *value ? "true" : "false");
  impl_->Declare(name, value, help, semantic);
  impl_->flags.insert(name);
}
void Options::Add(const std::string& name, int* value, const std::string& help, const Range& range) {
  impl_->DeclareNumber(name, value, help, range, po::value(value)->default_value(*value));
}
void Options::Add(const std::string& name, std::int64_t* value, const std::string& help, const Range& range) {
  impl_->DeclareNumber(name, value, help, range, po::value(value)->default_value(*value));
}
void Options::Add(const std::string& name, std::uint64_t* value, const std::string& help,
                  const Range& range) {
  impl_->DeclareNumber(name, value, help, range, po::value(value)->default_value(*value));
  impl_->unsigned_names.insert(name);
}
void Options::Add(const std::string& name, double* value, const std::string& help, const Range& range) {
  impl_->DeclareNumber(name, value, help, range,
                       po::value(value)->default_value(*value, fmt::format("{:g}", *value)));
  impl_->real_names.insert(name);
}
void Options::Add(const std::string& name, std::string* value, const std::string& help,
                  std::vector<std::string> choices) {
  const auto text = choices.empty() ? help : fmt::format("{} ({})", help, fmt::join(choices, ", "));
  impl_->Declare(name, value, text, po::value(value)->default_value(*value));
  if (!choices.empty()) impl_->choices[name] = std::move(choices);
}

void Options::Add(const std::string& name, std::vector<std::string>* values, const std::string& help) {
  impl_->Declare(name, values, help + " (may be given several times)", po::value(values)->composing());
}

void Options::AddPositional(const std::string& name, std::vector<std::string>* values) {
  impl_->positional.add(name.c_str(), -1);
  impl_->positional_description.add_options()(name.c_str(), po::value(values));
  impl_->readers[name] = [values] { return nlohmann::json(*values); };
}

bool Options::Parse(const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(impl_->described).add(impl_->positional_description);
  all.add_options()("help-json", "");
  auto& values = impl_->values;
  impl_->Guarded(impl_->program, [&] {
    const auto style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::command_line_parser parser(impl_->WithFlagsSet(arguments));
    impl_->Store(parser.options(all).positional(impl_->positional).style(style).run());
  });
  if (values.count("help")) {
    impl_->PrintHelp();
    return false;
  }
  if (values.count("help-json")) {
    impl_->PrintHelpJson();
    return false;
  }
  if (values.count("version")) {
    std::cout << fmt::format("seam {}\n", Version());
    return false;
  }
  // What is stored first wins: the command line.
  if (values.count("config")) impl_->ReadConfig(values["config"].as<std::string>());
  impl_->CheckReals();
  po::notify(values);
  CheckValues();
  SetQuiet(impl_->quiet);
  return true;
}

void Options::CheckValues() const {
  impl_->CheckRanges();
  impl_->CheckChoices();
}

nlohmann::json Options::ToJson() const {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, read] : impl_->readers) json[name] = read();
  return json;
}

bool Options::Given(const std::string& name) const {
  const auto& values = impl_->values;
  return values.count(name) > 0 && !values[name].defaulted();
}

std::string Nearest(const std::string& word, const std::vector<std::string>& choices) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& choice : choices) {
    const auto distance = EditDistance(word, choice);
    if (distance < best_distance) {
      best_distance = distance;
      best = choice;
    }
  }
  return best;
}

}  // namespace seam

#include "base/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/version.h"

namespace seam {

namespace po = boost::program_options;

struct Options::Impl {
  std::string program, synopsis, summary, example;
  po::options_description described{"Options"};
  po::options_description positional_description;
  po::positional_options_description positional;
  std::vector<std::string> names;
  std::map<std::string, std::function<nlohmann::json()>> readers;
  std::map<std::string, std::vector<std::string>> choices;
  po::variables_map values;
  bool quiet = false;

  template <class T>
  void Add(const std::string& name, T* value, const std::string& help, po::typed_value<T>* semantic) {
    described.add_options()(name.c_str(), semantic->default_value(*value), help.c_str());
    names.push_back(name);
    readers[name] = [value] { return nlohmann::json(*value); };
  }

  void PrintHelp() const {
    std::cout << fmt::format("{}: {}\n\nusage: {} {}\n\n", program, summary, program, synopsis) << described
              << fmt::format("\nexample:\n  {}\n", example);
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

  void ReadConfig(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw UsageError(path, "cannot be opened", "--config takes a file of `name = value` lines");
    po::store(po::parse_config_file(file, described), values);
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
  impl_->described.add_options()("quiet,q", po::bool_switch(&impl_->quiet), "no progress, errors only");
  impl_->names = {"help", "version", "config", "quiet"};
}

Options::~Options() = default;

void Options::Add(const std::string& name, bool* value, const std::string& help) {
  impl_->Add(name, value, help, po::value(value)->implicit_value(true));
}
void Options::Add(const std::string& name, int* value, const std::string& help) {
  impl_->Add(name, value, help, po::value(value));
}
void Options::Add(const std::string& name, std::int64_t* value, const std::string& help) {
  impl_->Add(name, value, help, po::value(value));
}
void Options::Add(const std::string& name, std::uint64_t* value, const std::string& help) {
  impl_->Add(name, value, help, po::value(value));
}
void Options::Add(const std::string& name, double* value, const std::string& help) {
  auto* semantic = po::value(value);
  semantic->default_value(*value, fmt::format("{:g}", *value));
  impl_->described.add_options()(name.c_str(), semantic, help.c_str());
  impl_->names.push_back(name);
  impl_->readers[name] = [value] { return nlohmann::json(*value); };
}
void Options::Add(const std::string& name, std::string* value, const std::string& help,
                  std::vector<std::string> choices) {
  const auto text = choices.empty() ? help : fmt::format("{} ({})", help, fmt::join(choices, ", "));
  impl_->Add(name, value, text, po::value(value));
  if (!choices.empty()) impl_->choices[name] = std::move(choices);
}

void Options::AddPositional(const std::string& name, std::vector<std::string>* values) {
  impl_->positional.add(name.c_str(), -1);
  impl_->positional_description.add_options()(name.c_str(), po::value(values));
  impl_->readers[name] = [values] { return nlohmann::json(*values); };
}

bool Options::Parse(const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(impl_->described).add(impl_->positional_description);
  try {
    const auto style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    auto parser = po::command_line_parser(arguments).options(all).positional(impl_->positional).style(style);
    po::store(parser.run(), impl_->values);
    if (impl_->values.count("help")) {
      impl_->PrintHelp();
      return false;
    }
    if (impl_->values.count("version")) {
      std::cout << fmt::format("seam {}\n", Version());
      return false;
    }
    if (impl_->values.count("config")) impl_->ReadConfig(impl_->values["config"].as<std::string>());
    po::notify(impl_->values);
  } catch (const po::unknown_option& error) {
    auto name = error.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    const auto near = Nearest(name, impl_->names);
    throw UsageError("--" + name, "no such option",
                     near.empty() ? fmt::format("{} --help lists them", impl_->program)
                                  : fmt::format("did you mean --{}?", near));
  } catch (const po::error& error) {
    throw UsageError(impl_->program, error.what(), fmt::format("{} --help lists the options", impl_->program));
  }
  impl_->CheckChoices();
  SetQuiet(impl_->quiet);
  return true;
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
    std::vector<std::size_t> row(choice.size() + 1);
    for (std::size_t j = 0; j <= choice.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= choice.size(); ++j) {
        const std::size_t substituted = diagonal + (word[i - 1] == choice[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = choice;
    }
  }
  return best;
}

}  // namespace seam

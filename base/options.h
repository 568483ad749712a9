#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace seam {

// The numbers that an option takes. Both ends belong to it unless `above` or `below` says otherwise.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  const char* hint = "";  // second line of the error
  bool above = false;     // `low` itself is not taken
  bool below = false;     // `high` itself is not taken
  bool or_zero = false;   // 0 is taken, too: it turns something off

  bool Holds(double number) const;
  // "from 1 to 4096", "at least 1", "above 0", "from 0 to below 1", "0 or at least 32"; "" for any number.
  std::string Words() const;
};
constexpr Range Between(double low, double high, const char* hint = "") { return {low, high, hint}; }
constexpr Range AtLeast(double low, const char* hint = "") { return {.low = low, .hint = hint}; }
constexpr Range Above(double low, const char* hint = "") { return {.low = low, .hint = hint, .above = true}; }
// A share that may be 0 but not the whole.
constexpr Range BelowOne(const char* hint = "") { return {0, 1, hint, false, true}; }

// The command line of a program. An option lives in the struct that uses it, with its default in the member;
// that struct's Register() declares it here:
//
//   struct CropOptions {
//     double margin = 0.3;
//     void Register(Options* options) { options->Add("margin", &margin, "extra side around the face"); }
//   };
//
// Every program also understands --help, --version, --quiet and --config FILE (lines `name = value`; the
// command line wins). Unknown names and values that do not parse are a UsageError that names the nearest
// option.
class Options {
 public:
  // `summary` is the line under the name in --help; `example` a command that works, shown at its end.
  Options(std::string program, std::string synopsis, std::string summary, std::string example);
  ~Options();

  // Declares --NAME; `output` is -o, too. The value stays at *value unless the user gives one. A bool is
  // switched on by --NAME alone and off by --no-NAME or --NAME=false. `range` and `choices`, where given, are
  // the only values allowed, and --help shows them.
  void Add(const std::string& name, bool* value, const std::string& help);
  void Add(const std::string& name, int* value, const std::string& help, const Range& range = {});
  void Add(const std::string& name, std::int64_t* value, const std::string& help, const Range& range = {});
  void Add(const std::string& name, std::uint64_t* value, const std::string& help, const Range& range = {});
  void Add(const std::string& name, double* value, const std::string& help, const Range& range = {});
  void Add(const std::string& name, std::string* value, const std::string& help,
           std::vector<std::string> choices = {});
  // One that may be given several times; its values in order.
  void Add(const std::string& name, std::vector<std::string>* values, const std::string& help);
  // What stands on the command line without a name, in order. Everything after `--` counts as such.
  void AddPositional(const std::string& name, std::vector<std::string>* values);

  // Reads the command line (without the program's name) into the members. Returns false when --help or
  // --version was asked for and has been printed.
  bool Parse(const std::vector<std::string>& arguments);

  // Throws a UsageError where a value as it now stands is out of its range or none of its choices. Parse()
  // does so, too.
  void CheckValues() const;

  // Every option's value as it now stands, by name: what a run records about itself.
  nlohmann::json ToJson() const;

  // Whether the user gave --NAME, on the command line or in --config.
  bool Given(const std::string& name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Checks values that no command line has set by the ranges and choices that Register() declares.
template <class Struct>
void CheckDeclared(Struct values) {
  Options options("", "", "", "");
  values.Register(&options);
  options.CheckValues();
}

// The member of `choices` nearest to `word` by edit distance, or "" where none is near: for "did you mean".
std::string Nearest(const std::string& word, const std::vector<std::string>& choices);

}  // namespace seam

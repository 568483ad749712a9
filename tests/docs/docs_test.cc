// The documentation against the programs: commands parse, links lead somewhere, the commands run, and the
// words are those of the glossary.

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct Line {
  std::string where;  // FILE:NUMBER
  std::string text;
};

std::vector<fs::path> Pages() {
  std::vector<fs::path> pages = {fs::path(SEAM_SOURCE) / "README.md",
                                 fs::path(SEAM_SOURCE) / "CONTRIBUTING.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(SEAM_SOURCE) / "docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::sort(pages.begin(), pages.end());
  return pages;
}

// The lines of code: those that are indented by four spaces, and those between fences. A backslash at the end
// joins the next.
std::vector<Line> ReadCode(const fs::path& page) {
  std::vector<Line> code;
  std::istringstream text(ReadFile(page));
  bool fenced = false, joined = false;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.starts_with("```")) {
      fenced = !fenced;
      continue;
    }
    if (!fenced && !line.starts_with("    ")) {
      joined = false;
      continue;
    }
    std::string part = fenced ? line : line.substr(4);
    const bool more = part.ends_with('\\');
    if (more) part.pop_back();
    if (joined) {
      code.back().text += part;
    } else {
      code.push_back({page.filename().string() + ":" + std::to_string(number), part});
    }
    joined = more;
  }
  return code;
}

// What a program says with --help-json; null where it is not built.
const nlohmann::json& ReadHelp(const std::string& words) {
  static std::map<std::string, nlohmann::json> known;
  const auto found = known.find(words);
  if (found != known.end()) return found->second;
  const auto result = RunCommand("seam " + words + " --help-json");
  return known[words] =
             result.status == 0 ? nlohmann::json::parse(result.out, nullptr, false) : nlohmann::json();
}

bool HasOption(const nlohmann::json& help, std::string name) {
  for (const auto& option : help.at("options")) {
    if (option.at("name") == name ||
        (option.at("flag") && "no-" + option.at("name").get<std::string>() == name))
      return true;
  }
  return false;
}

TEST(DocsTest, CommandsNameVerbsAndOptionsThatExist) {
  const std::regex command(R"((?:[A-Z_]+=\S+ )*(?:\S*/)?seam ([a-z]+)( [a-z]+)?(?: .*)?)"),
      option(R"((?:^| )--([a-z][a-z0-9_-]*))");
  std::set<std::string> verbs;
  const nlohmann::json verb_list = ReadHelp("");
  for (const auto& verb : verb_list.at("commands")) verbs.insert(verb.at("name"));
  std::size_t checked = 0;
  for (const fs::path& page : Pages()) {
    for (const Line& line : ReadCode(page)) {
      const std::string text = line.text.substr(0, line.text.find(" #"));
      std::smatch match;
      if (!std::regex_match(text, match, command)) continue;
      const std::string verb = match[1];
      if (verb == "help") continue;
      EXPECT_EQ(verbs.count(verb), 1u) << line.where << ": " << line.text;
      const nlohmann::json* help = &ReadHelp(verb);
      const bool has_commands = help->is_object() && (help->contains("commands") || verb == "extract");
      const std::string second = match[2];
      const bool second_is_command =
          has_commands && (help->contains("commands") || second == " merge" || second == " export");
      if (second_is_command) help = &ReadHelp(verb + second);
      if (!help->is_object() || !help->contains("options")) continue;  // not built here
      // The end of a pipe is another program's.
      const std::string own = text.substr(0, text.find(" | "));
      for (std::sregex_iterator found(own.begin(), own.end(), option), end; found != end; ++found) {
        EXPECT_TRUE(HasOption(*help, (*found)[1]))
            << line.where << ": seam " << verb << " has no --" << (*found)[1];
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 100u);
}

// The part of a line that is one command of seam; "" where there is none.
std::string SeamCommand(const std::string& line) {
  static const std::regex command(R"((?:^|.*[|;&] *|.* )(seam [a-z][^|;&>#]*).*)");
  std::smatch match;
  return std::regex_match(line, match, command) ? match[1].str() : "";
}

TEST(CommandLinesTest, EveryOneParses) {
  const TemporaryFolder folder;
  // What stands for something else: optional parts, "and so on", lists of the shell, and numbers by a letter.
  const std::regex parts(R"( \[[^\]]*\]| ?\.\.\.| "\$\{[^}]*\}")"), number(R"( [A-Z](?= |$))"),
      words(R"(  +[a-zA-Z].*)");
  const std::string variables = "SLURM_ARRAY_TASK_ID=1; SLURM_CPUS_PER_TASK=2; run=run; ";
  std::size_t checked = 0;
  for (const fs::path& page : Pages()) {
    for (const Line& line : ReadCode(page)) {
      std::string command = SeamCommand(line.text);
      command = std::regex_replace(command, words, "");
      command = std::regex_replace(std::regex_replace(command, parts, ""), number, " 1");
      if (command.empty() || command.starts_with("seam help")) continue;
      const std::string verb = command.substr(5, command.find(' ', 5) - 5);
      if (ReadHelp(verb).is_null()) continue;  // not built here
      const auto result =
          RunCommand("cd " + Quoted(folder.path().string()) + " && " + variables + command + " --help");
      EXPECT_EQ(result.status, 0) << line.where << ": " << command << "\n" << result.err;
      ++checked;
    }
  }
  EXPECT_GT(checked, 60u);
}

// Commands that are not run here, and why.
const std::pair<const char*, const char*> kNotRun[] = {
    {"FaceForensics|Celeb-DF|DeeperForensics|DFDC|UADFV|celeb-df|dfdc", "needs a public dataset"},
    {"^[^#]*seam (models import|import)|mine\\.pth|start\\.safetensors|meso4_df", "needs published weights"},
    {"SLURM|srun|torchrun|/data/|--threads 1 &", "needs a cluster"},
    {"^(?!.*\\|).*seam (serve|client)", "ends when it is stopped; tests/serve runs it"},
    {"DETECTOR\\.safetensors", "stands for a network of one's own"},
    {"--perturb", "takes minutes; tests/evaluate runs it"},
    {"--landmarks|--fakes sbi|--shard |parts/|--detector whole|runs/whole",
     "takes minutes; tests/extract and tests/train run it"},
    {"seam spectrum|freq\\.safetensors|spectra", "takes minutes; tests/spectrum runs it"},
    {"(whole|dffd)\\.safetensors", "needs a network of whole pictures; tests/infer runs it"},
    {"xception\\.conf|--temporal|runs/mean|--resume|--explain",
     "takes minutes; tests/train and tests/infer run it"},
    {"--fit-fusion|both\\.safetensors", "needs more videos than are made here; tests/evaluate runs it"},
    {"\\[|\\.\\.\\.|\\b[A-Z]{2,}\\b(?!\\.)", "a pattern, not a command"},
    {"(train|test)\\.index|remove archive", "needs an index of an archive; tests/retrieve runs it"},
};

// A folder with everything that the commands name.
constexpr char kMakeWorld[] = R"(
set -e
cut() { ffmpeg -nostdin -v error -y -ss "$1" -t "${4:-0.4}" -i "$SEAM_SHARE/$2" "$3"; }
mkdir -p data/real data/fake videos/real videos/fake films more/one archive runs
ln -s "$SEAM_SHARE" share
for i in 0 1 2 3 4 5; do
  cut 0.$((i * 15 + 10)) demo.mp4 data/real/$i.mp4
  cut 0.$((i * 15 + 10)) demo-tampered.mp4 data/fake/$i.mp4
done
for i in 0 1 2; do
  cut 0.$((i * 30 + 10)) demo.mp4 videos/real/$i.mp4 0.8
  cut 0.$((i * 30 + 10)) demo-tampered.mp4 videos/fake/$i.mp4 0.8
done
cp -r data/* films && cp data/real/0.mp4 clip.mp4 && cp clip.mp4 suspect.mp4 && cp data/real/1.mp4 more/one
cp data/real/2.mp4 data/fake/3.mp4 archive
ffmpeg -nostdin -v error -y -i clip.mp4 -frames:v 1 photo.jpg
seam extract --input data --output shards --frames 4 --split 0.4,0.3,0.3
seam extract export shards --format folders --output frames
mkdir -p challenge/0-CelebA challenge/1-StarGAN && cp frames/train/real*.jpg challenge/0-CelebA && cp frames/train/fake*.jpg challenge/1-StarGAN
seam train --data shards --model meso4 --output runs/first --epochs 1
for name in best a b c; do cp runs/first/best.safetensors $name.safetensors; done
seam infer films --model best.safetensors --frames 4 --label-folders --output scores.csv
for name in a b mesonet efficientnet; do cp scores.csv $name.csv; done
{ echo path,label; for i in 0 1 2 3 4 5; do echo films/real/$i.mp4,0; echo films/fake/$i.mp4,1; done; } >labels.csv
{ echo 'name,p2,truth'; for i in 0 1 2; do echo "$i.mp4,0.$i,0"; echo "f$i.mp4,0.9$i,1"; done; } >other.csv
seam retrieve index archive/ --whole --output archive.index
)";

TEST(CommandLinesTest, ThoseThatNeedNothingElseRun) {
  SEAM_NEEDS_DEMO_CLIP();
  if (!ReadHelp("train").is_object() || !ReadHelp("retrieve").is_object())
    GTEST_SKIP() << "needs seam train and seam retrieve";
  const TemporaryFolder folder;
  const std::string share =
      "export SEAM_SHARE=" + Quoted((fs::path(SEAM_SOURCE) / "share").string()) + " && ";
  const std::string world = Quoted((folder / "world").string()), copy = Quoted((folder / "copy").string());
  const auto made = RunCommand("mkdir " + world + " && cd " + world + " && " + share + kMakeWorld);
  ASSERT_EQ(made.status, 0) << made.out << made.err;
  // Outputs that the world has already, since other commands read them.
  const std::regex output(R"((?:--output|-o) (\S+))"), epochs(R"( --epochs \d+)");
  std::set<std::string> seen;
  std::size_t run = 0;
  for (const fs::path& page : Pages()) {
    if (page.filename() == "tutorial.md") continue;  // below
    for (const Line& line : ReadCode(page)) {
      std::string text = line.text.substr(0, line.text.find("  #"));
      if (SeamCommand(text).empty() || !seen.insert(text).second) continue;
      const bool left_out = std::any_of(std::begin(kNotRun), std::end(kNotRun), [&](const auto& each) {
        return std::regex_search(text, std::regex(each.first));
      });
      if (left_out) continue;
      std::string remove;
      if (std::smatch match; std::regex_search(text, match, output))
        remove = "rm -rf " + match[1].str() + " && ";
      if (text.starts_with("seam train")) text = std::regex_replace(text, epochs, "") + " --epochs 1";
      const auto result = RunCommand("rm -rf " + copy + " && cp -a " + world + " " + copy + " && cd " + copy +
                                     " && " + share + remove + text);
      EXPECT_EQ(result.status, 0) << line.where << ": " << text << "\n" << result.out << result.err;
      ++run;
    }
  }
  EXPECT_GT(run, 20u);
}

// The retired words of docs/design.md: a table of what to write and, between backticks, instead of what.
std::vector<std::pair<std::string, std::string>> RetiredWords() {
  std::vector<std::pair<std::string, std::string>> words;
  std::istringstream text(ReadFile(fs::path(SEAM_SOURCE) / "docs/design.md"));
  bool inside = false;
  const std::regex row(R"(\| ([^|]*) \| ([^|]*) \|)"), word("`([^`]*)`");
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("| write | instead of |")) inside = true;
    if (!line.starts_with("|")) inside = false;
    std::smatch match;
    if (!inside || !std::regex_match(line, match, row)) continue;
    const std::string retired = match[2];
    for (std::sregex_iterator found(retired.begin(), retired.end(), word), end; found != end; ++found)
      words.emplace_back((*found)[1], match[1]);
  }
  return words;
}

// Each line of prose in which a retired word stands.
void FindRetiredWords(const std::string& where, const std::string& text) {
  static const std::regex code("`[^`]*`|in place\\b");  // names are what they are; so is this term
  static const std::vector<std::pair<std::string, std::string>> words = RetiredWords();
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    line = std::regex_replace(line, code, "");
    for (const auto& [retired, better] : words) {
      EXPECT_FALSE(std::regex_search(line, std::regex("\\b" + retired + "\\b", std::regex::icase)))
          << where << ":" << number << ": '" << retired << "' is retired; write: " << better << "\n  "
          << line;
    }
  }
}

TEST(GlossaryTest, PagesUseNoRetiredWord) {
  ASSERT_GE(RetiredWords().size(), 5u);
  for (const fs::path& page : Pages()) FindRetiredWords(page.filename().string(), ReadFile(page));
}

// The headers of all folders that are built from here; build folders have headers of others.
std::vector<fs::path> Headers() {
  std::vector<fs::path> headers;
  for (const auto& folder : fs::directory_iterator(SEAM_SOURCE)) {
    if (!folder.is_directory() || !fs::exists(folder.path() / "CMakeLists.txt")) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".h") headers.push_back(entry.path());
  }
  return headers;
}

TEST(GlossaryTest, HeadersUseNoRetiredWord) {
  for (const fs::path& header : Headers()) {
    std::istringstream text(ReadFile(header));
    std::string comments;
    for (std::string line; std::getline(text, line);) {
      const std::size_t comment = line.find("//");
      comments += (comment == std::string::npos ? "" : line.substr(comment)) + "\n";
    }
    FindRetiredWords(header.filename().string(), comments);
  }
}

// The paragraphs of a page, each at its first line: neither code, tables, headings nor pictures.
std::vector<Line> PageParagraphs(const fs::path& page) {
  std::vector<Line> paragraphs;
  std::istringstream text(ReadFile(page));
  const std::regex item(R"( *(?:[-*]|\d+\.) .*)"), apart(R"(```.*|    .*|\|.*|#.*|!.*|<.*|)");
  bool fenced = false, open = false;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.starts_with("```")) fenced = !fenced;
    if (fenced || (std::regex_match(line, apart) && !(open && line.starts_with("    ")))) {
      open = false;
    } else if (open && !std::regex_match(line, item)) {
      paragraphs.back().text += " " + line;
    } else {
      paragraphs.push_back({page.filename().string() + ":" + std::to_string(number), line});
      open = true;
    }
  }
  return paragraphs;
}

// The comments of a header, each at its first line. Indented lines are tables.
std::vector<Line> HeaderParagraphs(const fs::path& header) {
  std::vector<Line> paragraphs;
  std::istringstream text(ReadFile(header));
  const std::regex comment(R"( *// ?(\S.*))");
  bool open = false;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    std::smatch match;
    if (!std::regex_match(line, match, comment)) {
      open = false;
    } else if (open) {
      paragraphs.back().text += " " + match[1].str();
    } else {
      paragraphs.push_back({header.filename().string() + ":" + std::to_string(number), match[1]});
      open = true;
    }
  }
  return paragraphs;
}

// What is told as one idea has 25 words at most. Code, and what is quoted, is one word.
void FindLongSentences(const Line& paragraph) {
  static const std::regex link(R"(\]\([^)]*\))"), one(R"(`[^`]*`|"[^"]*")"), end(R"([.!?:;]\**\)?(?: |$))"),
      word(R"(\S*[A-Za-z]\S*)");
  std::string text = std::regex_replace(paragraph.text, link, "");
  text = std::regex_replace(text, one, "code");
  for (std::sregex_token_iterator sentence(text.begin(), text.end(), end, -1), last; sentence != last;
       ++sentence) {
    const std::string told = *sentence;
    const auto words = std::distance(std::sregex_iterator(told.begin(), told.end(), word), {});
    EXPECT_LE(words, 25) << paragraph.where << ": " << told;
  }
}

TEST(SentencesTest, PagesHave25WordsASentenceAtMost) {
  std::vector<fs::path> pages = Pages();
  pages.push_back(fs::path(SEAM_SOURCE) / "SECURITY.md");
  for (const fs::path& page : pages)
    for (const Line& paragraph : PageParagraphs(page)) FindLongSentences(paragraph);
}

TEST(SentencesTest, HeadersHave25WordsASentenceAtMost) {
  const std::vector<fs::path> headers = Headers();
  EXPECT_GT(headers.size(), 200u);
  for (const fs::path& header : headers)
    for (const Line& paragraph : HeaderParagraphs(header)) FindLongSentences(paragraph);
}

TEST(GlossaryTest, HelpUsesNoRetiredWord) {
  const nlohmann::json verb_list = ReadHelp("");
  for (const auto& verb : verb_list.at("commands")) {
    const std::string name = verb.at("name");
    const auto result = RunCommand("seam " + name + " --help");
    if (result.status == 0) FindRetiredWords("seam " + name + " --help", result.out);
  }
}

TEST(DocsTest, LinksLeadToFiles) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const fs::path& page : Pages()) {
    const std::string text = ReadFile(page);
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*found)[1].str()))
          << page.filename() << ": " << (*found)[1];
  }
}

// `mkdocs build --strict` refuses links out of its folder, and pages that no menu shows.
TEST(DocsTest, TheSiteHasEveryPageAndItsLinksStayInside) {
  const std::regex link(R"(\]\((\.\./[^)]*)\))");
  const std::string menu = ReadFile(fs::path(SEAM_SOURCE) / "mkdocs.yml");
  const fs::path docs = fs::path(SEAM_SOURCE) / "docs";
  for (const auto& entry : fs::recursive_directory_iterator(docs)) {
    if (entry.path().extension() != ".md") continue;
    const std::string page = entry.path().lexically_relative(docs).string();
    EXPECT_THAT(menu, testing::HasSubstr(": " + page + "\n"));
    const std::string text = ReadFile(entry.path());
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found) {
      const fs::path target = (fs::path(page).parent_path() / (*found)[1].str()).lexically_normal();
      EXPECT_NE(*target.begin(), "..") << page << ": " << (*found)[1];
    }
  }
}

TEST(TutorialTest, EveryCommandRunsInOrder) {
  SEAM_NEEDS_DEMO_CLIP();
  if (!ReadHelp("train").is_object()) GTEST_SKIP() << "needs seam train";
  const TemporaryFolder folder;
  std::size_t commands = 0;
  for (const Line& line : ReadCode(fs::path(SEAM_SOURCE) / "docs/tutorial.md")) {
    if (line.text.empty()) continue;
    const CommandResult result =
        RunCommand("cd " + Quoted(folder.path().string()) + " && export SEAM_SHARE=" +
                   Quoted((fs::path(SEAM_SOURCE) / "share").string()) + " && " + line.text);
    ASSERT_EQ(result.status, 0) << line.where << ": " << line.text << "\n" << result.out << result.err;
    ++commands;
  }
  EXPECT_GT(commands, 10u);
  for (const char* file : {"report.html", "evaluation.html", "scores.csv", "runs/first/best.safetensors"})
    EXPECT_TRUE(fs::exists(folder / file)) << file;
}

}  // namespace
}  // namespace seam

#include "scores/score_csv.h"

#include <algorithm>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/numbers.h"
#include "labels/label.h"

namespace seam {
namespace {

const std::vector<std::string>& Columns() {
  static const std::vector<std::string> columns = {
      "path",  "status", "score",   "probability", "threshold", "verdict",  "label",     "frames",
      "faces", "tracks", "seconds", "reason",      "note",      "networks", "worst_tile"};
  return columns;
}

// "a=0.25; b=": no number where there is no score.
std::string NetworksText(const std::vector<NetworkScore>& networks) {
  std::string text;
  for (const NetworkScore& network : networks) {
    if (!text.empty()) text += "; ";
    text += network.name + "=" + (network.score ? fmt::format("{}", *network.score) : "");
  }
  return text;
}

// "x=448; y=0; width=224; height=224; frame=0; score=0.98"; "" where there are no tiles.
std::string WorstTileText(const ScoreRow& row) {
  const ClipScore* tile = WorstTile(row);
  if (tile == nullptr) return "";
  const SeenFace& seen = tile->faces.front();
  return fmt::format("x={:g}; y={:g}; width={:g}; height={:g}; frame={}; score={}", seen.box.x, seen.box.y,
                     seen.box.width, seen.box.height, seen.index, tile->score);
}

class Reader {
 public:
  Reader(const CsvTable& table, const ScoreColumns& columns, std::vector<std::string>* assumed)
      : table_(table),
        path_(columns.Find(table, "path", assumed)),
        score_(ScoreColumn(table, columns, assumed)),
        label_(LabelColumn(table, columns, assumed)),
        status_(columns.Find(table, "status", assumed)),
        dataset_(columns.Find(table, "dataset", assumed)),
        method_(columns.Find(table, "method", assumed)),
        split_(columns.Find(table, "split", assumed)) {
    table.Require(path_);
    if (assumed != nullptr && table.HasDecimalCommas())
      assumed->emplace_back("semicolons or tabs separate the fields, and numbers may have decimal commas");
  }

  ScoreRow Read(std::size_t i) const {
    ScoreRow row;
    row.path = table_.Raw(i, path_);
    if (row.path.empty()) throw table_.Wrong(i, "the path is empty");
    row.score = Share(i, score_, "a score is the probability of fake; leave it empty where there is none");
    row.status = ReadStatus(table_.Field(i, status_));
    if (!table_.Has(status_) && row.score) row.status = Status::kOk;
    row.verdict = ParseVerdict(table_.Field(i, "verdict"));
    row.label = FindLabel(i);
    row.frames = Count(i, "frames");
    row.faces = Count(i, "faces");
    row.tracks = Count(i, "tracks");
    row.seconds = Seconds(i);
    row.reason = table_.Raw(i, "reason");
    row.note = table_.Raw(i, "note");
    row.networks = Networks(i);
    row.dataset = table_.Field(i, dataset_);
    row.method = table_.Field(i, method_);
    row.split = table_.Field(i, split_);
    row.threshold = Share(i, "threshold");
    if (score_ != "probability") row.probability = Share(i, "probability");
    return row;
  }

 private:
  // `score`, or what stands for it; or `label` where that holds no labels: so a competition's submission
  // calls its scores.
  static std::string ScoreColumn(const CsvTable& table, const ScoreColumns& columns,
                                 std::vector<std::string>* assumed) {
    const std::string score = columns.Find(table, "score", assumed);
    if (table.Has(score) || !table.Has("label")) {
      table.Require(score);
      return score;
    }
    for (std::size_t i = 0; i < table.size(); ++i) {
      const std::string text = table.Field(i, "label");
      if (text.empty() || ParseLabel(text)) continue;
      if (assumed != nullptr)
        assumed->emplace_back("column 'label' holds the scores: it has numbers between 0 and 1");
      return "label";
    }
    throw Error(table.path().string(), "has labels, but no column 'score'",
                "a table of labels is given by --labels, beside a file of scores; --columns score=NAME names "
                "another column");
  }

  // "" where the scores are called so.
  std::string LabelColumn(const CsvTable& table, const ScoreColumns& columns,
                          std::vector<std::string>* assumed) const {
    if (score_ == "label" && !columns.IsNamed("label")) return "";
    const std::string label = columns.Find(table, "label", assumed);
    return table.Has(label) ? label : "";
  }

  std::optional<double> Decimal(std::size_t row, const std::string& column) const {
    std::string text = table_.Field(row, column);
    if (table_.HasDecimalCommas() && std::count(text.begin(), text.end(), ',') == 1)
      std::replace(text.begin(), text.end(), ',', '.');
    return ParseNumber<double>(text);
  }

  // From 0 to 1; none where the field is empty.
  std::optional<double> Share(std::size_t row, const std::string& column, const char* hint = "") const {
    const std::string text = table_.Field(row, column);
    if (text.empty()) return std::nullopt;
    const auto share = Decimal(row, column);
    if (!share || !(*share >= 0 && *share <= 1))
      throw table_.Wrong(row, fmt::format("{} '{}' is not a number from 0 to 1", column, text), hint);
    return share;
  }

  std::optional<Label> FindLabel(std::size_t row) const {
    const std::string text = label_.empty() ? "" : table_.Field(row, label_);
    if (text.empty()) return std::nullopt;
    const auto label = ParseLabel(text);
    if (!label) throw table_.Wrong(row, fmt::format("label '{}' is neither real (0) nor fake (1)", text));
    return label;
  }

  std::vector<NetworkScore> Networks(std::size_t row) const {
    std::vector<NetworkScore> networks;
    const std::string text = table_.Field(row, "networks");
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = std::min(text.find("; ", from), text.size());
      const std::string each = text.substr(from, end - from);
      const std::size_t mark = each.rfind('=');
      if (mark == std::string::npos)
        throw table_.Wrong(row, fmt::format("networks '{}' is not NAME=SCORE; ...", text));
      const std::string number = each.substr(mark + 1);
      const auto score = ParseNumber<double>(number);
      if (!number.empty() && !(score && *score >= 0 && *score <= 1))
        throw table_.Wrong(row, fmt::format("a network's score '{}' is not a number from 0 to 1", number));
      networks.push_back({each.substr(0, mark), score});
      from = end + 2;
    }
    return networks;
  }

  int Count(std::size_t row, const std::string& column) const {
    const std::string text = table_.Field(row, column);
    if (text.empty()) return 0;
    const auto count = ParseNumber<int>(text);
    if (!count || *count < 0) throw table_.Wrong(row, fmt::format("{} '{}' is not a count", column, text));
    return *count;
  }

  double Seconds(std::size_t row) const {
    const std::string text = table_.Field(row, "seconds");
    if (text.empty()) return 0;
    const auto seconds = Decimal(row, "seconds");
    if (!seconds || !(*seconds >= 0 && *seconds <= std::numeric_limits<double>::max()))
      throw table_.Wrong(row, fmt::format("seconds '{}' is not a duration", text));
    return *seconds;
  }

  const CsvTable& table_;
  const std::string path_, score_, label_, status_, dataset_, method_, split_;
};

}  // namespace

std::string ScoreCsvHeader() { return CsvLine(Columns()); }

std::string ScoreCsvLine(const ScoreRow& row) {
  const auto text = [](const std::optional<double>& number) {
    return number ? fmt::format("{}", *number) : std::string();
  };
  return CsvLine({row.path, std::string(GetName(row.status)), text(row.score), text(row.probability),
                  text(row.threshold), std::string(row.verdict ? GetName(*row.verdict) : ""),
                  std::string(row.label ? GetName(*row.label) : ""), fmt::format("{}", row.frames),
                  fmt::format("{}", row.faces), fmt::format("{}", row.tracks), fmt::format("{}", row.seconds),
                  ListReasons(row), row.note, NetworksText(row.networks), WorstTileText(row)});
}

std::vector<ScoreRow> ReadScoreCsv(const CsvTable& table, const ScoreColumns& columns,
                                   std::vector<std::string>* assumed) {
  const Reader reader(table, columns, assumed);
  std::vector<ScoreRow> rows;
  rows.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) rows.push_back(reader.Read(i));
  return rows;
}

}  // namespace seam

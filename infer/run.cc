#include "infer/run.h"

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/scratch_folder.h"
#include "base/sha256.h"
#include "extract/media/decoder_pool.h"
#include "infer/annotate.h"
#include "infer/engine.h"
#include "infer/inputs.h"
#include "infer/resume.h"
#include "infer/score_page.h"
#include "infer/torch_parts.h"
#include "labels/video.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_network.h"

namespace seam {
namespace {

class Run {
 public:
  Run(const InferSettings& settings, const Options& options, const TorchParts* torch,
      const CancelToken& cancel)
      : settings_(settings),
        torch_(torch),
        cancel_(cancel),
        inputs_(ListInputs(settings.inputs,
                           {settings.recursive, settings.label_folders, settings.label_prefix},
                           &passed_over_)),
        engine_(settings.compile, torch),
        request_(engine_.Prepare(settings, options)) {}

  int Execute() {
    for (const std::string& line : passed_over_) Say(line);
    for (const std::string& note : notes_) SayWarning(note);
    if (const std::string warning = IsolationWarning(extract_.media); !warning.empty()) SayWarning(warning);
    Begin();
    std::vector<ScoreRow> to_score;
    std::vector<std::filesystem::path> all;  // with those that an earlier run has done
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].problem.empty()) continue;
      all.push_back(inputs_[i].path);
      if (done_[i]) continue;
      to_score.push_back(Begun(inputs_[i]));
      numbers_.push_back(i);
      places_.push_back(all.size() - 1);
    }
    BeginPage(all);
    if (!Score(std::move(to_score))) {
      const std::string stopped = fmt::format("after {} of {} inputs", earlier_ + reported_, inputs_.size());
      report_->Finish(false);
      if (page_) page_->Finish("stopped by the user " + stopped);
      throw Error("seam infer", "stopped " + stopped,
                  settings_.report.HasFile() ? "the same command with --resume goes on" : "");
    }
    ReportProblemsBefore(inputs_.size());
    report_->Finish(true);
    if (settings_.report.HasFile()) SealRecord(settings_.report, record_);
    if (page_) page_->Finish("");
    SayModel();
    return ExitStatus();
  }

 private:
  // Begins the report, or goes on with an earlier one: then what it holds is no input any more.
  void Begin() {
    EarlierRows earlier;
    const bool files = settings_.report.HasFile();
    if (files || !settings_.page.report.empty())
      record_ = MakeRecord(ensemble_, extract_, settings_, request_.score.aggregates, rule_);
    if (settings_.resume) earlier = TakeUp(settings_.report, record_);
    const bool anew = earlier.paths.empty();
    if (files && anew) RemoveRecord(settings_.report);
    resumed_ = !anew;
    report_.emplace(settings_.report, resumed_, notes_);
    // Of a run that goes on without the digests of its end.
    if (files) WriteRecord(settings_.report, record_);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const std::filesystem::path& path = inputs_[i].path;
      done_.push_back(earlier.paths.contains(Utf8Id(path.string())));
      if (!done_[i]) continue;
      ++earlier_;
      std::error_code failure;
      const auto changed = std::filesystem::last_write_time(path, failure);
      if (!failure && changed > earlier.written)
        SayWarning(Printable(path.string()) + ": has changed since it was scored, and keeps its score");
    }
    if (settings_.resume) Say(fmt::format("{} of {} inputs are done already", earlier_, inputs_.size()));
    failed_ = earlier.failed;
    verdicts_.insert(earlier.verdicts.begin(), earlier.verdicts.end());
  }

  // What is known of an input before it is looked at.
  ScoreRow Begun(const Input& input) const {
    ScoreRow row;
    row.path = input.path.string();
    row.label = input.label;
    row.note = fmt::format("{}", fmt::join(notes_, "; "));
    return row;
  }

  // Of several networks the first, whose crops the page shows.
  std::filesystem::path ExplainedCheckpoint() {
    const std::filesystem::path& first = ensemble_.files().front();
    if (!ensemble_.fusion() || !IsEnsemble(first)) return first;
    const EnsembleFile file(first);
    std::filesystem::path copy = scratch_.emplace().path() / "network.safetensors";
    WriteFile(copy, file.Checkpoint(0));
    return copy;
  }

  // What people look at: the page and the annotated videos.
  void BeginPage(const std::vector<std::filesystem::path>& files) {
    const PageOptions& page = settings_.page;
    if (!page.annotate.empty())
      annotator_.emplace(page.annotate, files, rule_, extract_.media, notes_, cancel_);
    if (page.explain) explainer_ = torch_->make_explainer(ExplainedCheckpoint());
    if (page.report.empty()) return;
    RunFacts facts;
    std::vector<std::string> names;
    for (const std::filesystem::path& file : ensemble_.files()) names.push_back(file.filename().string());
    facts.model_file = fmt::format("{}", fmt::join(names, ", "));
    facts.model_sha256 = record_.at("model_sha256").get<std::string>();
    facts.computes = ensemble_.description();
    facts.info = ensemble_.info();
    facts.rule = rule_;
    facts.fusion = ensemble_.fusion();
    facts.notes = notes_;
    if (page.explain && ensemble_.fusion())
      facts.notes.push_back(fmt::format("the heat maps show where {} looked, the first of the networks",
                                        ensemble_.networks().front()->info().model));
    facts.settings = FlatJson(record_.dump());
    page_.emplace(page, std::move(facts), request_.score.aggregate);
    if (resumed_) {
      for (ScoreRow& row : EarlierScores(settings_.report)) page_->AddEarlier(std::move(row));
    }
    extract_.thumbnails = page.Faces() > 0;
  }

  // On the thread of the video.
  void LookCloser(std::size_t file, VideoResult* result) const {
    const std::filesystem::path& path = inputs_[numbers_[file]].path;
    if (page_) {
      try {
        result->file_sha256 = Sha256OfFile(path);
      } catch (const Error&) {
        result->file_sha256.clear();  // what is wrong with the file is told already
      }
    }
    if (explainer_) explainer_->Explain(&result->evidence);
    if (!annotator_ || result->row.frames == 0) return;
    try {
      result->annotate_note = annotator_->Annotate(places_[file], *result);
    } catch (const Error& error) {
      result->annotate_problem = error;
    }
    result->dropped = cancel_.Cancelled();
  }

  bool Score(std::vector<ScoreRow> rows) {
    if (settings_.score.unordered) ReportProblemsBefore(inputs_.size());
    Progress progress("infer", static_cast<std::int64_t>(rows.size()), "files");
    VideoExtras extras;
    extras.evidence = settings_.page.Faces();
    if (page_ || annotator_)
      extras.finish = [this](std::size_t i, VideoResult* result) { LookCloser(i, result); };
    const auto done = [&](std::size_t i, const VideoResult& result) {
      if (!settings_.score.unordered) ReportProblemsBefore(numbers_[i]);
      const std::filesystem::path annotated = AnnotatedForm(i, result);
      Add(result, annotated);
      next_ = std::max(next_, numbers_[i] + 1);
      progress.Advance();
    };
    request_.inputs = std::move(rows);
    return engine_.Score(request_, cancel_, done, extras) == CancelReason::kNone;
  }

  // Where the annotated form is; empty where there is none.
  std::filesystem::path AnnotatedForm(std::size_t file, const VideoResult& result) const {
    const bool there = annotator_ && result.row.frames > 0 && !result.annotate_problem;
    return there ? annotator_->output(places_[file]) : std::filesystem::path();
  }

  // The rows stand in the order of the inputs, those that have nothing to score among them.
  void ReportProblemsBefore(std::size_t end) {
    for (; next_ < end; ++next_) {
      if (inputs_[next_].problem.empty() || done_[next_]) continue;
      VideoResult result;
      result.row = Begun(inputs_[next_]);
      result.row.status = Status::kUnreadable;
      result.row.reason = inputs_[next_].problem;
      result.hint = inputs_[next_].hint;
      Judge(rule_, request_.score.aggregate, &result.row);
      Add(result, {});
    }
  }

  void Add(const VideoResult& result, const std::filesystem::path& annotated) {
    const ScoreRow& row = result.row;
    failed_ += IsFailure(row.status) || result.annotate_problem ? 1 : 0;
    if (IsFailure(row.status)) SayError(Error(row.path, row.reason, result.hint));
    if (row.status == Status::kNoFace)
      SayWarning(fmt::format("{}: {} ({})", Printable(row.path), row.reason, result.hint));
    if (result.annotate_problem) SayError(*result.annotate_problem);
    if (!result.annotate_note.empty())
      SayWarning(fmt::format("{}: {}", Printable(row.path), result.annotate_note));
    verdicts_.insert(*row.verdict);
    ++reported_;
    report_->Add(row);
    if (page_) page_->Add(result, annotated);
  }

  void SayModel() const {
    const CheckpointInfo& info = ensemble_.info();
    std::string line =
        fmt::format("scored by {} ({}), {}, fake from {:.3f} on ({})", ensemble_.path().string(), info.model,
                    ensemble_.description(), rule_.threshold, rule_.source);
    if (rule_.HasBand())
      line += fmt::format(", uncertain from {:.3f} to {:.3f}", rule_.band_low, rule_.band_high);
    Say(line);
    if (const auto& fusion = ensemble_.fusion()) Say(ToWords(*fusion));
    if (!info.notice.empty()) Say("note: " + info.notice);
  }

  int ExitStatus() const {
    for (const Verdict verdict : settings_.FailOn()) {
      if (verdicts_.contains(verdict)) return kExitVerdict;
    }
    if (verdicts_.size() == verdicts_.count(Verdict::kError)) return kExitFailed;
    return failed_ > 0 ? kExitSomeFailed : kExitGood;
  }

  const InferSettings& settings_;
  const TorchParts* torch_;
  const CancelToken& cancel_;
  std::vector<std::string> passed_over_;  // files that are no inputs, in lines for the user
  std::vector<Input> inputs_;
  Engine engine_;
  ScoreRequest request_;
  const Ensemble& ensemble_ = *request_.networks;
  ExtractOptions& extract_ = request_.extract;
  const VerdictRule& rule_ = request_.rule;
  const std::vector<std::string>& notes_ = request_.notes;
  nlohmann::ordered_json record_;  // what scores depend on, where a score file or the page says it
  std::optional<Report> report_;
  std::optional<HtmlReport> page_;
  std::optional<Annotator> annotator_;
  std::optional<ScratchFolder> scratch_;  // of the explained network
  std::unique_ptr<Explainer> explainer_;
  std::vector<bool> done_;                     // by an earlier run
  std::vector<std::size_t> numbers_, places_;  // of the files to score: among the inputs, and the annotated
  std::size_t next_ = 0, reported_ = 0, failed_ = 0;
  bool resumed_ = false;     // the score file goes on
  std::size_t earlier_ = 0;  // inputs done by an earlier run
  std::multiset<Verdict> verdicts_;
};

}  // namespace

bool NeedsTorch(const InferSettings& settings) {
  return settings.page.explain || settings.compile.device == "cuda";
}

int RunInference(const InferSettings& settings, const Options& options, const TorchParts* torch,
                 const CancelToken& cancel) {
  return Run(settings, options, torch, cancel).Execute();
}

}  // namespace seam

#include "serve/job_store.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam::serve {
namespace {

Job MakeJob(const std::string& name) {
  Job job;
  job.id = NewId();
  job.name = name;
  job.path = "/videos/" + name;
  job.model = "default";
  job.size = 10;
  return job;
}

TEST(JobStoreTest, AFinishedResultIsThereAfterTheFileIsOpenedAgain) {
  const TemporaryFolder folder;
  const Job job = MakeJob("a.mp4");
  {
    JobStore store(folder / "jobs.db");
    store.Add(job, "");
    ASSERT_EQ(store.TakeNext()->id, job.id);
    ASSERT_TRUE(store.Finish(job.id, "abc", "fake", 0.75, R"({"score":0.75})"));
  }
  JobStore store(folder / "jobs.db");
  const std::optional<Job> found = store.Find(job.id, true);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, JobState::kDone);
  EXPECT_EQ(found->verdict, "fake");
  EXPECT_EQ(found->score, 0.75);
  EXPECT_EQ(found->result, R"({"score":0.75})");
  EXPECT_FALSE(store.TakeNext());
}

TEST(JobStoreTest, AJobThatRanWhenTheProcessEndedIsQueuedAgainAndGivenUpAfterManyAttempts) {
  const TemporaryFolder folder;
  const Job job = MakeJob("crash.mp4");
  JobStore(folder / "jobs.db").Add(job, "");
  for (int attempt = 1; attempt <= JobStore::kMaxAttempts; ++attempt) {
    JobStore store(folder / "jobs.db");
    const std::optional<Job> taken = store.TakeNext();
    ASSERT_TRUE(taken) << attempt;
    EXPECT_EQ(taken->attempts, attempt);
  }
  JobStore store(folder / "jobs.db");
  EXPECT_FALSE(store.TakeNext());
  EXPECT_EQ(store.Find(job.id)->state, JobState::kFailed);
  EXPECT_NE(store.Find(job.id)->problem, "");
}

TEST(JobStoreTest, JobsAreTakenInOrderAndEachByOneThreadAlone) {
  const TemporaryFolder folder;
  JobStore store(folder / "jobs.db");
  constexpr int kJobs = 60;
  for (int i = 0; i < kJobs; ++i) store.Add(MakeJob("v" + std::to_string(i)), "");
  std::vector<std::thread> threads;
  std::vector<std::vector<std::int64_t>> taken(4);
  for (auto& mine : taken) {
    threads.emplace_back([&store, &mine] {
      while (const std::optional<Job> job = store.TakeNext()) mine.push_back(job->number);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::int64_t> all;
  for (const auto& mine : taken) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

TEST(JobStoreTest, TheSameKeyMakesOneJob) {
  const TemporaryFolder folder;
  JobStore store(folder / "jobs.db");
  const Job first = store.Add(MakeJob("a.mp4"), "key");
  EXPECT_EQ(store.Add(MakeJob("b.mp4"), "key").id, first.id);
  EXPECT_EQ(store.Count({}), 1);
}

TEST(JobStoreTest, ACancelledJobKeepsNoLateResult) {
  const TemporaryFolder folder;
  JobStore store(folder / "jobs.db");
  const Job job = store.Add(MakeJob("a.mp4"), "");
  store.TakeNext();
  EXPECT_TRUE(store.Cancel(job.id));
  EXPECT_FALSE(store.Finish(job.id, "", "real", 0.1, "{}"));
  EXPECT_FALSE(store.Requeue(job.id));
  EXPECT_EQ(store.Find(job.id)->state, JobState::kCancelled);
  EXPECT_FALSE(store.Cancel(job.id));
}

TEST(JobStoreTest, ListsAreSearchedSortedAndCut) {
  const TemporaryFolder folder;
  JobStore store(folder / "jobs.db");
  for (const char* name : {"holiday 100%.mp4", "interview.mp4", "Interview_2.mp4"})
    store.Add(MakeJob(name), "");
  const Job first = *store.TakeNext();
  store.Finish(first.id, "f00d", "fake", 0.9, "{}");
  const auto names = [&](const JobQuery& query) {
    std::vector<std::string> all;
    for (const Job& job : store.List(query)) all.push_back(job.name);
    return all;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({.search = "INTER"}), (Names{"Interview_2.mp4", "interview.mp4"}));
  EXPECT_EQ(names({.search = "inter _2"}), Names{"Interview_2.mp4"});
  EXPECT_EQ(names({.search = "%"}), Names{"holiday 100%.mp4"});  // no wildcard
  EXPECT_EQ(names({.search = "f00d"}), Names{"holiday 100%.mp4"});
  EXPECT_EQ(names({.verdict = "fake"}), Names{"holiday 100%.mp4"});
  EXPECT_EQ(names({.order = JobQuery::Order::kScore}).front(), "holiday 100%.mp4");
  EXPECT_EQ(names({.order = JobQuery::Order::kScore, .descending = false}).front(), "holiday 100%.mp4");
  EXPECT_EQ(names({.order = JobQuery::Order::kName, .descending = false, .limit = 1, .offset = 1}),
            Names{"interview.mp4"});
  JobQuery queued;
  queued.state = JobState::kQueued;
  EXPECT_EQ(store.Count(queued), 2);
  EXPECT_EQ(store.FindPosition(store.List({.search = "_2"}).front()), 1);
}

TEST(JobStoreTest, AFileOfANewerVersionIsLeftAlone) {
  const TemporaryFolder folder;
  { const JobStore store(folder / "jobs.db"); }
  ASSERT_EQ(RunCommand("python3 -c \"import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);c.execute('PRAGMA "
                       "user_version=99');"
                       "c.commit()\" " +
                       Quoted((folder / "jobs.db").string()))
                .status,
            0);
  EXPECT_NE(CatchMessage([&] { const JobStore store(folder / "jobs.db"); }).find("newer version"),
            std::string::npos);
}

}  // namespace
}  // namespace seam::serve

#include "client/cli/text_output.h"

#include "client/cli/progress_line.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(AlignRows, PutsValuesUnderEachOther) {
  EXPECT_EQ(AlignRows({{"id", "7"}, {"state", "FAILED"}}),
            "id     7\nstate  FAILED\n");
}

TEST(AlignTable, MakesColumnsAsWideAsTheirWidestCell) {
  EXPECT_EQ(AlignTable({{"ID", "KIND"}, {"1234", "train"}, {"5", ""}}),
            "ID    KIND\n1234  train\n5\n");
}

TEST(AlignTable, CountsCharactersAndKeepsBadBytesFromTheTerminal) {
  EXPECT_EQ(AlignTable({{"\xc3\xa4\xc3\xb6", "x"}, {"abc", "y"}}),
            "\xc3\xa4\xc3\xb6   x\nabc  y\n");
  EXPECT_EQ(AlignRows({{"a\xff", "b\n"}, {"abc", "d"}}),
            "a\xef\xbf\xbd   b \nabc  d\n");
}

TEST(JobTable, HasTheNodeOfAGraph) {
  std::vector<v1::Job> jobs(2);
  jobs[0].set_id("j1");
  jobs[0].set_kind("train");
  jobs[0].set_state(v1::JobState::QUEUED);
  jobs[0].set_node("net");
  jobs[0].mutable_submit_time()->set_seconds(86400);
  jobs[1] = jobs[0];
  jobs[1].set_id("j2");
  jobs[1].clear_node();
  EXPECT_EQ(JobTable(jobs),
            "ID  KIND   STATE   DONE  SUBMITTED             NODE  LABELS\n"
            "j1  train  QUEUED  -     1970-01-02T00:00:00Z  net\n"
            "j2  train  QUEUED  -     1970-01-02T00:00:00Z  -\n");
}

TEST(ValueText, CutsLongLists) {
  EXPECT_EQ(ValueText(Json::array({1, 2})), "1, 2");
  EXPECT_EQ(ValueText(Json(std::vector<int>(20, 1))),
            "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ... (20)");
  EXPECT_EQ(ValueText("9"), "9");
}

TEST(ArrayText, NamesTypeAndShape) {
  v1::Array array;
  array.set_dtype(v1::DType::FLOAT64);
  EXPECT_EQ(ArrayText(array), "float64 ()");
  array.add_shape(0);
  array.add_shape(3);
  EXPECT_EQ(ArrayText(array), "float64 (0, 3)");
}

TEST(KindTable, ShowsTheFirstSentence) {
  v1::ListKindsResponse kinds;
  kinds.add_kinds()->set_kind("quality");
  kinds.mutable_kinds(0)->set_comment("Quality of given\npartitions. More.");
  EXPECT_EQ(KindTable(kinds), "quality  Quality of given partitions.\n");
}

TEST(ProgressText, TellsPhaseUnitsTimeLeftAndMetrics) {
  v1::Job job;
  job.set_state(v1::JobState::RUNNING);
  v1::Progress& progress = *job.mutable_progress();
  progress.set_phase("training");
  progress.set_done(1200);
  progress.set_total(10000);
  progress.set_unit("steps");
  progress.set_fraction(0.12);
  progress.mutable_eta()->set_seconds(80);
  (*progress.mutable_metrics())["loss"] = 0.25;
  (*progress.mutable_metrics())["accuracy"] = 0.5;
  EXPECT_EQ(ProgressText(job),
            "RUNNING training 1200/10000 steps 12% eta 1m20s accuracy 0.5 "
            "loss 0.25");
}

TEST(ProgressText, OfAnotherStateIsTheState) {
  v1::Job job;
  job.set_state(v1::JobState::WAITING);
  job.mutable_progress()->set_total(3);
  EXPECT_EQ(ProgressText(job), "WAITING");
}

TEST(LengthText, HasTwoUnits) {
  EXPECT_EQ(LengthText(0.2), "0s");
  EXPECT_EQ(LengthText(59.4), "59s");
  EXPECT_EQ(LengthText(80), "1m20s");
  EXPECT_EQ(LengthText(7500), "2h05m");
  EXPECT_EQ(LengthText(90000), "1d01h");
}

}  // namespace
}  // namespace modbound

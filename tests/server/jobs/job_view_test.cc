#include "server/jobs/job_view.h"

#include <gtest/gtest.h>

#include <string>

#include "server/jobs/submit_rules.h"

namespace modbound {
namespace {

constexpr int64_t kMessageBytes = int64_t{1} << 20;

// A job of a graph with everything that grows, `bytes` of it in its inputs.
v1::Job JobOf(int64_t bytes) {
  v1::Job job;
  job.set_id("j1k0zkhh4ygwk8gz8h");
  // The longest kind and name of a node.
  job.set_kind("jacobian_similarity");
  job.set_node(std::string(64, 'n'));
  job.set_state(v1::JobState::WAITING);
  job.set_owner("ada");
  job.mutable_spec()->mutable_quality()->set_gamma(1);
  job.mutable_summary()->mutable_quality()->set_num_partitions(1);
  (*job.mutable_inputs())["a"].add_axes(
      std::string(static_cast<std::size_t>(bytes), 'x'));
  return job;
}

v1::SubmitGraphResponse ResponseOf(int count, int64_t bytes) {
  return SubmitResponse(count, [&](int) { return JobOf(bytes); });
}

TEST(SubmitResponse, ShowsAsMuchAsFits) {
  const auto whole = ResponseOf(10, 100);
  ASSERT_EQ(whole.jobs_size(), 10);
  EXPECT_EQ(whole.jobs(9).SerializeAsString(), JobOf(100).SerializeAsString());

  const auto basic = ResponseOf(10, kMessageBytes / 10);
  EXPECT_FALSE(basic.jobs(9).has_spec());
  EXPECT_TRUE(basic.jobs(9).inputs().empty());
  EXPECT_EQ(basic.jobs(9).owner(), "ada");

  // A job takes 121 bytes as BASIC, 20 + 21 + 66 + 2 + 6 = 115 by its names.
  const auto names = ResponseOf(8700, 1);
  EXPECT_EQ(names.jobs(8699).owner(), "");
  EXPECT_EQ(names.jobs(8699).kind(), "jacobian_similarity");
  EXPECT_EQ(names.jobs(8699).node(), std::string(64, 'n'));
}

TEST(SubmitResponse, OfTheMostJobsWithTheLongestNamesFitsAMessage) {
  const auto response = ResponseOf(kMaxNodes, 1);
  ASSERT_EQ(response.jobs_size(), kMaxNodes);
  EXPECT_LE(static_cast<int64_t>(response.ByteSizeLong()), kMessageBytes);
  for (const v1::Job& job : response.jobs()) {
    ASSERT_EQ(job.id(), JobOf(1).id());
    ASSERT_EQ(job.state(), v1::JobState::WAITING);
  }
}

TEST(FitIntoMessage, LeavesOutOnlyWhatIsTooMuch) {
  const auto fitted = [](const v1::Job& job) {
    const v1::Job fit = FitIntoMessage(job);
    EXPECT_LE(static_cast<int64_t>(fit.ByteSizeLong()), kMessageBytes);
    EXPECT_EQ(fit.owner(), "ada");
    return fit;
  };
  v1::Job job = JobOf(100);
  EXPECT_EQ(fitted(job).SerializeAsString(), job.SerializeAsString());

  const std::string half(static_cast<std::size_t>(kMessageBytes / 2), 'x');
  (*job.mutable_inputs())["a"].add_axes(half);
  (*job.mutable_provenance()->mutable_input_digests())["a"] = half;
  v1::Job fit = fitted(job);
  EXPECT_TRUE(fit.inputs().empty());
  EXPECT_TRUE(fit.provenance().input_digests().empty());
  EXPECT_TRUE(fit.has_spec());

  // Each alone would fit; the spec goes first.
  auto& lesions = *job.mutable_spec()->mutable_lesion_similarity();
  auto& found = *job.mutable_summary()->mutable_partition();
  for (int64_t i = 0; i < kMessageBytes * 5 / 8; ++i) {
    found.add_module_sizes(1);
  }
  for (int64_t i = 0; i < kMessageBytes / 16; ++i) {
    lesions.add_input(1);
  }
  fit = fitted(job);
  EXPECT_FALSE(fit.has_spec());
  EXPECT_EQ(fit.summary().partition().module_sizes_size(),
            found.module_sizes_size());

  for (int64_t i = 0; i < kMessageBytes; ++i) {
    found.add_module_sizes(1);
  }
  EXPECT_FALSE(fitted(job).has_summary());
}

}  // namespace
}  // namespace modbound

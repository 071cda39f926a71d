#ifndef MODBOUND_SERVER_ANALYSES_NETWORK_TESTS_H_
#define MODBOUND_SERVER_ANALYSES_NETWORK_TESTS_H_

#include <string>

#include "absl/status/status.h"
#include "core/statistics/sample_test.h"
#include "modbound/v1/job.pb.h"

// Tests of samples in the words of the contract.
namespace modbound {

v1::SampleTest::Name WordOf(SampleTest test);
SampleTest ToCore(v1::SampleTest::Name test);  // one that is specified
Alternative ToCore(v1::Alternative::Name alternative);

// Adds a test across networks to summary.ensemble(): of `sample`, one value a
// network and NaN where it has none, or of two such samples (else `other` is
// empty). With too few values its numbers are NaN. Errors: those of
// TestSamples.
absl::Status AddNetworkTest(const std::string& name,
                            const Vector& sample,
                            const Vector& other,
                            SampleTest test,
                            v1::Summary& summary);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ANALYSES_NETWORK_TESTS_H_

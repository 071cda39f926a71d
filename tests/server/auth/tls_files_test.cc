#include "server/auth/tls_files.h"

#include <string>

#include "core/base/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

// What needs no certificate; all else is in integration/security_test.py, where
// openssl makes them.
TEST(ReadTlsFiles, WithoutPathsThereIsNoTls) {
  const auto identity = ReadTlsFiles({});
  ASSERT_TRUE(identity.ok());
  EXPECT_FALSE(identity->enabled());
}

TEST(ReadTlsFiles, NamesTheFlagThatIsMissingOrWrong) {
  for (const auto& [paths, flag] :
       {std::pair(TlsPaths{"c", "", ""}, "tls_key"),
        std::pair(TlsPaths{"", "k", ""}, "tls_cert"),
        std::pair(TlsPaths{"", "", "a"}, "client_ca"),
        std::pair(TlsPaths{"/none", "/none", ""}, "tls_cert")}) {
    const absl::Status status = ReadTlsFiles(paths).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << flag;
    EXPECT_EQ(FieldOf(status), flag) << status;
  }
}

}  // namespace
}  // namespace modbound

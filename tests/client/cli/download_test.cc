#include "client/cli/download.h"

#include "client/cli/error.h"
#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(ArrayPath, MakesFoldersOfSlashes) {
  EXPECT_EQ(ArrayPath("out", "labels").value(), "out/labels.npy");
  EXPECT_EQ(ArrayPath("out", "initial/w_rec").value(), "out/initial/w_rec.npy");
  EXPECT_EQ(ArrayPath("out", "a..b").value(), "out/a..b.npy");
}

TEST(ArrayPath, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"",
                           ".",
                           "..",
                           "/",
                           "/etc/passwd",
                           "../x",
                           "a/../../x",
                           "a/..",
                           "a//b",
                           "a/",
                           "a/./b",
                           "a\\b",
                           "a\nb"}) {
    EXPECT_FALSE(ArrayPath("out", name).ok()) << name;
    EXPECT_FALSE(StaysBelow(name)) << name;
  }
}

}  // namespace
}  // namespace modbound

// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "suite/setting.h"

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    if (!::testing::GTEST_FLAG(list_tests)) suite::setting();
    return RUN_ALL_TESTS();
}

// SPDX-License-Identifier: Apache-2.0
//
// The output queue on a socket pair: order, partial sends, pins, and memory that does not grow.
#include "net/out_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <random>
#include <string>

namespace kx::net {
namespace {

class OutQueueTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_.data()), 0);
    }
    void TearDown() override {
        for (const int socket : pair_)
            if (socket >= 0) ::close(socket);
    }
    OutQueue::Sent send() { return queue_.send(pair_[0], sent_, failed_errno_); }
    std::size_t receive(std::size_t at_most) {
        std::string chunk(at_most, '\0');
        const ssize_t got = ::recv(pair_[1], chunk.data(), chunk.size(), 0);
        if (got <= 0) return 0;
        received_.append(chunk, 0, static_cast<std::size_t>(got));
        return static_cast<std::size_t>(got);
    }

    std::array<int, 2> pair_{-1, -1};
    OutQueue queue_;
    std::int64_t sent_ = 0;
    int failed_errno_ = 0;
    std::string received_;
};

TEST_F(OutQueueTest, SendsBytesAndSlicesInTheOrderTheyCame) {
    queue_.buffer().append("one ");
    queue_.push(Slice::own("two "));
    queue_.push(Slice{nullptr, "three "});
    queue_.push(Slice{});
    queue_.buffer().append("four");
    EXPECT_EQ(queue_.pending(), 18U);
    EXPECT_EQ(send(), OutQueue::Sent::kAll);
    EXPECT_TRUE(queue_.empty());
    EXPECT_EQ(sent_, 18);
    receive(100);
    EXPECT_EQ(received_, "one two three four");
    EXPECT_EQ(send(), OutQueue::Sent::kAll) << "nothing is fine as well";
}

TEST_F(OutQueueTest, SendsMorePiecesThanOneGatherWriteTakes) {
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = std::to_string(i) + ";";
        expected += text + "s" + text;
        queue_.buffer().append(text);
        queue_.push(Slice::own("s" + text));
    }
    EXPECT_EQ(send(), OutQueue::Sent::kAll);
    while (receive(65536) > 0) {
    }
    EXPECT_EQ(received_, expected);
}

TEST_F(OutQueueTest, DropsAPinAsSoonAsTheSocketHasTheBytes) {
    const auto pin = std::make_shared<const std::string>("pinned");
    queue_.push(Slice{pin, *pin});
    const std::string filler(8 << 20, 'x');
    queue_.push(Slice{std::make_shared<int>(), filler});
    EXPECT_EQ(send(), OutQueue::Sent::kWouldBlock);
    EXPECT_EQ(pin.use_count(), 1);
    EXPECT_EQ(queue_.pending(), 6 + filler.size() - static_cast<std::size_t>(sent_));
}

TEST_F(OutQueueTest, KeepsEveryByteThroughPartialSends) {
    std::mt19937 chance(5);
    std::string expected;
    std::size_t pending = 0;
    for (int round = 0; round < 400; ++round) {
        const std::string bytes(chance() % 5000, static_cast<char>('a' + round % 26));
        if (chance() % 2 == 0) {
            queue_.buffer().append(bytes);
        } else {
            queue_.push(Slice::own(bytes));
        }
        expected += bytes;
        pending += bytes.size();
        const std::int64_t before = sent_;
        send();
        pending -= static_cast<std::size_t>(sent_ - before);
        ASSERT_EQ(queue_.pending(), pending);
        receive(chance() % 6000 + 1);
    }
    while (send() != OutQueue::Sent::kAll) receive(1 << 20);
    while (receive(1 << 20) > 0) {
    }
    EXPECT_EQ(received_.size(), expected.size());
    EXPECT_TRUE(received_ == expected);
}

TEST_F(OutQueueTest, DoesNotGrowForAPeerThatNeverQuiteCatchesUp) {
    const std::string frame(10'000, 'f');
    std::size_t largest = 0;
    for (int i = 0; i < 300; ++i) queue_.buffer().append(frame);
    for (int round = 0; round < 5000; ++round) {
        queue_.buffer().append(frame);
        queue_.push(Slice::own("s"));
        ASSERT_EQ(send(), OutQueue::Sent::kWouldBlock);
        for (std::size_t left = frame.size() + 1; left > 0;) {
            const std::size_t got = receive(left);
            if (got == 0) send();
            left -= got;
        }
        received_.clear();
        largest = std::max(largest, queue_.buffer().capacity());
    }
    EXPECT_GT(sent_, 45'000'000);
    EXPECT_LE(largest, 16U << 20) << "of 50 MB sent in all, 3 MB are pending";
}

TEST_F(OutQueueTest, TellsWhyItFailed) {
    ::close(std::exchange(pair_[1], -1));
    queue_.buffer().append("x");
    EXPECT_EQ(send(), OutQueue::Sent::kFailed);
    EXPECT_EQ(failed_errno_, EPIPE);
    queue_.clear();
    EXPECT_TRUE(queue_.empty());
}

}  // namespace
}  // namespace kx::net

// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullCallback;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The plain pull consumer: every status a pull can have, and offsets kept by hand. */
final class PullScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("pull_every_status", PullScenarios::everyStatus),
        Scenario.core("pull_waits_for_a_message", PullScenarios::waits),
        Scenario.core("pull_wait_ends", PullScenarios::waitEnds),
        Scenario.core("offsets_by_hand", PullScenarios::offsetsByHand),
        Scenario.core("min_max_and_search_offset", PullScenarios::searchOffset));

    private PullScenarios() {}

    private static void everyStatus(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(1);
        for (int i = 0; i < 10; i++) {
            String tag = "tag" + i % 2;
            Message message = Texts.message(queue.getTopic(), tag, null, "pulled " + i);
            world.producer().send(message, queue);
        }
        DefaultMQPullConsumer consumer = world.pullConsumer("group");
        Await.until("ten messages stand in the queue", () -> consumer.maxOffset(queue) == 10);

        PullResult some = consumer.pull(queue, "*", 2, 4);
        Expect.equal(PullStatus.FOUND, some.getPullStatus(), "status amid the queue");
        Expect.equal(Texts.numbered("pulled", 2, 6), Texts.bodies(some.getMsgFoundList()),
            "bodies");
        Expect.equal(6L, some.getNextBeginOffset(), "next offset");
        Expect.equal(0L, some.getMinOffset(), "min offset");
        Expect.equal(10L, some.getMaxOffset(), "max offset");

        PullResult tagged = consumer.pull(queue, "tag1", 0, 32);
        Expect.equal(List.of("pulled 1", "pulled 3", "pulled 5", "pulled 7", "pulled 9"),
            Texts.bodies(tagged.getMsgFoundList()), "bodies with tag1");
        Expect.equal(10L, tagged.getNextBeginOffset(), "next offset past those filtered out");

        PullResult none = consumer.pull(queue, "other", 0, 32);
        Expect.equal(PullStatus.NO_MATCHED_MSG, none.getPullStatus(), "status when no tag matches");
        Expect.equal(10L, none.getNextBeginOffset(), "next offset when no tag matches");

        PullResult atEnd = consumer.pull(queue, "*", 10, 32);
        Expect.equal(PullStatus.NO_NEW_MSG, atEnd.getPullStatus(), "status at the end");
        Expect.equal(10L, atEnd.getNextBeginOffset(), "next offset at the end");

        PullResult beyond = consumer.pull(queue, "*", 1000, 32);
        Expect.equal(PullStatus.OFFSET_ILLEGAL, beyond.getPullStatus(), "status beyond the end");
        Expect.equal(10L, beyond.getNextBeginOffset(), "next offset after one beyond the end");
    }

    private static void waits(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(3);
        DefaultMQPullConsumer consumer = world.pullConsumer("group");
        CompletableFuture<PullResult> pulled = new CompletableFuture<>();
        consumer.pullBlockIfNotFound(queue, "*", 0, 32, new PullCallback() {
            @Override
            public void onSuccess(PullResult result) {
                pulled.complete(result);
            }

            @Override
            public void onException(Throwable cause) {
                pulled.completeExceptionally(cause);
            }
        });
        Expect.that(!pulled.isDone(), "a pull of an empty queue waits");
        world.send(queue, List.of("awaited"));
        PullResult result = pulled.get(Await.DEADLINE_S, TimeUnit.SECONDS);
        Expect.equal(PullStatus.FOUND, result.getPullStatus(), "status");
        Expect.equal(List.of("awaited"), Texts.bodies(result.getMsgFoundList()), "bodies");
    }

    /** A pull that nothing comes for is answered when its time is over, as "nothing new". */
    private static void waitEnds(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(3);
        DefaultMQPullConsumer consumer = world.pullConsumer("group");
        consumer.setBrokerSuspendMaxTimeMillis(1000);
        PullResult result = consumer.pullBlockIfNotFound(queue, "*", 0, 32);
        Expect.equal(PullStatus.NO_NEW_MSG, result.getPullStatus(), "status");
        Expect.equal(0L, result.getNextBeginOffset(), "next offset");
    }

    private static void offsetsByHand(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(1);
        world.send(queue, Texts.numbered("kept", 0, 10));
        DefaultMQPullConsumer consumer = world.pullConsumer("group");
        // A queue still in memory from its first message counts as begun at 0, not as unknown.
        Expect.equal(0L, consumer.fetchConsumeOffset(queue, true), "offset of a new group");
        DefaultMQPullConsumer another = world.pullConsumer("group");
        consumer.getOffsetStore().updateOffset(queue, 7, false);
        Await.until("another member of the group reads the offset", () -> {
            // Offsets go out oneway: a client that cannot send one at the moment tells nobody.
            consumer.getOffsetStore().persist(queue);
            return another.fetchConsumeOffset(queue, true) == 7;
        });
    }

    private static void searchOffset(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(1);
        DefaultMQPullConsumer consumer = world.pullConsumer("group");
        Expect.equal(0L, consumer.minOffset(queue), "min offset of an empty queue");
        Expect.equal(0L, consumer.maxOffset(queue), "max offset of an empty queue");
        for (int i = 0; i < 6; i++) {
            world.send(queue, List.of("timed " + i));
            long sent = System.currentTimeMillis();
            Await.until("a later store time", () -> System.currentTimeMillis() > sent + 3);
        }
        Await.until("six messages stand in the queue", () -> consumer.maxOffset(queue) == 6);
        List<MessageExt> messages = consumer.pull(queue, "*", 0, 32).getMsgFoundList();
        for (int i = 0; i < 6; i++) {
            long stored = messages.get(i).getStoreTimestamp();
            Expect.equal((long) i, consumer.searchOffset(queue, stored), "offset at its time");
            if (i > 0) {
                Expect.equal((long) i, consumer.searchOffset(queue, stored - 1), "just before it");
            }
        }
        Expect.equal(0L, consumer.searchOffset(queue, 0), "offset at the beginning of time");
        long future = System.currentTimeMillis() + 3_600_000;
        Expect.equal(6L, consumer.searchOffset(queue, future), "offset in an hour");
        Expect.equal(messages.get(0).getStoreTimestamp(), consumer.earliestMsgStoreTime(queue),
            "earliest store time");
    }
}

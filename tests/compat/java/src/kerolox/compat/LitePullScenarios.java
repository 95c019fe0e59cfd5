// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The lite pull consumer: subscribed or assigned, sought and committed. */
final class LitePullScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("lite_pull_subscribe", LitePullScenarios::subscribe),
        Scenario.core("lite_pull_assign_seek_commit", LitePullScenarios::assign));

    private static final long POLL_MS = 200;

    private LitePullScenarios() {}

    private static void subscribe(World world) throws Exception {
        String topic = world.topic("all");
        DefaultLitePullConsumer consumer = world.litePullConsumer("group");
        consumer.setAutoCommit(false);
        consumer.subscribe(topic, "*");
        consumer.start();
        List<String> bodies = Texts.numbered("lite", 0, 40);
        world.send(topic, bodies);
        Inbox inbox = new Inbox();
        poll(consumer, inbox, bodies.size());
        Expect.equal(new HashSet<>(bodies), new HashSet<>(inbox.bodies()), "bodies");
        consumer.commit();
        // The commit reaches the broker with the client's next timer, or when it leaves.
        consumer.shutdown();
        world.awaitProgress("group", topic, bodies.size() + 1);
    }

    private static void assign(World world) throws Exception {
        String topic = world.topic("all");
        MessageQueue queue = world.queues(topic).get(1);
        world.send(queue, Texts.numbered("sought", 0, 20));
        DefaultLitePullConsumer consumer = world.litePullConsumer("group");
        consumer.setAutoCommit(false);
        consumer.start();
        Expect.equal(World.QUEUES, consumer.fetchMessageQueues(topic).size(), "queues");
        consumer.assign(List.of(queue));
        consumer.seek(queue, 15);
        endsWith(consumer, Texts.numbered("sought", 15, 20), "bodies after seek");
        consumer.seekToBegin(queue);
        endsWith(consumer, Texts.numbered("sought", 0, 20), "bodies from the begin");

        long stored = world.read(topic, 20).get(10).getStoreTimestamp();
        Long at = consumer.offsetForTimestamp(queue, stored);
        Expect.that(at <= 10, "offset " + at + " at the time of message 10");
        Await.until("the commit can be read", () -> {
            consumer.commitSync(Map.of(queue, 12L), true);
            return consumer.committed(queue) == 12;
        });

        consumer.seekToEnd(queue);
        world.send(queue, List.of("at the end"));
        endsWith(consumer, List.of("at the end"), "bodies from the end");
    }

    /**
     * What a pull brought that was under way when the seek came may be polled first: on a busy
     * machine this client does that with the original's broker as well.
     */
    private static void endsWith(DefaultLitePullConsumer consumer, List<String> bodies, String what)
            throws Exception {
        Inbox inbox = new Inbox();
        Await.until(what, () -> {
            inbox.put(consumer.poll(POLL_MS));
            List<String> all = Texts.bodies(inbox.all());
            int before = all.size() - bodies.size();
            return before >= 0 && all.subList(before, all.size()).equals(bodies);
        });
    }

    private static void poll(DefaultLitePullConsumer consumer, Inbox inbox, int count)
            throws Exception {
        Await.until("poll gave " + count + " messages", () -> {
            List<MessageExt> polled = consumer.poll(POLL_MS);
            inbox.put(polled);
            return inbox.size() >= count;
        });
        Expect.equal(count, inbox.size(), "messages that poll gave");
    }
}

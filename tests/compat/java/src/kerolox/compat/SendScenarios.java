// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** The ways to send, each read back from the broker. */
final class SendScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("sync_send", SendScenarios::sync),
        Scenario.core("async_send", SendScenarios::async),
        Scenario.core("oneway_send", SendScenarios::oneway),
        Scenario.core("batch_send", SendScenarios::batch),
        Scenario.core("send_to_queue", SendScenarios::toQueue),
        Scenario.core("send_by_selector", SendScenarios::bySelector));

    private SendScenarios() {}

    /** The topic does not exist before: the first send makes it. */
    private static void sync(World world) throws Exception {
        String topic = world.name("new");
        List<String> bodies = Texts.numbered("sync", 0, 12);
        Map<Integer, Long> nextOffsets = new HashMap<>();
        Set<String> ids = new HashSet<>();
        for (String body : bodies) {
            SendResult result = world.producer().send(Texts.message(topic, body));
            Expect.equal(SendStatus.SEND_OK, result.getSendStatus(), "status");
            MessageQueue queue = result.getMessageQueue();
            Expect.equal(topic, queue.getTopic(), "topic of the result");
            Expect.equal(nextOffsets.merge(queue.getQueueId(), 1L, Long::sum) - 1,
                result.getQueueOffset(), "queue offset in queue " + queue.getQueueId());
            Expect.equal(32, result.getOffsetMsgId().length(), "length of an IPv4 offset id");
            ids.add(result.getMsgId());
            ids.add(result.getOffsetMsgId());
        }
        Expect.equal(2 * bodies.size(), ids.size(), "different message ids");
        world.awaitRoute(topic);
        List<MessageExt> stored = world.read(topic, bodies.size());
        Expect.equal(new HashSet<>(bodies), new HashSet<>(Texts.bodies(stored)), "bodies");
    }

    private static void async(World world) throws Exception {
        String topic = world.topic("all");
        List<String> bodies = Texts.numbered("async", 0, 60);
        CountDownLatch answered = new CountDownLatch(bodies.size());
        AtomicReference<Throwable> refused = new AtomicReference<>();
        for (String body : bodies) {
            world.producer().send(Texts.message(topic, body), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    answered.countDown();
                }

                @Override
                public void onException(Throwable cause) {
                    refused.set(cause);
                    answered.countDown();
                }
            });
        }
        Expect.that(answered.await(Await.DEADLINE_S, TimeUnit.SECONDS), "every send was answered");
        Expect.equal(null, refused.get(), "refused send");
        List<MessageExt> stored = world.read(topic, bodies.size());
        Expect.equal(new HashSet<>(bodies), new HashSet<>(Texts.bodies(stored)), "bodies");
    }

    private static void oneway(World world) throws Exception {
        String topic = world.topic("all");
        List<String> bodies = Texts.numbered("oneway", 0, 20);
        for (String body : bodies) {
            world.producer().sendOneway(Texts.message(topic, body));
        }
        List<MessageExt> stored = world.read(topic, bodies.size());
        Expect.equal(new HashSet<>(bodies), new HashSet<>(Texts.bodies(stored)), "bodies");
    }

    private static void batch(World world) throws Exception {
        String topic = world.topic("all");
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Message message = Texts.message(topic, "tag" + i % 2, "key" + i, "batched 批 " + i);
            message.putUserProperty("index", "" + i);
            batch.add(message);
        }
        SendResult result = world.producer().send(batch);
        Expect.equal(SendStatus.SEND_OK, result.getSendStatus(), "status");
        Expect.equal(10, result.getMsgId().split(",").length, "ids of the messages in the batch");
        Expect.equal(10, result.getOffsetMsgId().split(",").length, "offset ids of the batch");

        List<MessageExt> stored = world.read(topic, 10);
        for (int i = 0; i < 10; i++) {
            MessageExt message = stored.get(i);
            Expect.equal("batched 批 " + i, Texts.body(message), "body " + i);
            Expect.equal("tag" + i % 2, message.getTags(), "tag " + i);
            Expect.equal("key" + i, message.getKeys(), "key " + i);
            Expect.equal("" + i, message.getUserProperty("index"), "property " + i);
            Expect.equal(result.getMessageQueue().getQueueId(), message.getQueueId(), "queue");
            Expect.equal(result.getQueueOffset() + i, message.getQueueOffset(), "offset " + i);
        }
    }

    private static void toQueue(World world) throws Exception {
        MessageQueue queue = world.queues(world.topic("all")).get(2);
        for (int i = 0; i < 5; i++) {
            Message message = Texts.message(queue.getTopic(), "to " + i);
            SendResult result = world.producer().send(message, queue);
            Expect.equal(queue, result.getMessageQueue(), "queue");
            Expect.equal((long) i, result.getQueueOffset(), "offset");
        }
        List<MessageExt> stored = world.read(queue.getTopic(), 5);
        Expect.equal(Texts.numbered("to", 0, 5), Texts.bodies(stored), "bodies in order");
    }

    private static void bySelector(World world) throws Exception {
        String topic = world.topic("all");
        for (int i = 0; i < 20; i++) {
            SendResult result = world.producer().send(Texts.message(topic, "chosen " + i),
                (queues, message, order) -> queues.get((Integer) order % queues.size()), i % 7);
            Expect.equal(SendStatus.SEND_OK, result.getSendStatus(), "status");
        }
        for (MessageExt message : world.read(topic, 20)) {
            int i = Integer.parseInt(Texts.body(message).split(" ")[1]);
            Expect.equal(i % 7 % World.QUEUES, message.getQueueId(), "queue of message " + i);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Orderly consumption: the broker's queue locks, and order within each queue. */
final class OrderScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("push_orderly", OrderScenarios::orderly),
        Scenario.full("orderly_handover_between_consumers", OrderScenarios::handover));

    private OrderScenarios() {}

    private static void orderly(World world) throws Exception {
        String topic = world.topic("all");
        Inbox inbox = new Inbox();
        startOrderly(world, topic, inbox, ConcurrentHashMap.newKeySet(),
            new ConcurrentLinkedQueue<>());
        List<MessageQueue> queues = world.queues(topic);
        List<String> bodies = Texts.numbered("ordered", 0, 100);
        for (int i = 0; i < bodies.size(); i++) {
            world.send(queues.get(i % queues.size()), List.of(bodies.get(i)));
        }
        inbox.awaitExactly(bodies);
        expectOrderPerQueue(inbox.all());
    }

    /** A second consumer joins amid the stream: a queue moves, but never has two at work on it. */
    private static void handover(World world) throws Exception {
        String topic = world.topic("all");
        Inbox inbox = new Inbox();
        Set<MessageQueue> inWork = ConcurrentHashMap.newKeySet();
        ConcurrentLinkedQueue<String> clashes = new ConcurrentLinkedQueue<>();
        startOrderly(world, topic, inbox, inWork, clashes);
        List<MessageQueue> queues = world.queues(topic);
        List<String> bodies = Texts.numbered("ordered", 0, 200);
        DefaultMQPushConsumer second = null;
        for (int i = 0; i < bodies.size(); i++) {
            world.send(queues.get(i % queues.size()), List.of(bodies.get(i)));
            if (i == 60) {
                second = startOrderly(world, topic, inbox, inWork, clashes);
            }
        }
        DefaultMQPushConsumer joined = second;
        Await.until("the consumer that joined owns two queues", () ->
            GroupScenarios.owned(joined, topic).size() == 2);
        world.send(topic, Texts.numbered("after", 0, 20));
        inbox.awaitBodies(bodies);
        inbox.awaitBodies(Texts.numbered("after", 0, 20));
        Expect.that(clashes.isEmpty(), "no queue had two consumers at once: " + clashes);
        expectOrderPerQueue(inbox.all());
    }

    private static DefaultMQPushConsumer startOrderly(World world, String topic, Inbox inbox,
            Set<MessageQueue> inWork, ConcurrentLinkedQueue<String> clashes) throws Exception {
        DefaultMQPushConsumer consumer = world.pushConsumer("group");
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            if (!inWork.add(context.getMessageQueue())) {
                clashes.add(context.getMessageQueue().toString());
            }
            inbox.put(messages);
            inWork.remove(context.getMessageQueue());
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    /** A repeated message is allowed when a queue changes hands; a first one out of turn is not. */
    private static void expectOrderPerQueue(List<MessageExt> arrived) {
        Map<Integer, Long> highest = new TreeMap<>();
        for (MessageExt message : arrived) {
            long before = highest.getOrDefault(message.getQueueId(), -1L);
            long now = message.getQueueOffset();
            boolean primerMissing = before == -1 && message.getQueueId() == 0 && now == 1;
            Expect.that(now <= before + 1 || primerMissing, "queue " + message.getQueueId()
                + " went on from offset " + before + " to " + now);
            highest.put(message.getQueueId(), Math.max(before, now));
        }
    }
}

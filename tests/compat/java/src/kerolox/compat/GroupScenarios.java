// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.message.MessageQueue;

/** Several consumers of one group: the broker knows them all and tells them of each other. */
final class GroupScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("two_consumers_share_then_one_leaves", GroupScenarios::shareAndLeave));

    private GroupScenarios() {}

    private static void shareAndLeave(World world) throws Exception {
        String topic = world.topic("all");
        Inbox first = new Inbox();
        Inbox second = new Inbox();
        DefaultMQPushConsumer stays = world.collect("group", topic, first);
        DefaultMQPushConsumer leaves = world.collect("group", topic, second);
        Await.until("both consumers own two queues, no queue in common", () -> {
            Set<MessageQueue> union = new HashSet<>(owned(stays, topic));
            union.addAll(owned(leaves, topic));
            return owned(stays, topic).size() == 2 && owned(leaves, topic).size() == 2
                && union.size() == World.QUEUES;
        });

        List<String> shared = Texts.numbered("shared", 0, 80);
        world.send(topic, shared);
        Await.until("all were received by one or the other", () -> {
            Set<String> received = new HashSet<>(first.bodies());
            received.addAll(second.bodies());
            return received.containsAll(shared);
        });
        Expect.that(first.size() > 0 && second.size() > 0, "both consumers had work");

        leaves.shutdown();
        Await.until("the one that stayed owns all queues", () ->
            owned(stays, topic).size() == World.QUEUES);
        List<String> later = Texts.numbered("later", 0, 40);
        world.send(topic, later);
        first.awaitBodies(later);
    }

    static Set<MessageQueue> owned(DefaultMQPushConsumer consumer, String topic) {
        return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable()
            .keySet().stream().filter(queue -> queue.getTopic().equals(topic))
            .collect(Collectors.toSet());
    }
}

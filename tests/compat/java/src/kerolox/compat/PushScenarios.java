// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;

/** The push consumer: pulling, filtering, progress, waking up. */
final class PushScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.core("push_concurrent", PushScenarios::concurrent),
        Scenario.core("push_tag_filter", PushScenarios::tagFilter),
        Scenario.core("push_broadcast", PushScenarios::broadcast),
        Scenario.core("offsets_survive_restart_of_consumer", PushScenarios::offsetsSurvive),
        Scenario.full("new_group_on_young_topic_starts_at_zero", PushScenarios::youngTopic),
        Scenario.full("two_topics_one_consumer", PushScenarios::twoTopics),
        Scenario.timed("long_poll_wakes_at_once", PushScenarios::longPoll));

    private static final long WAKE_LIMIT_MS = 700;

    private PushScenarios() {}

    private static void concurrent(World world) throws Exception {
        String topic = world.topic("all");
        Inbox inbox = new Inbox();
        DefaultMQPushConsumer consumer = world.collect("group", topic, inbox);
        List<String> bodies = Texts.numbered("pushed", 0, 100);
        world.send(topic, bodies);
        inbox.awaitExactly(bodies);
        world.persistProgress(consumer, topic, bodies.size() + 1);
        consumer.shutdown();
        world.awaitProgress("group", topic, bodies.size() + 1);
    }

    private static void tagFilter(World world) throws Exception {
        String topic = world.topic("all");
        Inbox some = new Inbox();
        DefaultMQPushConsumer consumer = world.pushConsumer("some");
        consumer.subscribe(topic, "TagA || 标签");
        consumer.registerMessageListener(World.into(some));
        consumer.start();
        List<String> wanted = new ArrayList<>();
        List<String> all = new ArrayList<>();
        String[] tags = {"TagA", "TagB", "标签", null};
        for (int i = 0; i < 40; i++) {
            String tag = tags[i % tags.length];
            String body = tag + " " + i;
            all.add(body);
            if ("TagA".equals(tag) || "标签".equals(tag)) {
                wanted.add(body);
            }
            world.producer().send(Texts.message(topic, tag, "key" + i, body));
        }
        Inbox everything = new Inbox();
        world.collect("everything", topic, everything);
        everything.awaitExactly(all);
        some.awaitExactly(wanted);
        for (MessageExt message : some.all()) {
            Expect.that(Texts.body(message).startsWith(message.getTags()), "tag fits the body");
        }
    }

    private static void broadcast(World world) throws Exception {
        String topic = world.topic("all");
        List<Inbox> inboxes = List.of(new Inbox(), new Inbox());
        for (Inbox inbox : inboxes) {
            DefaultMQPushConsumer consumer = world.pushConsumer("group");
            consumer.setMessageModel(MessageModel.BROADCASTING);
            consumer.subscribe(topic, "*");
            consumer.registerMessageListener(World.into(inbox));
            consumer.start();
        }
        List<String> bodies = Texts.numbered("broadcast", 0, 40);
        world.send(topic, bodies);
        for (Inbox inbox : inboxes) {
            inbox.awaitExactly(bodies);
        }
    }

    private static void offsetsSurvive(World world) throws Exception {
        String topic = world.topic("all");
        List<String> before = Texts.numbered("before", 0, 20);
        world.send(topic, before);
        Inbox first = new Inbox();
        DefaultMQPushConsumer consumer = world.collect("group", topic, first);
        first.awaitExactly(before);
        world.persistProgress(consumer, topic, before.size() + 1);
        consumer.shutdown();

        List<String> meanwhile = Texts.numbered("meanwhile", 0, 20);
        world.send(topic, meanwhile);
        Inbox second = new Inbox();
        world.collect("group", topic, second);
        second.awaitExactly(meanwhile);
    }

    /** With no stored offset the broker answers 0 while a queue still has its first message. */
    private static void youngTopic(World world) throws Exception {
        String topic = world.topic("all");
        List<String> bodies = Texts.numbered("early", 0, 20);
        world.send(topic, bodies);
        Inbox inbox = new Inbox();
        DefaultMQPushConsumer consumer = world.pushConsumer("group");
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener(World.into(inbox));
        consumer.start();
        inbox.awaitExactly(bodies);
    }

    private static void twoTopics(World world) throws Exception {
        String one = world.topic("one");
        String two = world.topic("two");
        Inbox inbox = new Inbox();
        DefaultMQPushConsumer consumer = world.pushConsumer("group");
        consumer.subscribe(one, "*");
        consumer.subscribe(two, "yes");
        consumer.registerMessageListener(World.into(inbox));
        consumer.start();
        world.send(one, Texts.numbered("one", 0, 10));
        world.producer().send(Texts.message(two, "no", null, "refused"));
        world.producer().send(Texts.message(two, "yes", null, "wanted"));
        List<String> expected = Texts.numbered("one", 0, 10);
        expected.add("wanted");
        inbox.awaitExactly(expected);
        Set<String> topics = Set.of(one, two);
        inbox.all().forEach(m -> Expect.that(topics.contains(m.getTopic()), "topic of a message"));
    }

    /** Each message is sent only after the one before came: all pulls are waiting at the broker. */
    private static void longPoll(World world) throws Exception {
        String topic = world.topic("all");
        Inbox inbox = new Inbox();
        world.collect("group", topic, inbox);
        world.send(topic, Texts.numbered("warm", 0, 8));
        inbox.awaitBodies(Texts.numbered("warm", 0, 8));
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            long sent = System.nanoTime();
            world.send(topic, List.of("wake " + i));
            inbox.awaitBodies(List.of("wake " + i));
            waits.add((System.nanoTime() - sent) / 1_000_000);
        }
        waits.sort(null);
        // The slowest one or two may have met a busy machine rather than a sleeping broker.
        Expect.that(waits.get(17) < WAKE_LIMIT_MS, "messages came within ms: " + waits);
    }
}

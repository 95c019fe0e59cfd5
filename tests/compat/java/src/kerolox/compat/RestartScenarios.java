// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.MessageExt;

/** The broker goes and comes back under clients that keep running. */
final class RestartScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.restart("broker_restart_clean", world -> restart(world, "clean")),
        Scenario.restart("broker_restart_killed", world -> restart(world, "killed")));

    private static final int ACKNOWLEDGED_EACH_SIDE = 60;

    private RestartScenarios() {}

    private static void restart(World world, String how) throws Exception {
        String topic = world.topic("all");
        List<String> before = Texts.numbered("before", 0, 20);
        world.send(topic, before);
        DefaultMQPushConsumer settled = world.collect("settled", topic, new Inbox());
        world.persistProgress(settled, topic, before.size() + 1);
        settled.shutdown();

        SendResult keyed =
            world.producer().send(Texts.message(topic, "tag", "restart_key", "keyed"));

        // A server without a key index that hands over cleanly leaves these messages out of it.
        boolean indexed = LookupScenarios.servesKeyIndex(world, topic);

        Inbox live = new Inbox();
        world.collect("live", topic, live);
        live.awaitBodies(before);
        Sender sender = new Sender(world.ownProducer(), topic);
        sender.start();
        sender.awaitMore();
        world.session.restartBroker(how);
        sender.awaitMore();
        List<String> acknowledged = sender.finish();

        live.awaitBodies(acknowledged);
        expectOneMessagePerOffset(live.all());
        Inbox again = new Inbox();
        world.collect("settled", topic, again);
        again.awaitBodies(acknowledged);
        if (how.equals("clean")) {
            Set<String> repeated = new HashSet<>(again.bodies());
            repeated.retainAll(before);
            Expect.equal(Set.of(), repeated, "messages that came again to the settled group");
        }
        expectFound(world, topic, keyed, indexed);
    }

    /** A message from before is found by its place in the log, and by its key where keys are indexed. */
    private static void expectFound(World world, String topic, SendResult sent, boolean indexed)
            throws Exception {
        MessageExt viewed = world.producer().viewMessage(topic, sent.getOffsetMsgId());
        Expect.equal("keyed", Texts.body(viewed), "body of the message at its offset");
        long stored = viewed.getStoreTimestamp();
        if (!indexed || !LookupScenarios.servesKeyIndex(world, topic)) {
            return;
        }
        Await.until("the message is found by its key", () ->
            LookupScenarios.found(world, topic, "restart_key", stored).size() == 1);
    }

    private static void expectOneMessagePerOffset(List<MessageExt> arrived) {
        Map<String, String> bodyAt = new HashMap<>();
        for (MessageExt message : arrived) {
            String place = message.getQueueId() + "/" + message.getQueueOffset();
            String known = bodyAt.putIfAbsent(place, Texts.body(message));
            Expect.that(known == null || known.equals(Texts.body(message)),
                "one message at " + place + ", not both " + known + " and " + Texts.body(message));
        }
    }

    /** Sends without end and remembers what was acknowledged; a failed send is tried no more. */
    private static final class Sender extends Thread {
        private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
        private final DefaultMQProducer producer;
        private final String topic;
        private final List<String> acknowledged = new CopyOnWriteArrayList<>();
        private final AtomicBoolean wanted = new AtomicBoolean(true);

        Sender(DefaultMQProducer producer, String topic) {
            this.producer = producer;
            this.topic = topic;
            producer.setSendMsgTimeout(3000);
            setDaemon(true);
        }

        @Override
        public void run() {
            for (int i = 0; wanted.get(); i++) {
                String body = "stream " + i;
                try {
                    SendResult result = producer.send(Texts.message(topic, body));
                    if (result.getSendStatus() == SendStatus.SEND_OK) {
                        acknowledged.add(body);
                    }
                } catch (Exception e) {
                    // The broker is away: nothing was promised for this one.
                    LockSupport.parkNanos(10 * PAUSE_NANOS);
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }

        void awaitMore() throws Exception {
            int goal = acknowledged.size() + ACKNOWLEDGED_EACH_SIDE;
            Await.until("the producer has more acknowledged", () -> acknowledged.size() >= goal);
        }

        List<String> finish() throws InterruptedException {
            wanted.set(false);
            join();
            return new ArrayList<>(acknowledged);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.constant.PermName;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.ResponseCode;
import org.apache.rocketmq.remoting.protocol.admin.ConsumeStats;
import org.apache.rocketmq.remoting.protocol.admin.TopicStatsTable;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.body.ConsumerConnection;
import org.apache.rocketmq.remoting.protocol.route.QueueData;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** What the administration tool asks most. */
final class AdminScenarios {
    static final List<Scenario> ROWS = List.of(
        Scenario.full("admin_creates_topic", AdminScenarios::createTopic),
        Scenario.full("admin_forbids_reading_and_writing", AdminScenarios::forbid),
        Scenario.full("admin_deletes_topic", AdminScenarios::deleteTopic),
        Scenario.full("admin_sees_cluster", AdminScenarios::cluster),
        Scenario.full("admin_sees_topic_stats", AdminScenarios::topicStats),
        Scenario.full("admin_sees_consumer_group", AdminScenarios::consumerGroup));

    private AdminScenarios() {}

    private static void createTopic(World world) throws Exception {
        DefaultMQAdminExt admin = world.admin();
        String topic = world.name("made");
        create(admin, topic, 3, PermName.PERM_READ | PermName.PERM_WRITE);
        Await.until("the route has three queues", () -> world.queues(topic).size() == 3);
        Expect.that(admin.fetchAllTopicList().getTopicList().contains(topic), "topic is listed");
        List<String> bodies = Texts.numbered("made", 0, 9);
        world.send(topic, bodies);
        Expect.equal(new HashSet<>(bodies),
            new HashSet<>(Texts.bodies(world.read(topic, bodies.size()))), "bodies");
    }

    /** The broker itself refuses reading; against writing it only tells clients by the route. */
    private static void forbid(World world) throws Exception {
        DefaultMQAdminExt admin = world.admin();
        String topic = world.name("closed");
        create(admin, topic, 2, PermName.PERM_READ | PermName.PERM_WRITE);
        Await.until("the topic has a route", () -> world.queues(topic).size() == 2);
        MessageQueue queue = world.queues(topic).get(0);
        world.send(queue, List.of("allowed"));
        Expect.equal(List.of("allowed"), Texts.bodies(world.read(topic, 1)), "bodies");

        create(admin, topic, 2, PermName.PERM_WRITE);
        Expect.refused(ResponseCode.NO_PERMISSION, "pulling message is forbidden", () ->
            world.session.reader().pull(queue, "*", 0, 1));
        create(admin, topic, 2, PermName.PERM_READ);
        Await.until("the route says that the topic is closed to writers", () -> {
            QueueData data = admin.examineTopicRouteInfo(topic).getQueueDatas().get(0);
            return data.getPerm() == PermName.PERM_READ;
        });
        Expect.equal(1, world.session.reader().pull(queue, "*", 0, 9).getMsgFoundList().size(),
            "messages that can be read again");
    }

    private static void deleteTopic(World world) throws Exception {
        DefaultMQAdminExt admin = world.admin();
        String topic = world.name("doomed");
        create(admin, topic, 2, PermName.PERM_READ | PermName.PERM_WRITE);
        Await.until("the topic has a route", () -> world.queues(topic).size() == 2);
        admin.deleteTopicInBroker(Set.of(brokerAddress(admin)), topic);
        admin.deleteTopicInNameServer(Set.of(world.session.namesrv), topic);
        Await.until("the topic is listed no more", () ->
            !admin.fetchAllTopicList().getTopicList().contains(topic));
    }

    private static void cluster(World world) throws Exception {
        DefaultMQAdminExt admin = world.admin();
        ClusterInfo cluster = admin.examineBrokerClusterInfo();
        Expect.equal(Set.of("DefaultCluster"), cluster.getClusterAddrTable().keySet(), "clusters");
        Expect.equal(Set.of("broker-a"), cluster.getBrokerAddrTable().keySet(), "brokers");
        Expect.that(admin.fetchBrokerRuntimeStats(brokerAddress(admin)).getTable()
            .containsKey("brokerVersionDesc"), "runtime statistics name the version");
    }

    private static void topicStats(World world) throws Exception {
        String topic = world.topic("all");
        world.send(topic, Texts.numbered("counted", 0, 15));
        DefaultMQAdminExt admin = world.admin();
        Await.until("sixteen messages are counted in four queues", () -> {
            TopicStatsTable stats = admin.examineTopicStats(topic);
            return stats.getOffsetTable().size() == World.QUEUES && stats.getOffsetTable().values()
                .stream().mapToLong(one -> one.getMaxOffset() - one.getMinOffset()).sum() == 16;
        });
    }

    private static void consumerGroup(World world) throws Exception {
        String topic = world.topic("all");
        Inbox inbox = new Inbox();
        DefaultMQPushConsumer consumer = world.collect("group", topic, inbox);
        world.send(topic, Texts.numbered("seen", 0, 10));
        inbox.awaitBodies(Texts.numbered("seen", 0, 10));
        DefaultMQAdminExt admin = world.admin();
        ConsumerConnection connection = admin.examineConsumerConnectionInfo(world.name("group"));
        Expect.equal(1, connection.getConnectionSet().size(), "connections of the group");
        Expect.that(connection.getSubscriptionTable().containsKey(topic), "subscription is known");
        world.persistProgress(consumer, topic, 11);
        Await.until("the group has consumed all", () -> {
            ConsumeStats stats = admin.examineConsumeStats(world.name("group"));
            return stats.computeTotalDiff() == 0
                && stats.getOffsetTable().keySet().containsAll(world.queues(topic));
        });
    }

    private static void create(DefaultMQAdminExt admin, String topic, int queues, int permissions)
            throws Exception {
        TopicConfig config = new TopicConfig(topic, queues, queues, permissions);
        admin.createAndUpdateTopicConfig(brokerAddress(admin), config);
    }

    private static String brokerAddress(DefaultMQAdminExt admin) throws Exception {
        return admin.examineBrokerClusterInfo().getBrokerAddrTable().get("broker-a")
            .selectBrokerAddr();
    }
}

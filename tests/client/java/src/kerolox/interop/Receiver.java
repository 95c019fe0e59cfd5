// SPDX-License-Identifier: Apache-2.0
package kerolox.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.rocketmq.client.consumer.AllocateMessageQueueStrategy;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMachineRoomNearby;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragelyByCircle;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueByConfig;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueByMachineRoom;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueConsistentHash;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;

/** A push consumer of the Java client. */
final class Receiver {
    private final DefaultMQPushConsumer consumer;
    private final DefaultMQProducer replier;
    private final String topic;
    private final List<MessageExt> messages = new ArrayList<>();

    Receiver(String namesrv, String id, String group, String topic, Options options)
            throws Exception {
        this.topic = topic;
        consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setPollNameServerInterval(1000);
        consumer.setHeartbeatBrokerInterval(1000);
        consumer.setMqClientApiTimeout(15_000);
        consumer.setClientIP("127.0.0.1");
        consumer.setInstanceName(options.get("instance", id));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setAllocateMessageQueueStrategy(strategy(options, topic));
        if (options.has("broadcasting")) {
            consumer.setMessageModel(MessageModel.BROADCASTING);
        }
        consumer.subscribe(topic, options.get("tags", "*"));
        replier = options.has("replies") ? replier(namesrv, id) : null;
        if (options.has("orderly")) {
            consumer.setMessageListener((MessageListenerOrderly) (batch, context) -> {
                take(batch);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            consumer.setMessageListener((MessageListenerConcurrently) (batch, context) -> {
                take(batch);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        consumer.start();
    }

    /** "broker-a:0,broker-a:1" */
    String queues() {
        Set<MessageQueue> owned =
            consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet();
        return owned.stream().filter(queue -> queue.getTopic().equals(topic))
            .map(queue -> queue.getBrokerName() + ":" + queue.getQueueId()).sorted()
            .collect(Collectors.joining(","));
    }

    /** "text;tag;keys;property p;queue" of each, joined by blanks; texts have none. */
    synchronized String messages() {
        return messages.stream().map(message -> String.join(";", new String(message.getBody(),
            StandardCharsets.UTF_8), or(message.getTags()), or(message.getKeys()),
            or(message.getUserProperty("p")), String.valueOf(message.getQueueId())))
            .collect(Collectors.joining(" "));
    }

    void close() {
        consumer.shutdown();
        if (replier != null) {
            replier.shutdown();
        }
    }

    private static String or(String text) {
        return text == null ? "" : text.replace(' ', '+');
    }

    private synchronized void take(List<MessageExt> batch) {
        messages.addAll(batch);
        if (replier == null) {
            return;
        }
        for (MessageExt message : batch) {
            try {
                byte[] answer = ("answer:" + new String(message.getBody())).getBytes();
                Message reply = MessageUtil.createReplyMessage(message, answer);
                replier.send(reply, 5000);
            } catch (Exception e) {
                e.printStackTrace();
            }
        }
    }

    private static DefaultMQProducer replier(String namesrv, String id) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("replier_" + id);
        producer.setNamesrvAddr(namesrv);
        producer.start();
        return producer;
    }

    private static AllocateMessageQueueStrategy strategy(Options options, String topic) {
        switch (options.get("strategy", "average")) {
            case "circle":
                return new AllocateMessageQueueAveragelyByCircle();
            case "hash":
                return new AllocateMessageQueueConsistentHash();
            case "fixed": {
                AllocateMessageQueueByConfig fixed = new AllocateMessageQueueByConfig();
                List<MessageQueue> mine = new ArrayList<>();
                for (String id : options.get("queues", "").split(",")) {
                    mine.add(new MessageQueue(topic, "broker-a", Integer.parseInt(id)));
                }
                fixed.setMessageQueueList(mine);
                return fixed;
            }
            case "room": {
                AllocateMessageQueueByMachineRoom room = new AllocateMessageQueueByMachineRoom();
                room.setConsumeridcs(Set.of("room1"));
                return room;
            }
            case "nearby":
                return new AllocateMachineRoomNearby(new AllocateMessageQueueAveragely(),
                    new AllocateMachineRoomNearby.MachineRoomResolver() {
                        @Override
                        public String brokerDeployIn(MessageQueue queue) {
                            return "here";
                        }

                        @Override
                        public String consumerDeployIn(String client) {
                            return "here";
                        }
                    });
            default:
                return new AllocateMessageQueueAveragely();
        }
    }
}

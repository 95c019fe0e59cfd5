// SPDX-License-Identifier: Apache-2.0
package kerolox.interop;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.compression.CompressorFactory;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/** Producers of the Java client. */
final class Senders {
    private static final int TIMEOUT_MS = 15_000;
    private static final int COMPRESS_FROM = 1000;

    private final String namesrv;
    private final AtomicInteger made = new AtomicInteger();
    private DefaultMQProducer plain;

    Senders(String namesrv) {
        this.namesrv = namesrv;
    }

    /** Texts "PREFIX-0" and so on; `pad` makes them longer. */
    String send(String topic, String prefix, int count, Options options) throws Exception {
        DefaultMQProducer producer = producer(options);
        for (int i = 0; i < count; i++) {
            String text = prefix + "-" + i + "x".repeat(Integer.parseInt(options.get("pad", "0")));
            Message message = new Message(topic, text.getBytes(StandardCharsets.UTF_8));
            if (options.has("tag")) {
                message.setTags(options.get("tag", ""));
            }
            if (options.has("keys")) {
                message.setKeys(options.get("keys", ""));
            }
            if (options.has("property")) {
                message.putUserProperty("p", options.get("property", ""));
            }
            if (options.has("delay")) {
                message.setDelayTimeLevel(Integer.parseInt(options.get("delay", "0")));
            }
            if (options.has("shard")) {
                producer.send(message, new SelectMessageQueueByHash(), options.get("shard", ""));
            } else {
                producer.send(message);
            }
        }
        return "ok";
    }

    String batch(String topic, String prefix, int count) throws Exception {
        List<Message> messages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            messages.add(new Message(topic, "tag" + i % 2, (prefix + "-" + i).getBytes()));
        }
        plain().send(messages);
        return "ok";
    }

    /** Asks, and gives what somebody replied. */
    String request(String topic, String text) throws Exception {
        org.apache.rocketmq.common.message.Message reply =
            plain().request(new Message(topic, text.getBytes(StandardCharsets.UTF_8)), TIMEOUT_MS);
        return "ok " + new String(reply.getBody(), StandardCharsets.UTF_8);
    }

    /** A half message left undecided by a producer that then goes: another member is asked. */
    String half(String group, String topic, String text) throws Exception {
        TransactionMQProducer producer = transactional(group, LocalTransactionState.UNKNOW);
        producer.sendMessageInTransaction(new Message(topic, text.getBytes()), null);
        producer.shutdown();
        return "ok";
    }

    /** A member of the group that commits whatever it is asked about. */
    String check(String group, String topic) throws Exception {
        // Its heartbeats go to brokers it has a route of, and to no others.
        transactional(group, LocalTransactionState.COMMIT_MESSAGE).getDefaultMQProducerImpl()
                .getMqClientFactory().updateTopicRouteInfoFromNameServer(topic);
        return "ok";
    }

    private TransactionMQProducer transactional(String group, LocalTransactionState whenAsked)
            throws Exception {
        TransactionMQProducer producer = new TransactionMQProducer(group);
        producer.setNamesrvAddr(namesrv);
        producer.setSendMsgTimeout(TIMEOUT_MS);
        producer.setHeartbeatBrokerInterval(1000);
        producer.setInstanceName("tx" + made.incrementAndGet());
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object arg) {
                return LocalTransactionState.UNKNOW;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return whenAsked;
            }
        });
        producer.start();
        return producer;
    }

    private DefaultMQProducer producer(Options options) throws Exception {
        if (!options.has("compress")) {
            return plain();
        }
        DefaultMQProducer producer = make();
        producer.setCompressMsgBodyOverHowmuch(COMPRESS_FROM);
        CompressionType type = CompressionType.of(options.get("compress", "ZLIB"));
        producer.setCompressType(type);
        producer.getDefaultMQProducerImpl();
        CompressorFactory.getCompressor(type);
        return producer;
    }

    private synchronized DefaultMQProducer plain() throws Exception {
        if (plain == null) {
            plain = make();
        }
        return plain;
    }

    private DefaultMQProducer make() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("interop_java_" + made.incrementAndGet());
        producer.setNamesrvAddr(namesrv);
        producer.setSendMsgTimeout(TIMEOUT_MS);
        producer.setPollNameServerInterval(1000);
        producer.setMqClientApiTimeout(15_000);
        producer.start();
        return producer;
    }
}

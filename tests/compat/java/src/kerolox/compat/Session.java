// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;

/** What all scenarios share: the servers' address, one producer, one reader, the orchestrator. */
final class Session {
    /** The client's own default of 30 s would make every wait for a route that long. */
    private static final int ROUTE_POLL_MS = 1000;
    /** A machine busy with other builds may keep even a small question waiting. */
    private static final int ANSWER_TIMEOUT_MS = 15_000;

    final String namesrv;
    final String run;
    private final BufferedReader orchestrator =
        new BufferedReader(new InputStreamReader(System.in));
    private DefaultMQProducer producer;
    private DefaultMQPullConsumer reader;

    Session(String namesrv, String run) {
        this.namesrv = namesrv;
        this.run = run;
    }

    synchronized DefaultMQProducer producer() throws MQClientException {
        if (producer == null) {
            producer = newProducer("compat_producer_" + run);
        }
        return producer;
    }

    DefaultMQProducer newProducer(String group) throws MQClientException {
        DefaultMQProducer made = new DefaultMQProducer(group);
        configure(made);
        made.setSendMsgTimeout(ANSWER_TIMEOUT_MS);
        made.start();
        return made;
    }

    /** Reads queues as they are, by offset, without a group's progress getting in the way. */
    synchronized DefaultMQPullConsumer reader() throws MQClientException {
        if (reader == null) {
            reader = new DefaultMQPullConsumer("compat_reader_" + run);
            configure(reader);
            reader.start();
        }
        return reader;
    }

    void configure(ClientConfig client) {
        client.setNamesrvAddr(namesrv);
        client.setPollNameServerInterval(ROUTE_POLL_MS);
        client.setMqClientApiTimeout(ANSWER_TIMEOUT_MS);
    }

    /** Has whoever started us restart the broker; returns when it is ready again. */
    void restartBroker(String how) throws IOException {
        System.out.println("RESTART " + how);
        System.out.flush();
        String answer = orchestrator.readLine();
        Expect.equal("restarted", answer, "the orchestrator's answer");
    }
}

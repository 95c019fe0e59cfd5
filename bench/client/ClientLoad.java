// SPDX-License-Identifier: Apache-2.0
// The loads of bench/client/run.py with the unmodified Java client. Same arguments and same output
// as client_load.cc.
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

public class ClientLoad {
    static final Map<String, String> options = new HashMap<>();
    static final OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    static long number(String name, long otherwise) {
        return options.containsKey(name) ? Long.parseLong(options.get(name)) : otherwise;
    }

    public static void main(String[] args) throws Exception {
        String mode = args[0];
        for (int i = 1; i + 1 < args.length; i += 2) options.put(args[i].substring(2), args[i + 1]);
        switch (mode) {
            case "sync": sync(); break;
            case "async": async(); break;
            case "oneway": oneway(); break;
            case "consume": consume(); break;
            case "latency": latency(); break;
            default: throw new IllegalArgumentException(mode);
        }
        System.exit(0);
    }

    static DefaultMQProducer producer() throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("client-bench");
        producer.setNamesrvAddr(options.get("namesrv"));
        producer.start();
        return producer;
    }

    static Message message(byte[] body) {
        return new Message(options.get("topic"), body);
    }

    /** Warms up, then measures: every mode counts what happened in the measured stretch. */
    static class Meter {
        final long warmupNs = number("warmup", 3) * 1_000_000_000L;
        final long lengthNs = number("seconds", 5) * 1_000_000_000L;
        final long begin = System.nanoTime() + warmupNs;
        final long end = begin + lengthNs;
        final AtomicLong count = new AtomicLong();
        final AtomicLong failed = new AtomicLong();
        final long[] samples = new long[4_000_000];
        final AtomicInteger sampled = new AtomicInteger();
        long cpuAtBegin = -1;
        long cpuAtEnd = -1;

        Meter() {
            Thread watch = new Thread(() -> {
                sleepUntil(begin);
                cpuAtBegin = system.getProcessCpuTime();
                sleepUntil(end);
                cpuAtEnd = system.getProcessCpuTime();
            });
            watch.setDaemon(true);
            watch.start();
        }
        boolean over() { return System.nanoTime() >= end; }
        void done(long startedNs) {
            long now = System.nanoTime();
            if (now < begin || now >= end) return;
            count.incrementAndGet();
            if (startedNs == 0) return;
            int at = sampled.getAndIncrement();
            if (at < samples.length) samples[at] = now - startedNs;
        }
        void report() throws Exception {
            sleepUntil(end + 200_000_000L);
            int n = Math.min(sampled.get(), samples.length);
            long[] sorted = Arrays.copyOf(samples, n);
            Arrays.sort(sorted);
            double seconds = lengthNs / 1e9;
            System.out.printf("{\"count\": %d, \"failed\": %d, \"seconds\": %.3f, "
                + "\"cpu_seconds\": %.4f, \"rss_kib\": %d, \"p50_us\": %.1f, \"p99_us\": %.1f, "
                + "\"p999_us\": %.1f}%n", count.get(), failed.get(), seconds,
                (cpuAtEnd - cpuAtBegin) / 1e9, rssKib(), at(sorted, 0.5), at(sorted, 0.99),
                at(sorted, 0.999));
        }
        static double at(long[] sorted, double share) {
            if (sorted.length == 0) return 0;
            return sorted[(int) Math.min(sorted.length - 1, sorted.length * share)] / 1e3;
        }
    }

    static void sleepUntil(long ns) {
        while (true) {
            long left = ns - System.nanoTime();
            if (left <= 0) return;
            LockSupport.parkNanos(left);
        }
    }

    static long rssKib() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status")))
            if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("[^0-9]", ""));
        return 0;
    }

    static void sync() throws Exception {
        DefaultMQProducer producer = producer();
        byte[] body = new byte[(int) number("size", 128)];
        Arrays.fill(body, (byte) 'x');
        Meter meter = new Meter();
        Thread[] threads = new Thread[(int) number("threads", 1)];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                while (!meter.over()) {
                    long started = System.nanoTime();
                    try {
                        producer.send(message(body));
                        meter.done(started);
                    } catch (Exception e) {
                        meter.failed.incrementAndGet();
                    }
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) thread.join();
        meter.report();
    }

    static void async() throws Exception {
        DefaultMQProducer producer = producer();
        byte[] body = new byte[(int) number("size", 128)];
        Arrays.fill(body, (byte) 'x');
        Semaphore window = new Semaphore((int) number("inflight", 256));
        Meter meter = new Meter();
        while (!meter.over()) {
            window.acquire();
            long started = System.nanoTime();
            producer.send(message(body), new SendCallback() {
                public void onSuccess(SendResult result) {
                    window.release();
                    meter.done(started);
                }
                public void onException(Throwable e) {
                    window.release();
                    meter.failed.incrementAndGet();
                }
            });
        }
        meter.report();
    }

    static void oneway() throws Exception {
        DefaultMQProducer producer = producer();
        byte[] body = new byte[(int) number("size", 128)];
        Arrays.fill(body, (byte) 'x');
        Meter meter = new Meter();
        while (!meter.over()) {
            try {
                producer.sendOneway(message(body));
                meter.done(0);
            } catch (Exception e) {
                meter.failed.incrementAndGet();
            }
        }
        meter.report();
    }

    static DefaultMQPushConsumer consumer(String group, ConsumeFromWhere from,
                                          MessageListenerConcurrently listener) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(options.get("namesrv"));
        consumer.setConsumeFromWhere(from);
        consumer.setConsumeMessageBatchMaxSize((int) number("batch", 1));
        consumer.subscribe(options.get("topic"), "*");
        consumer.registerMessageListener(listener);
        return consumer;
    }

    /** Reads what is there from the start: --count messages, the first --skip not measured. */
    static void consume() throws Exception {
        long skip = number("skip", 0);
        long wanted = number("count", 0);
        AtomicLong seen = new AtomicLong();
        AtomicLong beginNs = new AtomicLong();
        AtomicLong beginCpu = new AtomicLong();
        Semaphore finished = new Semaphore(0);
        long[] end = new long[2];
        DefaultMQPushConsumer consumer = consumer("client-bench-" + System.nanoTime(),
            ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET, (messages, context) -> {
                long before = seen.getAndAdd(messages.size());
                long after = before + messages.size();
                if (before <= skip && after > skip) {
                    beginNs.set(System.nanoTime());
                    beginCpu.set(system.getProcessCpuTime());
                }
                if (before < wanted && after >= wanted) {
                    end[0] = System.nanoTime();
                    end[1] = system.getProcessCpuTime();
                    finished.release();
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        consumer.start();
        finished.acquire();
        System.out.printf("{\"count\": %d, \"failed\": 0, \"seconds\": %.4f, \"cpu_seconds\": %.4f, "
            + "\"rss_kib\": %d}%n", wanted - skip, (end[0] - beginNs.get()) / 1e9,
            (end[1] - beginCpu.get()) / 1e9, rssKib());
    }

    static void latency() throws Exception {
        DefaultMQProducer producer = producer();
        Meter meter = new Meter();
        long stamp = System.nanoTime();
        DefaultMQPushConsumer consumer = consumer("client-bench-" + stamp,
            ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET, (messages, context) -> {
                for (MessageExt one : messages) {
                    ByteBuffer body = ByteBuffer.wrap(one.getBody());
                    if (body.remaining() >= 16 && body.getLong() == stamp) meter.done(body.getLong());
                }
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        consumer.start();
        double rate = number("rate", 1000);
        int size = (int) Math.max(16, number("size", 128));
        long first = System.nanoTime();
        for (long i = 0; !meter.over(); i++) {
            long due = first + (long) (i * 1e9 / rate);
            sleepUntil(due);
            byte[] body = new byte[size];
            ByteBuffer.wrap(body).putLong(stamp).putLong(due);
            producer.send(message(body), new SendCallback() {
                public void onSuccess(SendResult result) { }
                public void onException(Throwable e) { meter.failed.incrementAndGet(); }
            });
        }
        meter.report();
    }
}

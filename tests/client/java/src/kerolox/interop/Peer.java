// SPDX-License-Identifier: Apache-2.0
package kerolox.interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The Java client as a partner of the C++ suite: a line server, one command a connection.
 *
 * <pre>Peer NAMESRV</pre>
 *
 * Prints the port it listens on. Answers "ok", "ok TEXT" or "error TEXT".
 */
public final class Peer {
    private final Senders senders;
    private final String namesrv;
    private final Map<String, Receiver> receivers = new ConcurrentHashMap<>();

    private Peer(String namesrv) {
        this.namesrv = namesrv;
        this.senders = new Senders(namesrv);
    }

    public static void main(String[] args) throws Exception {
        Peer peer = new Peer(args[0]);
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            System.out.println(server.getLocalPort());
            System.out.flush();
            while (true) {
                Socket socket = server.accept();
                Thread thread = new Thread(() -> peer.serve(socket));
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    private void serve(Socket socket) {
        try (socket;
            BufferedReader in = new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            PrintStream out = new PrintStream(socket.getOutputStream(), true, "UTF-8")) {
            String line = in.readLine();
            String answer;
            try {
                answer = obey(line.split(" "));
            } catch (Exception e) {
                e.printStackTrace();
                answer = "error " + String.valueOf(e).lines().findFirst().orElse("");
            }
            out.print(answer + "\n");
            out.flush();
        } catch (Exception e) {
            e.printStackTrace();
        }
    }

    private String obey(String[] words) throws Exception {
        List<String> rest = Arrays.asList(words).subList(1, words.length);
        switch (words[0]) {
            case "send":
                return senders.send(rest.get(0), rest.get(1), Integer.parseInt(rest.get(2)),
                    Options.of(rest.subList(3, rest.size())));
            case "batch":
                return senders.batch(rest.get(0), rest.get(1), Integer.parseInt(rest.get(2)));
            case "request":
                return senders.request(rest.get(0), rest.get(1));
            case "half":
                return senders.half(rest.get(0), rest.get(1), rest.get(2));
            case "check":
                return senders.check(rest.get(0), rest.get(1));
            case "consume":
                receivers.put(rest.get(0), new Receiver(namesrv, rest.get(0), rest.get(1),
                    rest.get(2), Options.of(rest.subList(3, rest.size()))));
                return "ok";
            case "queues":
                return "ok " + receivers.get(rest.get(0)).queues();
            case "messages":
                return "ok " + receivers.get(rest.get(0)).messages();
            case "close":
                receivers.remove(rest.get(0)).close();
                return "ok";
            default:
                return "error no such command: " + words[0];
        }
    }
}

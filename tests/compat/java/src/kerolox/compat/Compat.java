// SPDX-License-Identifier: Apache-2.0
package kerolox.compat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Proves that the unmodified Java client works against a name server and its broker.
 *
 * <pre>Compat NAMESRV RUN core|all|restart [SUBSTRING]</pre>
 *
 * Prints one line a scenario: PASS name, FAIL name: reason, LATER name: what is not served yet. Exit code 1 when any failed.
 * Most scenarios wait more than they work, so a few run at once; each has its own names.
 */
public final class Compat {
    private static final int AT_ONCE = 3;
    private static final int SCENARIO_LIMIT_S = 150;
    private static final int RESTART_LIMIT_S = 300;

    private final Session session;
    private final AtomicInteger failed = new AtomicInteger();
    // A scenario that hangs keeps its thread; it must not keep those after it from starting.
    private final ExecutorService bodies = Executors.newCachedThreadPool();

    private Compat(Session session) {
        this.session = session;
    }

    public static void main(String[] args) throws Exception {
        String only = args.length > 3 ? args[3] : "";
        List<Scenario> chosen = new ArrayList<>();
        for (Scenario scenario : everything()) {
            if (scenario.name().contains(only) && belongs(scenario.kind(), args[2])) {
                chosen.add(scenario);
            }
        }
        if (chosen.isEmpty()) {
            System.exit(0);
        }
        Compat compat = new Compat(new Session(args[0], args[1]));
        compat.run(chosen);
        System.exit(compat.failed.get() == 0 ? 0 : 1);
    }

    private static List<Scenario> everything() {
        List<Scenario> all = new ArrayList<>();
        all.addAll(SendScenarios.ROWS);
        all.addAll(BodyScenarios.ROWS);
        all.addAll(PushScenarios.ROWS);
        all.addAll(OrderScenarios.ROWS);
        all.addAll(GroupScenarios.ROWS);
        all.addAll(PullScenarios.ROWS);
        all.addAll(LitePullScenarios.ROWS);
        all.addAll(LookupScenarios.ROWS);
        all.addAll(AdminScenarios.ROWS);
        all.addAll(RefusalScenarios.ROWS);
        all.addAll(RestartScenarios.ROWS);
        return all;
    }

    private static boolean belongs(Scenario.Kind kind, String group) {
        return switch (group) {
            case "core" -> kind == Scenario.Kind.CORE;
            case "restart" -> kind == Scenario.Kind.RESTART;
            default -> true;
        };
    }

    private void run(List<Scenario> chosen) throws Exception {
        ExecutorService beside = Executors.newFixedThreadPool(AT_ONCE);
        List<Future<?>> running = new ArrayList<>();
        List<Scenario> alone = new ArrayList<>();
        for (Scenario scenario : chosen) {
            if (scenario.kind() == Scenario.Kind.CORE || scenario.kind() == Scenario.Kind.FULL) {
                running.add(beside.submit(() -> judge(scenario)));
            } else {
                alone.add(scenario);
            }
        }
        for (Future<?> one : running) {
            one.get();
        }
        alone.forEach(this::judge);
    }

    private void judge(Scenario scenario) {
        boolean restarts = scenario.kind() == Scenario.Kind.RESTART;
        int limit = restarts ? RESTART_LIMIT_S : SCENARIO_LIMIT_S;
        long started = System.nanoTime();
        Future<Void> body = bodies.submit(() -> {
            try (World world = new World(session, scenario.name())) {
                scenario.body().run(world);
            }
            return null;
        });
        try {
            body.get(limit, TimeUnit.SECONDS);
            long millis = (System.nanoTime() - started) / 1_000_000;
            say(String.format("PASS %s (%.1f s)", scenario.name(), millis / 1000.0));
        } catch (TimeoutException e) {
            body.cancel(true);
            fail(scenario, "not done in " + limit + " s");
        } catch (Exception e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof Later) {
                say("LATER " + scenario.name() + ": " + cause.getMessage());
                return;
            }
            cause.printStackTrace();
            fail(scenario, firstLine(cause));
        }
    }

    private void fail(Scenario scenario, String reason) {
        failed.incrementAndGet();
        say("FAIL " + scenario.name() + ": " + reason);
    }

    private static String firstLine(Throwable cause) {
        String kind = cause.getClass().getSimpleName();
        String text = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        return cause instanceof AssertionError ? text : kind + ": " + text;
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}

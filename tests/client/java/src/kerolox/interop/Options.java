// SPDX-License-Identifier: Apache-2.0
package kerolox.interop;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Words "name=value" of a command. */
final class Options {
    private final Map<String, String> values = new HashMap<>();

    static Options of(List<String> words) {
        Options options = new Options();
        for (String word : words) {
            int equals = word.indexOf('=');
            options.values.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return options;
    }

    String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    boolean has(String name) {
        return values.containsKey(name);
    }
}

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Starts `kerolox dev`, sends ten messages and receives them, tells how to go on, serves until Ctrl-C.
set -euo pipefail
kerolox=$1
data=${KEROLOX_DATA:-kerolox-data}
rm -f "$data/endpoints.json"

"$kerolox" dev --data "$data" &
server=$!
stop() { kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; exit 0; }
trap stop INT TERM

for _ in $(seq 200); do
    [ -s "$data/endpoints.json" ] && break
    kill -0 "$server" 2>/dev/null || exit 1  # it said why
    sleep 0.05
done
field() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$data/endpoints.json" "$1"; }
namesrv=$(field namesrv)

run_id=$(date +%H%M%S)
echo
echo "Ten messages through 'kerolox produce Demo':"
seq -f "message %g of run $run_id" 1 10 | "$kerolox" produce Demo -n "$namesrv"
echo "... and back through 'kerolox consume Demo':"
"$kerolox" consume Demo -n "$namesrv" -g "demo-$run_id" --from :start -e -f '  queue %q offset %o: %s\n' \
    | grep "of run $run_id" | sort -t' ' -k8n

cat <<USAGE

Use it:
  command line  $kerolox consume Demo -n $namesrv        (and: echo hello | $kerolox produce Demo -n $namesrv)
  Java          new DefaultMQProducer("group").setNamesrvAddr("$namesrv")
  Go            producer.WithNsResolver(primitive.NewPassthroughResolver([]string{"$namesrv"}))
Serving. Ctrl-C stops it.
USAGE
wait "$server"

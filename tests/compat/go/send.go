// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/primitive"
)

var sendScenarios = []scenario{
	{"sync_send", syncSend},
	{"async_send", asyncSend},
	{"oneway_send", onewaySend},
	{"batch_send", batchSend},
	{"tags_keys_properties", tagsKeysProperties},
	{"compressed_body", compressedBody},
	{"body_over_the_limit", bodyOverTheLimit},
}

// The topic does not exist before: the first send makes it.
func syncSend(w *world) {
	topic, by := w.name("new"), w.producer()
	bodies := numbered("sync", 0, 12)
	next := map[int]int64{}
	for _, body := range bodies {
		result := send(by, text(topic, body))
		id := result.MessageQueue.QueueId
		expectEqual(next[id], result.QueueOffset, "queue offset")
		expectEqual(32, len(result.OffsetMsgID), "length of an IPv4 offset id")
		next[id]++
	}
	w.awaitRoute(topic)
	w.read(topic, bodies)
}

func asyncSend(w *world) {
	topic, by := w.topic("all"), w.producer()
	bodies := numbered("async", 0, 60)
	var answered sync.WaitGroup
	refused := make(chan error, len(bodies))
	for _, body := range bodies {
		answered.Add(1)
		err := by.SendAsync(context.Background(),
			func(_ context.Context, _ *primitive.SendResult, err error) {
				if err != nil {
					refused <- err
				}
				answered.Done()
			}, text(topic, body))
		must(err, "asynchronous send")
	}
	answered.Wait()
	expect(len(refused) == 0, "no asynchronous send was refused")
	w.read(topic, bodies)
}

func onewaySend(w *world) {
	topic, by := w.topic("all"), w.producer()
	bodies := numbered("oneway", 0, 20)
	for _, body := range bodies {
		must(by.SendOneWay(context.Background(), text(topic, body)), "oneway send")
	}
	w.read(topic, bodies)
}

func batchSend(w *world) {
	topic, by := w.topic("all"), w.producer()
	bodies := numbered("batched 批", 0, 10)
	var batch []*primitive.Message
	for i, body := range bodies {
		message := text(topic, body).WithTag(fmt.Sprint("tag", i%2))
		message.WithKeys([]string{fmt.Sprint("key", i)})
		batch = append(batch, message)
	}
	result := send(by, batch...)
	for _, message := range w.read(topic, bodies) {
		i := message.QueueOffset - result.QueueOffset
		expectEqual(result.MessageQueue.QueueId, message.Queue.QueueId, "queue")
		expectEqual(bodies[i], string(message.Body), "body")
		expectEqual(fmt.Sprint("tag", i%2), message.GetTags(), "tag")
		expectEqual(fmt.Sprint("key", i), message.GetKeys(), "keys")
	}
}

func tagsKeysProperties(w *world) {
	topic, by := w.topic("all"), w.producer()
	body := "тело 正文 \x00 😀"
	message := text(topic, body).WithTag("标签").WithKeys([]string{"ключ", "key2"})
	message.WithProperty("city", "北京")
	message.Flag = 12345
	result := send(by, message)

	stored := w.read(topic, []string{body})[0]
	expectEqual("标签", stored.GetTags(), "tag")
	expectEqual("ключ key2", strings.TrimSpace(stored.GetKeys()), "keys")
	expectEqual("北京", stored.GetProperty("city"), "property")
	expectEqual(12345, stored.Flag, "flag")
	expectEqual(result.QueueOffset, stored.QueueOffset, "queue offset")
	expectEqual(result.OffsetMsgID, stored.OffsetMsgId, "offset id")
	expectEqual(topic, stored.Topic, "topic")
}

func compressedBody(w *world) {
	topic, by := w.topic("all"), w.producer()
	body := strings.Repeat("0123456789abcdef", 8192)
	send(by, text(topic, body))
	stored := w.read(topic, []string{body})[0]
	expect(int(stored.StoreSize) < len(body)/10, "stored small, not in %d bytes", stored.StoreSize)
}

func bodyOverTheLimit(w *world) {
	topic, by := w.topic("all"), w.producer()
	_, err := by.SendSync(context.Background(), primitive.NewMessage(topic, noise(5<<20)))
	expect(err != nil, "the broker refuses five megabytes")
	expect(strings.Contains(err.Error(), "the message is illegal"), "%v says why", err)
	send(by, text(topic, "small"))
	w.read(topic, []string{"small"})
}

// noise does not compress: each byte is the top of a linear congruential state.
func noise(size int) []byte {
	state, bytes := uint64(1), make([]byte, size)
	for i := range bytes {
		state = state*6364136223846793005 + 1442695040888963407
		bytes[i] = byte(state >> 56)
	}
	return bytes
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
)

var pullScenarios = []scenario{
	{"pull_from_every_status", pullFrom},
	{"pull_poll_and_acknowledge", pollAndAcknowledge},
}

func (w *world) pullConsumer(group, topic, tags string) rocketmq.PullConsumer {
	made, err := rocketmq.NewPullConsumer(
		consumer.WithNameServer(w.servers()),
		consumer.WithGroupName(w.name(group)),
		consumer.WithInstance(w.instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	)
	must(err, "new pull consumer")
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: tags}
	must(made.Subscribe(topic, selector), "subscription")
	must(made.Start(), "start of the pull consumer")
	w.clients = append(w.clients, made.Shutdown)
	return made
}

func pullFrom(w *world) {
	topic, by := w.topic("all"), w.chooser()
	from := queue(topic, 1)
	for _, body := range numbered("pulled", 0, 10) {
		message := text(topic, body)
		message.Queue = from
		send(by, message)
	}
	puller := w.pullConsumer("group", topic, "*")
	pull := func(offset int64) *primitive.PullResult {
		result, err := puller.PullFrom(context.Background(), from, offset, 4)
		must(err, "pull")
		return result
	}
	await("ten messages stand in the queue", func() bool { return pull(0).MaxOffset == 10 })

	some := pull(2)
	expectEqual(primitive.PullFound, some.Status, "status amid the queue")
	expectEqual(6, some.NextBeginOffset, "next offset")
	expectEqual(0, some.MinOffset, "min offset")
	found := some.GetMessageExts()
	expectEqual(4, len(found), "messages")
	for i, message := range found {
		expectEqual(numbered("pulled", 2, 6)[i], string(message.Body), "body")
	}

	// At the end this client always waits, 20 s; pull_wait_ends in Java covers that.
	beyond := pull(1000)
	expectEqual(primitive.PullOffsetIllegal, beyond.Status, "status beyond the end")
	expectEqual(10, beyond.NextBeginOffset, "next offset after one beyond the end")
}

func pollAndAcknowledge(w *world) {
	topic, by := w.topic("all"), w.producer()
	bodies := numbered("polled", 0, 20)
	puller := w.pullConsumer("group", topic, "*")
	sendAll(by, topic, bodies)
	got := &inbox{}
	await("poll gave all", func() bool {
		request, err := puller.Poll(context.Background(), time.Second)
		if err == nil {
			got.put(request.GetMsgList())
			puller.ACK(context.Background(), request, consumer.ConsumeSuccess)
		}
		return len(got.all()) >= len(bodies)
	})
	got.awaitExactly(bodies)
}

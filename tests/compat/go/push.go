// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/apache/rocketmq-client-go/v2/consumer"
)

var pushScenarios = []scenario{
	{"push_concurrent", pushConcurrent},
	{"push_tag_filter", pushTagFilter},
	{"push_orderly", pushOrderly},
	{"push_broadcast", pushBroadcast},
	{"offsets_survive_restart_of_consumer", offsetsSurvive},
	{"two_consumers_share_then_one_leaves", shareAndLeave},
}

func pushConcurrent(w *world) {
	topic, by, got := w.topic("all"), w.producer(), &inbox{}
	w.collect("group", topic, "*", got)
	bodies := numbered("pushed", 0, 100)
	sendAll(by, topic, bodies)
	got.awaitExactly(bodies)
}

// ASCII tags only: this client hashes UTF-8 bytes where Java hashes UTF-16 units, so that no
// broker matches other tags for it.
func pushTagFilter(w *world) {
	topic, by, some := w.topic("all"), w.producer(), &inbox{}
	w.collect("some", topic, "TagA || TagC", some)
	var wanted, all []string
	tags := []string{"TagA", "TagB", "TagC", "Other"}
	for i := 0; i < 40; i++ {
		tag := tags[i%len(tags)]
		body := fmt.Sprintf("%s %d", tag, i)
		all = append(all, body)
		if i%2 == 0 {
			wanted = append(wanted, body)
		}
		send(by, text(topic, body).WithTag(tag))
	}
	w.read(topic, all)
	some.awaitExactly(wanted)
}

func pushOrderly(w *world) {
	topic, by, got := w.topic("all"), w.chooser(), &inbox{}
	w.collect("group", topic, "*", got, consumer.WithConsumerOrder(true))
	bodies := numbered("ordered", 0, 100)
	for i, body := range bodies {
		message := text(topic, body)
		message.Queue = queue(topic, i%queuesOfTopic)
		send(by, message)
	}
	got.awaitExactly(bodies)
	last := map[int]int64{}
	for _, message := range got.all() {
		before, seen := last[message.Queue.QueueId]
		expect(!seen || message.QueueOffset == before+1, "queue %d goes on from %d to %d",
			message.Queue.QueueId, before, message.QueueOffset)
		last[message.Queue.QueueId] = message.QueueOffset
	}
}

func pushBroadcast(w *world) {
	topic, by := w.topic("all"), w.producer()
	inboxes := []*inbox{{}, {}}
	for _, one := range inboxes {
		w.collect("group", topic, "*", one, consumer.WithConsumerModel(consumer.BroadCasting))
	}
	bodies := numbered("broadcast", 0, 40)
	sendAll(by, topic, bodies)
	for _, one := range inboxes {
		one.awaitExactly(bodies)
	}
}

func offsetsSurvive(w *world) {
	topic, by, first, second := w.topic("all"), w.producer(), &inbox{}, &inbox{}
	before, meanwhile := numbered("before", 0, 20), numbered("meanwhile", 0, 20)
	sendAll(by, topic, before)
	leaving := w.collect("group", topic, "*", first)
	first.awaitExactly(before)
	must(leaving.Shutdown(), "shutdown")
	sendAll(by, topic, meanwhile)
	w.collect("group", topic, "*", second)
	second.awaitBodies(meanwhile)
	// A message under way at the shutdown may come again; the bulk must not.
	expect(len(second.all()) < len(before)+len(meanwhile), "the group went on, not began anew")
}

func shareAndLeave(w *world) {
	topic, by, first, second := w.topic("all"), w.chooser(), &inbox{}, &inbox{}
	w.collect("group", topic, "*", first)
	leaving := w.collect("group", topic, "*", second)
	// One message to each queue a round; both have half the queues once a round splits in two.
	round := 0
	await("each consumer gets two of four queues", func() bool {
		round++
		bodies := numbered(fmt.Sprint("round ", round), 0, queuesOfTopic)
		for i, body := range bodies {
			message := text(topic, body)
			message.Queue = queue(topic, i)
			send(by, message)
		}
		await("the round arrives", func() bool {
			return count(first, bodies)+count(second, bodies) >= queuesOfTopic
		})
		return count(first, bodies) == 2 && count(second, bodies) == 2
	})
	must(leaving.Shutdown(), "shutdown")
	later := numbered("later", 0, 40)
	for i, body := range later {
		message := text(topic, body)
		message.Queue = queue(topic, i%queuesOfTopic)
		send(by, message)
	}
	first.awaitBodies(later)
}

func count(in *inbox, bodies []string) int {
	found := 0
	arrived := in.bodies()
	for _, body := range bodies {
		if arrived[body] > 0 {
			found++
		}
	}
	return found
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/admin"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
)

const (
	// queuesOfTopic is what a topic made by the first send gets: the client's default.
	queuesOfTopic = 4
	// primer is sent first to make a topic; inboxes leave it out.
	primer     = "primer"
	brokerName = "broker-a"
)

var instances atomic.Int64

// world is what one scenario works with: names of its own, and clients that end with it.
type world struct {
	namesrv, run, scenario string
	clients                []func() error
}

func (w *world) close() {
	for i := len(w.clients) - 1; i >= 0; i-- {
		_ = w.clients[i]()
	}
}

func (w *world) name(what string) string {
	return fmt.Sprintf("compat_%s_%s_%s", w.scenario, what, w.run)
}

func (w *world) servers() primitive.NamesrvAddr {
	return primitive.NamesrvAddr{w.namesrv}
}

// instance keeps clients of one process apart; with equal names they would be one client.
func (w *world) instance() string {
	return fmt.Sprintf("%s_%d", w.run, instances.Add(1))
}

func (w *world) producer(options ...producer.Option) rocketmq.Producer {
	options = append([]producer.Option{
		producer.WithNameServer(w.servers()),
		producer.WithGroupName(w.name("producers")),
		producer.WithInstanceName(w.instance()),
		producer.WithSendMsgTimeout(deadline),
	}, options...)
	made, err := rocketmq.NewProducer(options...)
	must(err, "new producer")
	must(made.Start(), "start of the producer")
	w.clients = append(w.clients, made.Shutdown)
	return made
}

// chooser is a producer that sends each message to the queue named in it.
func (w *world) chooser() rocketmq.Producer {
	return w.producer(producer.WithQueueSelector(producer.NewManualQueueSelector()))
}

// topic makes a topic by a first send (queue 0, offset 0) and waits for its route.
func (w *world) topic(what string) string {
	topic := w.name(what)
	message := text(topic, primer)
	message.Queue = queue(topic, 0)
	send(w.chooser(), message)
	w.awaitRoute(topic)
	return topic
}

func (w *world) awaitRoute(topic string) {
	asks, err := admin.NewAdmin(admin.WithResolver(primitive.NewPassthroughResolver(w.servers())))
	must(err, "new admin client")
	defer asks.Close()
	await("the route of "+topic, func() bool {
		queues, err := asks.FetchPublishMessageQueues(context.Background(), topic)
		return err == nil && len(queues) == queuesOfTopic
	})
}

// pushConsumer reads each new queue from its begin; the caller subscribes and starts it.
func (w *world) pushConsumer(group string, options ...consumer.Option) rocketmq.PushConsumer {
	options = append([]consumer.Option{
		consumer.WithNameServer(w.servers()),
		consumer.WithGroupName(w.name(group)),
		consumer.WithInstance(w.instance()),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}, options...)
	made, err := rocketmq.NewPushConsumer(options...)
	must(err, "new push consumer")
	w.clients = append(w.clients, made.Shutdown)
	return made
}

// collect runs a consumer of what the tags say.
func (w *world) collect(group, topic, tags string, into *inbox,
	options ...consumer.Option) rocketmq.PushConsumer {
	made := w.pushConsumer(group, options...)
	selector := consumer.MessageSelector{Type: consumer.TAG, Expression: tags}
	must(made.Subscribe(topic, selector, into.listener), "subscription")
	must(made.Start(), "start of the push consumer")
	return made
}

// read gets everything in the topic but the primer, once there are so many.
func (w *world) read(topic string, bodies []string) []*primitive.MessageExt {
	everything := &inbox{}
	w.collect("reader", topic, "*", everything)
	everything.awaitExactly(bodies)
	return everything.all()
}

func text(topic, body string) *primitive.Message {
	return primitive.NewMessage(topic, []byte(body))
}

func queue(topic string, id int) *primitive.MessageQueue {
	return &primitive.MessageQueue{Topic: topic, BrokerName: brokerName, QueueId: id}
}

func numbered(word string, from, to int) []string {
	var bodies []string
	for i := from; i < to; i++ {
		bodies = append(bodies, fmt.Sprintf("%s %d", word, i))
	}
	return bodies
}

func send(by rocketmq.Producer, messages ...*primitive.Message) *primitive.SendResult {
	result, err := by.SendSync(context.Background(), messages...)
	must(err, "send")
	expectEqual(primitive.SendOK, result.Status, "status")
	return result
}

func sendAll(by rocketmq.Producer, topic string, bodies []string) {
	for _, body := range bodies {
		send(by, text(topic, body))
	}
}

// inbox holds messages as a listener got them, in order of arrival.
type inbox struct {
	lock     sync.Mutex
	messages []*primitive.MessageExt
}

func (i *inbox) listener(_ context.Context,
	arrived ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
	i.put(arrived)
	return consumer.ConsumeSuccess, nil
}

func (i *inbox) put(arrived []*primitive.MessageExt) {
	i.lock.Lock()
	defer i.lock.Unlock()
	for _, message := range arrived {
		if string(message.Body) != primer {
			i.messages = append(i.messages, message)
		}
	}
}

func (i *inbox) all() []*primitive.MessageExt {
	i.lock.Lock()
	defer i.lock.Unlock()
	return append([]*primitive.MessageExt{}, i.messages...)
}

func (i *inbox) bodies() map[string]int {
	counts := map[string]int{}
	for _, message := range i.all() {
		counts[string(message.Body)]++
	}
	return counts
}

func (i *inbox) awaitBodies(bodies []string) {
	await(fmt.Sprintf("%d messages arrive, such as %s", len(bodies), bodies[0]), func() bool {
		counts := i.bodies()
		for _, body := range bodies {
			if counts[body] == 0 {
				return false
			}
		}
		return true
	})
}

// awaitExactly is awaitBodies, and nothing came twice, and nothing else came.
func (i *inbox) awaitExactly(bodies []string) {
	i.awaitBodies(bodies)
	expectEqual(len(bodies), len(i.bodies()), "different messages that arrived")
	expectEqual(len(bodies), len(i.all()), "messages that arrived, duplicates counted")
}

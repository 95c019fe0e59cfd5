// SPDX-License-Identifier: Apache-2.0

// Proves that the unmodified Go client works against a name server and its broker.
//
//	compat-go NAMESRV RUN core|all [SUBSTRING]
//
// Prints one line a scenario: PASS name, FAIL name: reason. Exit code 1 when any failed.
// Most scenarios wait more than they work, so a few run at once; each has its own names.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

const (
	atOnce        = 3
	scenarioLimit = 150 * time.Second
	deadline      = 60 * time.Second
)

type scenario struct {
	name string
	run  func(w *world)
}

// broken is what a scenario panics with when a statement does not hold.
type broken string

func main() {
	rlog.SetLogLevel("error")
	namesrv, run, only := os.Args[1], os.Args[2], ""
	if len(os.Args) > 4 {
		only = os.Args[4]
	}
	var chosen []scenario
	for _, rows := range [][]scenario{sendScenarios, pushScenarios, pullScenarios} {
		for _, row := range rows {
			if strings.Contains(row.name, only) {
				chosen = append(chosen, row)
			}
		}
	}
	if failed := runAll(chosen, namesrv, run); failed > 0 {
		os.Exit(1)
	}
}

func runAll(chosen []scenario, namesrv, run string) int {
	var waiting sync.WaitGroup
	var printing sync.Mutex
	failed := 0
	slots := make(chan struct{}, atOnce)
	for _, row := range chosen {
		waiting.Add(1)
		go func(row scenario) {
			defer waiting.Done()
			slots <- struct{}{}
			started := time.Now()
			reason := judge(row, namesrv, run)
			<-slots
			printing.Lock()
			defer printing.Unlock()
			if reason == "" {
				fmt.Printf("PASS %s (%.1f s)\n", row.name, time.Since(started).Seconds())
			} else {
				failed++
				fmt.Printf("FAIL %s: %s\n", row.name, strings.SplitN(reason, "\n", 2)[0])
			}
		}(row)
	}
	waiting.Wait()
	return failed
}

// judge returns why the scenario failed, or nothing.
func judge(row scenario, namesrv, run string) string {
	ended := make(chan string, 1)
	go func() {
		w := &world{namesrv: namesrv, run: run, scenario: row.name}
		defer func() {
			cause := recover()
			w.close()
			switch known := cause.(type) {
			case nil:
				ended <- ""
			case broken:
				ended <- string(known)
			default:
				ended <- fmt.Sprintf("panic: %v", known)
			}
		}()
		row.run(w)
	}()
	select {
	case reason := <-ended:
		return reason
	case <-time.After(scenarioLimit):
		return fmt.Sprintf("not done in %v", scenarioLimit)
	}
}

func expect(holds bool, format string, values ...any) {
	if !holds {
		panic(broken("not so: " + fmt.Sprintf(format, values...)))
	}
}

func expectEqual[T comparable](want, got T, what string) {
	if want != got {
		panic(broken(fmt.Sprintf("%s: expected %v, got %v", what, want, got)))
	}
}

func must(err error, what string) {
	if err != nil {
		panic(broken(fmt.Sprintf("%s: %v", what, err)))
	}
}

// await polls a condition that nobody notifies about.
func await(what string, holds func() bool) {
	limit, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for !holds() {
		select {
		case <-ticks.C:
		case <-limit.Done():
			panic(broken(fmt.Sprintf("not within %v: %s", deadline, what)))
		}
	}
}
